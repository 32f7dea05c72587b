// A record of a capture file, as the file tells it; nothing decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tcpautopsy {

using Bytes = std::span<const std::uint8_t>;

// Views live until the next frame is asked of the same source.
struct Frame {
  std::uint64_t number = 0;  // 1-based in its file, as Wireshark counts; counted before any filter
  std::int64_t time_ns = 0;  // since the Unix epoch
  bool has_time = true;      // false for a pcapng simple packet block: time_ns is then the last known time
  std::uint32_t wire_length = 0;  // octets on the wire; bytes.size() may be less (snap length)
  int link_type = 0;              // DLT_* as libpcap knows it
  std::uint32_t interface = 0;    // pcapng interface, 0 in pcap
  Bytes bytes;
  std::vector<std::string_view> comments;  // pcapng opt_comment, UTF-8
};

}  // namespace tcpautopsy
