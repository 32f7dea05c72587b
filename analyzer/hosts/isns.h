// Initial sequence numbers that a host chose, in the order it chose them (RFC 6528).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/hosts/attempt.h"

namespace tcpautopsy {

// Of connections that opened, and of SYN-ACKs: those of a scanner's or a flood's SYNs tell of no TCP.
class Isns {
 public:
  static constexpr std::size_t kMost = 32;

  struct Chosen {
    TimeNs time_ns = 0;
    std::uint64_t flow = 0;
    std::uint32_t isn = 0;
    FrameRef syn;
    auto operator<=>(const Chosen& o) const {
      return time_ns != o.time_ns ? time_ns <=> o.time_ns : flow <=> o.flow;
    }
    bool operator==(const Chosen& o) const { return time_ns == o.time_ns && flow == o.flow; }
  };

  void note(const Chosen& chosen);
  void note_lower(const Chosen& chosen);  // lower than that of the connection before on the same ports
  void merge(const Isns& part);

  // The earliest, by time. One number seen twice within a second is one: NAT, or two capture points.
  std::vector<Chosen> chosen() const;
  std::uint64_t lower() const { return lower_; }
  const std::vector<Chosen>& lower_first() const { return lower_first_; }

 private:
  std::vector<Chosen> earliest_, lower_first_;
  std::uint64_t lower_ = 0;
};

}  // namespace tcpautopsy
