// A frame as nearly all are, seen through in one step.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/capture/frame.h"
#include "analyzer/decode/byte_reader.h"
#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::decode {

// Ethernet, at most one VLAN tag, IPv4 without options or IPv6 without extension headers, and a TCP segment,
// all captured.
struct PlainFrame {
  const std::uint8_t* ip = nullptr;  // its header
  LayerBytes tcp;
  std::uint16_t vlan = 0;  // 0 for none, and for a tag of priority only
  bool v6 = false;
};

// None of any other frame: its layers are to be taken off one by one, which comes to the same for a plain
// one.
std::optional<PlainFrame> plain_frame(const Frame& record);

// Fills in what the IP header tells.
void take_ip_header(const PlainFrame& frame, TcpSegment& segment);

}  // namespace tcpautopsy::decode
