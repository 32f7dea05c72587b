#include "analyzer/anonymize/frame_anonymizer.h"

#include <algorithm>

#include "analyzer/anonymize/canvas.h"
#include "analyzer/anonymize/link_headers.h"
#include "analyzer/decode/ip.h"
#include "analyzer/decode/layers.h"
#include "analyzer/decode/link_layer.h"

namespace tcpautopsy {
namespace {

using decode::Dissection;
using decode::Layer;
using decode::LayerBytes;

enum class Protocol : std::uint8_t {
  HopByHop = 0,
  Icmp = 1,
  Tcp = 6,
  Udp = 17,
  Routing = 43,
  Fragment = 44,
  Authentication = 51,
  Icmpv6 = 58,
};

constexpr std::size_t kTcpHeader = 20, kUdpHeader = 8, kIpv6Header = 40;

std::size_t length_of_ipv4(const Canvas& canvas, std::size_t at) {
  return (canvas.u8(at) & 0xfU) * std::size_t{4};
}

// Takes the layers off as the decoder does, and keeps of each what may be kept.
class Walk {
 public:
  Walk(const Frame& record, Canvas& canvas)
      : begin_(record.bytes.data()), canvas_(canvas), frame_(record), link_type_(record.link_type) {}

  void run() {
    Layer layer = decode::link_layer(frame_, link_type_);
    keep_link_header(canvas_, static_cast<std::uint32_t>(link_type_), 0, place());
    for (int depth = 0; depth < decode::kMostLayers && layer != Layer::Stopped; ++depth) {
      if (layer == Layer::Tcp) return tcp();
      if (layer == Layer::Icmp || layer == Layer::Icmpv6) return icmp();
      layer = layer == Layer::Fragment ? fragment() : take(layer);
    }
  }

 private:
  std::size_t place() const { return place_of(frame_.rest); }
  std::size_t place_of(const LayerBytes& layer) const {
    return static_cast<std::size_t>(layer.data() - begin_);
  }
  PseudoHeader pseudo(std::size_t length, Protocol protocol) const {
    return {frame_.ip.source, frame_.ip.destination, static_cast<std::uint32_t>(length),
            static_cast<std::uint8_t>(protocol)};
  }

  Layer take(Layer layer) {
    const LayerBytes before = frame_.rest;
    const Layer next = decode::take_layer(frame_, layer);
    const std::size_t at = place_of(before), size = place() - at;
    if (size > 0) header(layer, at, size, before.length());
    return next;
  }

  // `length`: of the layer with all that is in it, by what goes before it.
  void header(Layer layer, std::size_t at, std::size_t size, std::size_t length) {
    switch (layer) {
      case Layer::Ethernet:
        canvas_.put_mac(at);
        canvas_.put_mac(at + 6);
        return canvas_.keep(at + 12, size - 12);
      case Layer::Wlan: return keep_wlan_header(canvas_, at, size);
      case Layer::Ipv4: return ipv4(at, size);
      case Layer::Ipv6: return ipv6(at, size);
      case Layer::Gre: return gre(at, size, length);
      case Layer::Udp: return udp(at, size, length);
      default: return canvas_.keep(at, size);
    }
  }

  void ipv4(std::size_t at, std::size_t size) {
    const std::size_t header = length_of_ipv4(canvas_, at);
    ipv4_header(at, header);
    extensions(canvas_.u8(at + 9), at + header, at + size);
  }

  // Without its options.
  void ipv4_header(std::size_t at, std::size_t header) {
    canvas_.keep(at, 12);
    canvas_.put_ipv4(at + 12);
    canvas_.put_ipv4(at + 16);
    canvas_.add({.field = at + 10, .begin = at, .length = header, .optional = true});
  }

  void ipv6(std::size_t at, std::size_t size) {
    ipv6_header(at);
    extensions(canvas_.u8(at + 6), at + kIpv6Header, at + size);
  }

  void ipv6_header(std::size_t at) {
    canvas_.keep(at, 8);
    canvas_.put_ipv6(at + 8);
    canvas_.put_ipv6(at + 24);
  }

  // Extension headers from `at` to `end`, the first of this protocol.
  void extensions(std::uint8_t protocol, std::size_t at, std::size_t end) {
    while (at + 8 <= end) {
      const auto kind = static_cast<Protocol>(protocol);
      std::size_t length = (canvas_.u8(at + 1) + std::size_t{1}) * 8;
      if (kind == Protocol::Fragment) length = 8;
      if (kind == Protocol::Authentication) length = (canvas_.u8(at + 1) + std::size_t{2}) * 4;
      extension(kind, at, std::min(length, end - at));
      protocol = canvas_.u8(at);
      at += length;
    }
  }

  void extension(Protocol kind, std::size_t at, std::size_t length) {
    constexpr unsigned kJumboOption = 0xc204;
    canvas_.keep(at, 2);
    if (kind == Protocol::Fragment) canvas_.keep(at, length);
    if (kind == Protocol::Authentication) canvas_.keep(at, 12);  // but for what it proves
    if (kind == Protocol::HopByHop && canvas_.be16(at + 2) == kJumboOption) canvas_.keep(at, 8);
    if (kind != Protocol::Routing) return;
    canvas_.keep(at, 8);
    for (std::size_t address = 8; address + 16 <= length; address += 16) canvas_.put_ipv6(at + address);
  }

  void gre(std::size_t at, std::size_t size, std::size_t length) {
    constexpr unsigned kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000;
    const unsigned flags = canvas_.be16(at);
    const std::size_t end = at + size;
    if ((flags & kChecksum) != 0) canvas_.add({.field = at + 4, .begin = at, .length = length});
    if ((flags & kRouting) != 0) {
      std::size_t header = 8;
      for (const unsigned part : {kKey, kSequence}) header += (flags & part) != 0 ? 4 : 0;
      canvas_.keep(at, header);
      // Routes by their heads; the last is empty.
      for (at += header; at + 4 <= end;) {
        canvas_.keep(at, 4);
        const bool last = canvas_.be16(at) == 0 && canvas_.u8(at + 3) == 0;
        at += std::size_t{4} + canvas_.u8(at + 3);
        if (last) break;
      }
    }
    if (at < end) canvas_.keep(at, end - at);
  }

  void udp(std::size_t at, std::size_t size, std::size_t length) {
    const std::size_t told = canvas_.be16(at + 4);
    if (told >= kUdpHeader) length = std::min(length, told);
    canvas_.keep(at, kUdpHeader);
    canvas_.add({.field = at + 6,
                 .begin = at,
                 .length = length,
                 .pseudo = pseudo(length, Protocol::Udp),
                 .optional = true});
    if (size > kUdpHeader) tunnel(canvas_.be16(at), canvas_.be16(at + 2), at + kUdpHeader, size - kUdpHeader);
  }

  // What may hold addresses or identities is left out; the decoder goes by the lengths before it.
  void tunnel(unsigned source, unsigned destination, std::size_t at, std::size_t size) {
    constexpr unsigned kTeredo = 3544, kAyiya = 5072, kCapwap = 5247, kGeneve = 6081;
    constexpr std::size_t kHead = 8, kTeredoHead = 4;
    const auto is = [&](unsigned port) { return source == port || destination == port; };
    if (is(kTeredo)) return canvas_.be16(at) == 1 ? canvas_.keep(at, kTeredoHead) : void();
    if (is(kAyiya) || destination == kGeneve) return canvas_.keep(at, kHead);
    if (!is(kCapwap)) return canvas_.keep(at, size);
    canvas_.keep(at, kHead);
    const std::size_t header = std::size_t{canvas_.u8(at + 1)} >> 3 << 2;
    if (header < size) keep_wlan_header(canvas_, at + header, size - header);
  }

  // The next layer, if this is the first; of the others nothing is kept.
  Layer fragment() {
    const decode::FragmentHeader& head = frame_.fragment;
    if (head.offset == 0) {
      in_fragments_ = true;
      const std::size_t at = place();
      const std::uint8_t protocol = head.protocol;
      const Layer next = decode::upper_layer(frame_, protocol);
      extensions(protocol, at, place());
      return next;
    }
    // The first could not know the length that its checksum is of: this takes it out again.
    if (!head.more && static_cast<Protocol>(head.protocol) == Protocol::Tcp)
      canvas_.put_be16(place(), ~static_cast<unsigned>(head.offset + frame_.rest.length()));
    return Layer::Stopped;
  }

  void tcp() {
    const LayerBytes& rest = frame_.rest;
    const std::size_t at = place();
    canvas_.keep(at, std::min(rest.captured(), kTcpHeader));
    if (!rest.has(kTcpHeader)) return;
    const std::size_t header = (rest.u8(12) >> 4) * std::size_t{4};
    if (header > kTcpHeader) tcp_options(at + kTcpHeader, at + std::min(header, rest.captured()));
    canvas_.add({.field = at + 16,
                 .begin = at,
                 .length = rest.length(),
                 .pseudo = pseudo(in_fragments_ ? 0 : rest.length(), Protocol::Tcp),
                 .right = in_fragments_});
  }

  // Those that transfer goes by; of others kind and length.
  void tcp_options(std::size_t at, std::size_t end) {
    constexpr unsigned kEnd = 0, kNoOperation = 1, kSack = 5, kTimestamps = 8, kExperiment = 254;
    while (at < end && canvas_.u8(at) != kEnd) {
      const unsigned kind = canvas_.u8(at);
      const std::size_t length = kind == kNoOperation ? 1 : canvas_.u8(at + 1);
      canvas_.keep(at, std::min<std::size_t>(2, kind == kNoOperation ? 1 : end - at));
      if (length == 0 || (kind != kNoOperation && length < 2) || length > end - at) return;
      if (kind <= kSack || kind == kTimestamps) canvas_.keep(at, length);
      if (kind == kExperiment) canvas_.keep(at, std::min<std::size_t>(length, 4));
      at += length;
    }
  }

  void icmp() {
    constexpr unsigned kRedirect = 5, kFirstInformative = 128;
    const LayerBytes& rest = frame_.rest;
    const bool v6 = frame_.ip.v6;
    const std::size_t at = place();
    const unsigned type = canvas_.u8(at);
    canvas_.keep(at, std::min<std::size_t>(rest.captured(), 4));
    ChecksumPlace sum{.field = at + 2, .begin = at, .length = rest.length()};
    if (v6) sum.pseudo = pseudo(rest.length(), Protocol::Icmpv6);
    canvas_.add(sum);
    if (!rest.has(8)) return;
    if (!v6 && type == kRedirect) canvas_.put_ipv4(at + 4);
    if (tells_number(type, v6)) canvas_.keep(at + 4, 4);
    const bool quotes =
        v6 ? type < kFirstInformative : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    if (!quotes) return;
    Dissection quote = frame_;
    quote.rest.drop(8);
    v6 ? quote_ipv6(quote) : quote_ipv4(quote);
  }

  // Whether the second word is an identifier, a pointer or an MTU, and no address.
  static bool tells_number(unsigned type, bool v6) {
    if (v6) return type <= 4 || type == 128 || type == 129;
    return type == 0 || type == 3 || type == 8 || (type >= 11 && type <= 14);
  }

  void quote_ipv4(Dissection& quote) {
    constexpr unsigned kOffset = 0x1fff;
    const std::size_t at = place_of(quote.rest);
    if (!quote.rest.has(20)) return;
    const std::size_t header = length_of_ipv4(canvas_, at);
    if (canvas_.u8(at) >> 4 != 4 || header < 20 || !quote.rest.has(header)) return;
    ipv4_header(at, header);
    quote.rest.drop(header);
    if ((canvas_.be16(at + 6) & kOffset) == 0)
      quoted_upper(static_cast<Protocol>(canvas_.u8(at + 9)), quote.rest);
  }

  void quote_ipv6(Dissection& quote) {
    const std::size_t at = place_of(quote.rest);
    if (!quote.rest.has(kIpv6Header) || canvas_.u8(at) >> 4 != 6) return;
    ipv6_header(at);
    quote.rest.drop(kIpv6Header);
    quote.ip.v6 = true;
    Layer layer = decode::upper_layer(quote, canvas_.u8(at + 6));
    if (layer == Layer::Fragment && quote.fragment.offset == 0)
      layer = decode::upper_layer(quote, quote.fragment.protocol);
    extensions(canvas_.u8(at + 6), at + kIpv6Header, place_of(quote.rest));
    if (layer == Layer::Tcp) quoted_upper(Protocol::Tcp, quote.rest);
    if (layer == Layer::Udp) quoted_upper(Protocol::Udp, quote.rest);
    if (layer == Layer::Icmpv6) quoted_upper(Protocol::Icmpv6, quote.rest);
  }

  // Without its checksum, which is of what is not quoted.
  void quoted_upper(Protocol protocol, const LayerBytes& rest) {
    const std::size_t at = place_of(rest), there = rest.captured();
    switch (protocol) {
      case Protocol::Tcp:
        canvas_.keep(at, std::min<std::size_t>(there, 16));
        if (there >= kTcpHeader) canvas_.keep(at + 18, 2);
        return;
      case Protocol::Udp: return canvas_.keep(at, std::min<std::size_t>(there, 6));
      case Protocol::Icmp:
      case Protocol::Icmpv6: return canvas_.keep(at, std::min<std::size_t>(there, 2));
      default: return;
    }
  }

  const std::uint8_t* begin_;
  Canvas& canvas_;
  Dissection frame_;
  int link_type_;
  bool in_fragments_ = false;
};

}  // namespace

Frame FrameAnonymizer::of(const Frame& frame) {
  Canvas canvas(frame.bytes, cipher_, octets_);
  Walk(frame, canvas).run();
  canvas.finish();
  Frame made = frame;
  made.bytes = octets_;
  made.comments.clear();
  return made;
}

}  // namespace tcpautopsy
