#include "decode_input.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "analyzer/decode/decoder.h"

namespace tcpautopsy::fuzz {
namespace {

constexpr std::array kLinkTypes = {1,   0,   6,   9,   10,  11,  12,  14,  50,  51,  101, 104, 105,
                                   107, 108, 109, 113, 117, 119, 127, 129, 138, 149, 163, 166, 178,
                                   192, 204, 205, 219, 228, 229, 239, 240, 241, 242, 258, 274, 276};
constexpr std::size_t kLead = 6;

void promise(bool kept) {
  if (!kept) std::abort();
}

std::size_t be16(Bytes bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

// Reads every octet of the view, so that a sanitizer sees one that lies outside.
std::size_t sum_of(Bytes bytes) {
  std::size_t sum = 0;
  for (const auto octet : bytes) sum += octet;
  return sum;
}

void check_segment(const TcpSegment& segment, const Decoder& decoder) {
  promise(segment.payload.size() <= segment.payload_length);
  promise(segment.options.sack_count <= segment.options.sack.size());
  promise(!segment.options.cut || segment.payload.empty());
  promise(!segment.options.cut || segment.checksum == Checksum::Unknown);
  promise(segment.checksum == Checksum::Unknown || segment.payload.size() == segment.payload_length);
  promise(segment.flags < 0x200);
  promise(segment.ecn < 4);
  promise(decoder.encapsulation(segment.encapsulation).vlan.size() <= 8);
  promise(sum_of(segment.payload) <= segment.payload.size() * 255);
  promise(!to_string(segment.source.ip).empty());
}

void check(const Decoded& decoded, const Decoder& decoder, std::uint64_t frames) {
  if (const auto* segment = std::get_if<TcpSegment>(&decoded)) check_segment(*segment, decoder);
  if (const auto* error = std::get_if<IcmpError>(&decoded)) {
    promise(decoder.encapsulation(error->encapsulation).vlan.size() <= 8);
  }
  const DecodeCounts& counts = decoder.counts();
  promise(counts.tcp + counts.icmp_errors + counts.other + counts.fragments_held + counts.cut_short +
              counts.malformed + counts.unknown_link_type ==
          frames);
  promise(counts.fragments_dropped <= counts.fragments_held);
}

}  // namespace

std::uint8_t selector_of(int link_type) {
  const auto place = std::find(kLinkTypes.begin(), kLinkTypes.end(), link_type);
  return static_cast<std::uint8_t>(place - kLinkTypes.begin());
}

void decode_input(Bytes input) {
  Decoder decoder;
  Frame frame;
  while (input.size() >= kLead) {
    const std::size_t length = std::min(be16(input, 4), input.size() - kLead);
    // A buffer of just this size, so that a sanitizer sees a read past the frame.
    const std::vector<std::uint8_t> octets(input.begin() + kLead,
                                           input.begin() + kLead + static_cast<std::ptrdiff_t>(length));
    ++frame.number;
    frame.link_type = kLinkTypes[input[0] % kLinkTypes.size()];
    frame.wire_length = static_cast<std::uint32_t>(length + be16(input, 1));
    frame.time_ns += input[3] * kSecond;
    frame.bytes = octets;
    check(decoder.decode(frame), decoder, frame.number);
    input = input.subspan(kLead + length);
  }
}

}  // namespace tcpautopsy::fuzz
