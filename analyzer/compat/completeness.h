// tcp.completeness as Wireshark 4.0 has it: which stages of a conversation the capture shows.
#pragma once

#include <cstdint>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

// Feed every segment of one connection in the order captured, duplicates and bad checksums too.
class Completeness {
 public:
  enum Bit : std::uint8_t {
    kHasSyn = 1,
    kHasSynAck = 2,
    kHasAck = 4,
    kHasData = 8,
    kHasFin = 16,
    kHasRst = 32
  };

  void add(const TcpSegment& segment);
  std::uint8_t value() const;

 private:
  std::uint8_t bits_ = 0;
  std::uint8_t of_first_ = 0;  // what the first segment shows besides a SYN
  bool begun_ = false, goes_on_ = false;
};

}  // namespace tcpautopsy
