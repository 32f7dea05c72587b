// Which services completed connections, and when, and what they keep of them: what a detector may know beyond
// its own flow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "analyzer/detect/detector.h"
#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

// Depends on which connections are over: a finding about a flow is told when the flow ends, and then counts
// only those that ended before it, and of each service only the last 256 of these (of the first 65536
// services). The same capture always gives the same answer; captures that are parted or joined may not. It
// undercounts, never overcounts: a service may seem idle while its connections last. Only accept_dropped and
// handshake_ack_lost go by it, which tell one symptom by two names, connect_timeout, which is not said where
// the answers are not captured, time_wait_syn_dropped, which tells a
// cause of connect_timeout, and slow_response, which is for services too quiet for slow_server; hosts and
// what is found of them do not (hosts/tallies.h counts all, in any order).
class ServiceBook : public ServiceView {
 public:
  void note(const FlowFacts& flow, const Verdicts& verdicts, const TransferResults* transfer);
  std::uint64_t completed_near(const EndpointAddress& server, std::uint64_t except, TimeNs around_ns,
                               TimeNs window) const override;
  std::optional<KeptTimestamp> kept_timestamp(const IpAddress& client, const IpAddress& server,
                                              TimeNs time_ns) const override;
  std::uint64_t answered(const EndpointAddress& server) const override;
  bool not_captured(const IpAddress& from, const IpAddress& to) const override;

 private:
  static constexpr std::size_t kKeptPerService = 256;
  static constexpr std::size_t kMostServices = 65536;
  static constexpr std::size_t kKeptPerPair = 64;
  static constexpr std::size_t kMostPairs = 65536;

  // A connection with timestamps that the server answered.
  struct Stamped {
    std::uint64_t flow = 0;
    Stamp first, last;  // of the client
    bool held = false;  // in TIME-WAIT, by the server
  };

  // What went from one host to another.
  struct Direction {
    bool captured = false, proved = false;
  };

  void note_directions(const FlowFacts& flow);
  void note_timestamp(const FlowFacts& flow, const Verdicts& verdicts);
  void note_completion(const FlowFacts& flow, const Verdicts& verdicts);

  std::map<EndpointAddress, std::uint64_t> answered_;
  std::map<std::pair<IpAddress, IpAddress>, Direction> directions_;                      // from, to
  std::map<EndpointAddress, std::deque<std::pair<TimeNs, std::uint64_t>>> completions_;  // time and flow
  std::map<std::pair<IpAddress, IpAddress>, std::deque<Stamped>> stamps_;                // client, server
};

}  // namespace tcpautopsy
