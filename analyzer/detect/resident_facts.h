// What detectors of hosts ask of populations and ports. Facts and plain deductions only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

// A time through which a count was at its threshold or above; dips of less than 60 s do not end it
// (findings.md).
struct Excess {
  TimeNs from_ns = 0, until_ns = 0;
  Population::Peak peak;
  bool to_end = false;  // the capture ended before it did
};

// `count(moment)` is what is compared with `least`.
template <class F>
std::vector<Excess> excesses(const std::vector<Population::Moment>& moments, std::int64_t least,
                             TimeNs capture_end_ns, F count) {
  std::vector<Excess> found;
  bool above = false;
  for (const Population::Moment& moment : moments) {
    const std::int64_t now = count(moment);
    if (above) found.back().until_ns = moment.at_ns;
    above = now >= least;
    if (!above) continue;
    if (found.empty() || moment.at_ns - found.back().until_ns >= 60 * kSecond)
      found.push_back({moment.at_ns, moment.at_ns, {}, false});
    if (now > found.back().peak.count) found.back().peak = {now, moment.at_ns};
  }
  if (above) {
    found.back().until_ns = capture_end_ns;
    found.back().to_end = true;
  }
  // A step of the population may end after the capture.
  for (Excess& excess : found)
    for (TimeNs* at_ns : {&excess.from_ns, &excess.until_ns, &excess.peak.at_ns})
      *at_ns = std::min(*at_ns, capture_end_ns);
  return found;
}
std::vector<Excess> excesses(const Population& population, TcpState state, std::int64_t least,
                             TimeNs capture_end_ns);

std::int64_t count_of(const Population::Moment& moment, TcpState state);
std::int64_t in_use(const Population::Moment& moment);  // in any state but CLOSED

// How fast endpoints came into TIME-WAIT up to a moment: those that are in it then entered within the last
// 2MSL. None where they all came at once.
std::optional<double> entries_per_second(const Population& population, const Population::Peak& peak,
                                         TimeNs time_wait);

// The ports that a client takes one of for each connection.
struct PortRange {
  std::uint32_t size = 28232;  // Linux: 32768 to 60999
  bool learnt = false;         // else that default
};
PortRange port_range(const PortSet& used, std::uint64_t connections);
// Of all that a host used as client; `connections` are those with these ports.
PortRange port_range(const HostBook& book, const IpAddress& client);

std::string percent_text(double share);  // of 1: "3.7 %"
// "1,200 of 1,500"
std::string share_text(std::uint64_t part, std::uint64_t whole);

}  // namespace tcpautopsy
