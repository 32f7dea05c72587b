// What each source address tried to connect to: what scans show in.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

#include "analyzer/hosts/attempt.h"
#include "analyzer/hosts/key_sample.h"

namespace tcpautopsy {

// Attempts of one source at one address and port.
struct Target {
  std::uint32_t refused = 0, silent = 0;  // by RST; by nothing or an ICMP error
  std::uint32_t opened = 0;               // a SYN-ACK passed
  std::uint32_t let_go = 0;               // of these, the source answered with RST or nothing
  std::uint32_t syn_resent = 0;
  TimeNs first_ns = 0;
  std::uint64_t flow = 0;  // the lowest number, and what its SYN was
  FrameRef syn;
  SynLook look;
  std::uint32_t isn = 0;
  std::optional<std::uint16_t> ip_id;

  bool failed() const { return opened == 0; }
  void merge(const Target& other);
};

struct SourceTargets {
  // Beyond so many targets a fair sample is kept: that a scan was made shows all the same.
  KeySample<EndpointAddress, Target, 512> targets;
};

// Holds sources until they have kBudget targets in all, then those of the smallest hashes that fit: which
// ones depends on the attempts alone, and what is held is whole. In a flood of more forged sources than that,
// a scanner may go unseen.
class Targets {
 public:
  static constexpr std::size_t kBudget = std::size_t{1} << 17;

  void note(const Attempt& attempt);
  void merge(const Targets& part);
  bool complete() const { return limit_ == ~std::uint64_t{0}; }

  template <class F>
  void each(F f) const {
    for (const auto& [place, source] : kept_) f(place.ip, source);
  }

 private:
  struct Place {
    std::uint64_t hash = 0;
    IpAddress ip;
    auto operator<=>(const Place&) const = default;
  };
  void drop(std::map<Place, SourceTargets>::iterator from);
  void shrink();

  std::map<Place, SourceTargets> kept_;
  std::size_t held_ = 0;  // targets
  std::uint64_t limit_ = ~std::uint64_t{0};
};

}  // namespace tcpautopsy
