#include "plugin/segments.h"

#include <wiretap/pcap-encap.h>

#include "analyzer/decode/ip.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy::plugin {
namespace {

using decode::Dissection;
using decode::Layer;
using decode::LayerBytes;

// No link type of libpcap has a greater number.
constexpr int kLinkTypes = 512;

TimeNs captured_at(const packet_info* pinfo) {
  return static_cast<TimeNs>(pinfo->abs_ts.secs) * kSecond + pinfo->abs_ts.nsecs;
}

LayerBytes octets_of(tvbuff_t* tvb) {
  const auto captured = tvb_captured_length(tvb);
  if (captured == 0) return {};
  return {Bytes(tvb_get_ptr(tvb, 0, static_cast<int>(captured)), captured), tvb_reported_length(tvb)};
}

// From the innermost IP header on that Wireshark met: its addresses are kept where they stand.
LayerBytes from_ip_header(const packet_info* pinfo) {
  const bool v4 = pinfo->net_src.type == AT_IPv4;
  if (!v4 && pinfo->net_src.type != AT_IPv6) return {};
  const std::size_t before = v4 ? 12 : 8;
  const auto source = reinterpret_cast<std::uintptr_t>(pinfo->net_src.data);
  for (const GSList* s = pinfo->data_src; s != nullptr; s = s->next) {
    LayerBytes octets = octets_of(get_data_source_tvb(static_cast<const data_source*>(s->data)));
    const auto first = reinterpret_cast<std::uintptr_t>(octets.data());
    if (octets.captured() == 0 || source < first + before || source - first >= octets.captured()) continue;
    octets.drop(source - first - before);
    return octets;
  }
  return {};
}

// The layer behind the IP header that Wireshark met last.
Layer behind_ip_header(packet_info* pinfo, Dissection& frame) {
  frame.rest = from_ip_header(pinfo);
  const Layer layer = pinfo->net_src.type == AT_IPv4 ? decode::ipv4(frame) : decode::ipv6(frame);
  if (layer != Layer::Fragment) return layer;
  tvbuff_t* whole = data_source_named(pinfo, frame.ip.v6 ? "Reassembled IPv6" : "Reassembled IPv4");
  if (whole == nullptr) return Layer::Stopped;
  frame.rest = octets_of(whole);
  return decode::upper_layer(frame, frame.fragment.protocol);
}

std::optional<TcpSegment> innermost_segment(packet_info* pinfo) {
  Dissection frame{Frame{}};
  TcpSegment segment;
  if (behind_ip_header(pinfo, frame) != Layer::Tcp || decode::take_segment(frame, segment))
    return std::nullopt;
  segment.wire_length = pinfo->fd->pkt_len;
  return segment;
}

std::optional<IcmpError> innermost_error(packet_info* pinfo) {
  Dissection frame{Frame{}};
  IcmpError error;
  const Layer layer = behind_ip_header(pinfo, frame);
  if ((layer != Layer::Icmp && layer != Layer::Icmpv6) || decode::take_icmp_error(frame, error))
    return std::nullopt;
  return error;
}

}  // namespace

void FrameReader::find_protocols() {
  tcp_ = proto_get_id_by_filter_name("tcp");
  icmp_ = proto_get_id_by_filter_name("icmp");
  icmpv6_ = proto_get_id_by_filter_name("icmpv6");
  sflow_ = proto_get_id_by_filter_name("sflow");
  Decoder decoder;
  for (int type = 0; type < kLinkTypes; ++type) {
    Frame frame;
    frame.link_type = type;
    const Decoded decoded = decoder.decode(frame);
    const NotTcp* why = std::get_if<NotTcp>(&decoded);
    const int encapsulation = wtap_pcap_encap_to_wtap_encap(type);
    // Some have a header that Wireshark takes off before it hands the frame on.
    if (encapsulation <= WTAP_ENCAP_UNKNOWN || wtap_encap_requires_phdr(encapsulation)) continue;
    if (why != nullptr && *why == NotTcp::UnknownLinkType) continue;
    const auto at = static_cast<std::size_t>(encapsulation);
    if (link_types_.size() <= at) link_types_.resize(at + 1, kUnknownLink);
    if (link_types_[at] == kUnknownLink) link_types_[at] = type;
  }
}

// By the first of the layers that says; what an ICMP error quotes and what sFlow samples was sent elsewhere.
FrameReader::Content FrameReader::content_of(const packet_info* pinfo) const {
  Content content = Content::Other;
  for (const wmem_list_frame_t* l = wmem_list_head(pinfo->layers); l != nullptr;
       l = wmem_list_frame_next(l)) {
    const int protocol = GPOINTER_TO_INT(wmem_list_frame_data(l));
    if (protocol == tcp_) {
      if (content == Content::Tcp) return Content::TcpInTcp;
      content = Content::Tcp;
    } else if (protocol == icmp_ || protocol == icmpv6_) {
      return content == Content::Other ? Content::Icmp : content;
    } else if (protocol == sflow_) {
      return content;
    }
  }
  return content;
}

Decoded FrameReader::decode(tvbuff_t* tvb, const packet_info* pinfo, Decoder& decoder) const {
  const auto encapsulation = static_cast<std::size_t>(pinfo->rec->rec_header.packet_header.pkt_encap);
  if (pinfo->rec->rec_type != REC_TYPE_PACKET || encapsulation >= link_types_.size()) return {};
  Frame frame;
  frame.link_type = link_types_[encapsulation];
  if (frame.link_type == kUnknownLink) return {};
  frame.number = pinfo->num;
  frame.time_ns = captured_at(pinfo);
  frame.wire_length = pinfo->fd->pkt_len;
  frame.bytes = octets_of(tvb).bytes();
  return decoder.decode(frame);
}

void FrameReader::read(tvbuff_t* tvb, packet_info* pinfo, Decoder& decoder, FoundParts& found) const {
  // Fragments too, which have no TCP header.
  const Decoded decoded = decode(tvb, pinfo, decoder);
  const Content content = content_of(pinfo);
  if (content == Content::Other) return;
  if (content == Content::Icmp) {
    const auto* error = std::get_if<IcmpError>(&decoded);
    found.error = error != nullptr ? *error : innermost_error(pinfo);
    return;
  }
  const auto* segment = std::get_if<TcpSegment>(&decoded);
  if (segment != nullptr) found.segments.push_back(*segment);
  if (segment != nullptr && content != Content::TcpInTcp) return;
  const auto inner = innermost_segment(pinfo);
  if (inner && (segment == nullptr || inner->payload.data() != segment->payload.data()))
    found.segments.push_back(*inner);
}

}  // namespace tcpautopsy::plugin
