// What each source address tried to connect to: what scans show in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyzer/hosts/attempt.h"
#include "analyzer/hosts/key_sample.h"
#include "analyzer/hosts/keys.h"

namespace tcpautopsy {

// Of one target, the attempts within one minute that came to nothing: a scan may come again.
struct Tried {
  std::int64_t minute = 0;
  std::uint32_t refused = 0, silent = 0, odd = 0;
  TimeNs first_ns = 0;
  std::uint64_t flow = 0;  // the lowest number, and its SYN
  FrameRef syn;
};

// Attempts of one source at one address and port.
struct Target {
  std::uint32_t refused = 0, silent = 0;  // by RST; by nothing or an ICMP error
  std::uint32_t opened = 0;               // a SYN-ACK passed
  std::uint32_t let_go = 0;               // of these, the source answered with RST or nothing
  std::uint32_t syn_resent = 0;
  std::uint32_t odd = 0;        // by a segment that no connection begins with
  std::uint32_t bare_acks = 0;  // of these, by an empty ACK
  TimeNs first_ns = 0;
  std::uint64_t flow = 0;  // the lowest number, and what its SYN was
  FrameRef syn;
  SynLook look;
  std::uint32_t isn = 0;
  std::optional<std::uint16_t> ip_id;
  std::optional<BareAck> bare_ack;
  std::vector<Tried> tried;  // in vain, by minute; the first kMostMinutes of them

  static constexpr std::size_t kMostMinutes = 8;

  bool failed() const { return opened == 0; }
  // It may be what is left of a connection begun before the capture.
  bool only_bare_acks() const { return bare_acks > 0 && bare_acks == refused + silent + opened; }
  void merge(const Target& other);

 private:
  void merge_tried(const std::vector<Tried>& other);
};

struct Probe {
  EndpointAddress to;
  Target target;
};

// Of each source and target while there are not too many, then of a fair sample: a wide scan shows in it even
// among the forged addresses of a flood.
class Targets {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 16;

  void note(const Attempt& attempt, const Hashed<VisitKey>& pair);
  void merge(const Targets& part) { kept_.merge(part.kept_); }
  // So many targets each of those kept stands for; 1 while all are kept.
  double scale() const;

  // f(IpAddress, std::vector<Probe>), by address, for those with `least` targets or more.
  template <class F>
  void each(std::size_t least, F f) const {
    const KeyTable<IpAddress, std::size_t> counts = targets_by_source();
    std::map<IpAddress, std::vector<Probe>> by_source;
    for (const auto& [hash, source, count] : counts)
      if (count >= least) by_source[source].reserve(count);
    kept_.each([&](const VisitKey& pair, const Target&) { return by_source.contains(pair.client); },
               [&](const VisitKey& pair, const Target& target) {
                 by_source[pair.client].push_back({pair.server, target});
               });
    for (const auto& [source, probes] : by_source) f(source, probes);
  }

 private:
  KeyTable<IpAddress, std::size_t> targets_by_source() const;

  KeySample<VisitKey, Target, kMost> kept_;
};

}  // namespace tcpautopsy
