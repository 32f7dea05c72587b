// Which services completed connections, and when, and what they keep of them: what a detector may know beyond
// its own flow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/key_table.h"

namespace tcpautopsy {

// The last kMost of those added.
template <class T, std::size_t kMost>
class Latest {
 public:
  void add(const T& one) {
    if (kept_.size() < kMost)
      kept_.push_back(one);
    else
      kept_[oldest_] = one, oldest_ = (oldest_ + 1) % kMost;
  }
  std::size_t size() const { return kept_.size(); }
  // The oldest is number 0.
  const T& operator[](std::size_t number) const { return kept_[(oldest_ + number) % kept_.size()]; }

 private:
  std::vector<T> kept_;
  std::size_t oldest_ = 0;
};

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
  static constexpr std::size_t kMostServices = 65536;

  void note(const EndedConnection& ended);
  std::uint64_t completed_near(const EndpointAddress& server, std::uint64_t except, TimeNs around_ns,
                               TimeNs window) const override;
  std::optional<KeptTimestamp> kept_timestamp(const IpAddress& client, const IpAddress& server,
                                              TimeNs time_ns) const override;
  std::uint64_t answered(const EndpointAddress& server) const override;
  bool not_captured(const IpAddress& from, const IpAddress& to) const override;
  // Connections that completed to services beyond those remembered.
  std::uint64_t not_kept() const { return not_kept_; }

 private:
  static constexpr std::size_t kKeptPerService = 256;
  static constexpr std::size_t kKeptPerPair = 64;
  static constexpr std::size_t kMostPairs = 65536;

  // A connection with timestamps that the server answered.
  struct Stamped {
    std::uint64_t flow = 0;
    Stamp first, last;  // of the client
    bool held = false;  // in TIME-WAIT, by the server
  };

  // Of a service, that it completed a handshake.
  struct Completion {
    TimeNs time_ns = 0;
    std::uint64_t flow = 0;
  };
  struct TwoHosts {
    IpAddress one, other;
    bool operator==(const TwoHosts&) const = default;
    friend std::uint64_t secret_hash(const TwoHosts& pair) {
      return tcpautopsy::secret_hash(pair.one, pair.other);
    }
  };
  // What went from one host to another.
  struct Direction {
    bool captured = false, proved = false;
  };

  void note_directions(const EndedConnection& ended);
  void note_timestamp(const EndedConnection& ended);
  void note_completion(const EndedConnection& ended);

  KeyTable<EndpointAddress, std::uint64_t> answered_;
  KeyTable<EndpointAddress, Latest<Completion, kKeptPerService>> completions_;
  KeyTable<TwoHosts, Latest<Stamped, kKeptPerPair>> stamps_;  // client, server
  KeyTable<TwoHosts, Direction> directions_;                  // from, to
  std::uint64_t not_kept_ = 0;
};

}  // namespace tcpautopsy
