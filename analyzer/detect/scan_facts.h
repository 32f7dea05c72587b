// Which of a source's targets were scanned, and how.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

struct ScanLimits {
  std::size_t ports = 15, hosts = 25;  // ports of one host, or hosts on one port
  TimeNs window = 60 * kSecond;

  std::size_t least() const { return std::min(ports, hosts); }  // targets of any scan
};

// What one source tried within an episode.
struct Scan {
  std::optional<std::uint16_t> port;  // one port on many hosts; else many ports
  std::vector<Probe> probes;          // by time
  double scale = 1;                   // each stands for so many: there were more than are kept
  TimeNs from_ns = 0, until_ns = 0;

  std::set<IpAddress> hosts() const;
  std::set<std::uint16_t> ports() const;
};

// By time. Scans of several hosts' ports, and of several ports, that go on together are one.
std::vector<Scan> scans_of(const std::vector<Probe>& tried, double scale, const ScanLimits& limits);

// What its SYNs have in common.
struct ScanLook {
  bool one_isn = false, one_look = false;
  SynLook look;                        // of the first
  std::optional<std::uint16_t> ip_id;  // where it is one and not 0
  std::string_view like;               // the tool that is known to send such; empty where none is
};
ScanLook look_of(const Scan& scan);

}  // namespace tcpautopsy
