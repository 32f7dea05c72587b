// A frame as nearly all are, seen through in one step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "analyzer/capture/frame.h"
#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::decode {

// Ethernet, at most one VLAN tag, IPv4 without options or IPv6 without extension headers, and a well-formed
// TCP segment, all captured.
struct PlainFrame {
  const std::uint8_t* ip = nullptr;  // its header; null for a frame that is not plain
  const std::uint8_t* tcp = nullptr;
  std::size_t length = 0;  // of the segment
  std::uint16_t vlan = 0;  // 0 for none, and for a tag of priority only
  bool v6 = false;
};

// The layers of any other frame are to be taken off one by one, which comes to the same for a plain one.
PlainFrame plain_frame(const Frame& record);

// Fills in what the IP header tells.
void take_ip_header(const PlainFrame& frame, TcpSegment& segment);

}  // namespace tcpautopsy::decode
