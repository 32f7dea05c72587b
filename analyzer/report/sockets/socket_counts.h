// How many sockets are in which state: `tcpautopsy ss --count`, of one moment or of several.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "analyzer/report/sockets/socket_table.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

class SocketCounts {
 public:
  // Told even where no socket is counted at it.
  void add(TimeNs at) { moments_[at]; }
  void add(TimeNs at, const SocketRow& row);

  // Of one moment: totals as `ss -s` has them, then hosts. Of several: a row for each and each of its hosts.
  std::string text(const TextStyle& style) const;
  std::string ndjson() const;  // a line for each moment and host
  std::string csv() const;

 private:
  using ByState = std::array<std::uint64_t, kStateCount + 1>;  // the last: UNKNOWN
  using Hosts = std::map<IpAddress, ByState>;

  std::map<TimeNs, Hosts> moments_;
};

}  // namespace tcpautopsy
