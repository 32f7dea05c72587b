#include "analyzer/decode/link_layer.h"

namespace tcpautopsy::decode {
namespace {

// Bits of the frame control field, least significant octet first (IEEE 802.11 9.2.4.1).
constexpr unsigned kTypeMask = 0x000c, kTypeData = 0x0008;
constexpr unsigned kNoData = 0x0040, kQos = 0x0080;
constexpr unsigned kToDs = 0x0100, kFromDs = 0x0200, kMoreFragments = 0x0400, kProtected = 0x4000,
                   kOrder = 0x8000;

struct WlanHeader {
  std::size_t length = 24;
  std::size_t qos_at = 0;  // 0: none
};

WlanHeader shape_of(unsigned control) {
  WlanHeader header;
  if ((control & kToDs) != 0 && (control & kFromDs) != 0) header.length += 6;
  if ((control & kQos) == 0) return header;
  header.qos_at = header.length;
  header.length += 2;
  if ((control & kOrder) != 0) header.length += 4;
  return header;
}

bool is_data(unsigned control) { return (control & 3U) == 0 && (control & kTypeMask) == kTypeData; }

// `padded`: the driver aligned what follows the header to four octets. Needs two octets, whose frame control
// is `control`.
Layer wlan_data(Dissection& frame, unsigned control, bool padded) {
  constexpr unsigned kFragmentNumber = 0x0f, kAggregate = 0x80;
  if (!is_data(control) || (control & (kNoData | kProtected)) != 0) return frame.stop(NotTcp::OtherProtocol);
  const WlanHeader header = shape_of(control);
  const std::size_t length = padded ? (header.length + 3) / 4 * 4 : header.length;
  if (!frame.rest.has(length)) return frame.lacks(length);
  const bool fragmented = (control & kMoreFragments) != 0 || (frame.rest.u8(22) & kFragmentNumber) != 0;
  const bool aggregate = header.qos_at != 0 && (frame.rest.u8(header.qos_at) & kAggregate) != 0;
  if (fragmented || aggregate) return frame.stop(NotTcp::OtherProtocol);
  frame.rest.drop(length);
  return Layer::Llc;
}

// The radiotap flags are the first field but for the time (8 octets, aligned to 8), if the header has them at
// all.
bool radiotap_pads(const LayerBytes& bytes, std::size_t header_length) {
  constexpr std::uint32_t kTime = 1, kFlags = 2, kMoreWords = 0x80000000;
  constexpr unsigned kDataPad = 0x20;
  const std::uint32_t present = bytes.le32(4);
  if ((present & kFlags) == 0) return false;
  std::size_t at = 8;
  for (std::uint32_t word = present; (word & kMoreWords) != 0; at += 4) {
    if (at + 4 > header_length) return false;
    word = bytes.le32(at);
  }
  if ((present & kTime) != 0) at = (at + 7) / 8 * 8 + 8;
  return at < header_length && (bytes.u8(at) & kDataPad) != 0;
}

}  // namespace

Layer wlan(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  return wlan_data(frame, frame.rest.le16(0), false);
}

// Cisco's controllers and access points turn the two octets of the frame control field round.
Layer wlan_of_controller(Dissection& frame) {
  if (!frame.rest.has(2)) return frame.lacks(2);
  const unsigned control = frame.rest.le16(0), turned = frame.rest.be16(0);
  return wlan_data(frame, !is_data(control) && is_data(turned) ? turned : control, false);
}

Layer radiotap(Dissection& frame) {
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::size_t length = frame.rest.le16(2);
  if (length < 8) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  const bool padded = radiotap_pads(frame.rest, length);
  frame.rest.drop(length);
  if (!frame.rest.has(2)) return frame.lacks(2);
  return wlan_data(frame, frame.rest.le16(0), padded);
}

// The length is in the capturing host's order; AVS headers were also written under this link type.
Layer prism(Dissection& frame) {
  if (!frame.rest.has(8)) return frame.lacks(8);
  if ((frame.rest.be32(0) & 0xfffff000U) == 0x80211000U) return avs(frame);
  const std::size_t little = frame.rest.le32(4), big = frame.rest.be32(4);
  const std::size_t length = little < big ? little : big;
  if (length < 8) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  frame.rest.drop(length);
  return Layer::Wlan;
}

Layer avs(Dissection& frame) {
  if (!frame.rest.has(8)) return frame.lacks(8);
  const std::size_t length = frame.rest.be32(4);
  if (length < 8) return frame.stop(NotTcp::Malformed);
  if (!frame.rest.has(length)) return frame.lacks(length);
  frame.rest.drop(length);
  return Layer::Wlan;
}

}  // namespace tcpautopsy::decode
