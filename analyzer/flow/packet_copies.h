// Packets captured twice (a mirror port that sees both ways, the "any" device) told from packets duplicated
// by the network.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_key.h"

namespace tcpautopsy {

// Its host numbers its packets.
constexpr bool identified(const TcpSegment& s) { return s.has_ip_id && s.ip_id != 0; }

// Remembers the packets of the last moments. A copy may be missed when very many packets lie between the two;
// what is told to be one is alike in every field that two sendings would differ in. VLAN tags, tunnels and
// link headers are no such fields: a packet is the same with and without them, and behind a router or two.
class RecentPackets {
 public:
  enum class Copy : std::uint8_t {
    None,
    Sure,
    // A host may have sent the same again: a copy where most packets of the hosts come twice.
    Telling,  // it seldom does, so that this one speaks for that
    Likely,
  };
  struct Seen {
    Copy copy = Copy::None;
    std::uint32_t encapsulation = 0;  // of the packet that it is a copy of
    std::uint64_t rank = 0;  // that it was told to have, 0 where no packet of its hosts was a copy yet
  };

  RecentPackets() : sets_(kSets) {}

  // Also remembers the packet. `ends` is hash_ends() of its key, `from_low` its direction.
  Seen look(const TcpSegment& segment, std::uint64_t ends, bool from_low, TimeNs time_ns);
  // Of the packet looked at last, which is no copy: the how manieth of its hosts.
  void rank(std::uint64_t rank) { sets_[latest_].newer.rank = rank; }

 private:
  static constexpr std::size_t kSets = 4096;
  struct Slot {
    std::uint64_t print = 0;
    TimeNs time_ns = 0;
    std::uint64_t rank = 0;
    std::uint32_t encapsulation = 0;
    std::uint8_t ttl = 0;
    bool again = false;      // one like it came since,
    bool elsewhere = false;  // and with another TTL
  };
  // Of two, since the copy at another capture point may come as late as the path is long.
  struct alignas(64) Set {
    Slot newer, older;
  };
  std::vector<Set> sets_;
  std::size_t latest_ = 0;
};

// Of each pair of hosts with a copy among its packets: how many packets, how many of them copies. Empty ones
// without IP ID do not speak for themselves, and count only where they are copies.
class CopiedPairs {
 public:
  using Pair = std::uint32_t;
  static constexpr Pair kNone = 0;

  CopiedPairs() : counts_(1) {}

  Pair find(std::uint64_t host_hash) const;
  // Of the first copy; `before` are the packets of its flow so far.
  Pair enter(std::uint64_t host_hash, std::uint64_t before);
  // So too, where that is a SYN: from the first packet on all may come twice.
  Pair enter_by_syn(std::uint64_t host_hash);
  void original(Pair pair) { ++counts_[pair].originals; }
  std::uint64_t originals(Pair pair) const { return counts_[pair].originals; }
  void copy(Pair pair) { ++counts_[pair].copies; }
  // Of what a host seldom sends again, and was not told to be a copy.
  void likely_copy(Pair pair) { counts_[pair].copies += counts_[pair].from_syn ? 1 : 0; }
  // Most packets came twice: the capture did it.
  bool copied(Pair pair) const { return copied(pair, counts_[pair].copies, counts_[pair].originals); }
  // So that this copy of the packet of that rank is the capture's, too.
  bool copied_with(Pair pair, std::uint64_t rank) const;
  std::uint64_t copied_pairs() const;

 private:
  static bool copied(Pair pair, std::uint64_t copies, std::uint64_t originals) {
    return pair != kNone && copies >= kFewest && copies * 2 > originals;
  }
  Pair add(std::uint64_t host_hash, std::uint64_t before, bool from_syn);

  static constexpr std::uint64_t kFewest = 3;  // copies to tell anything by
  static constexpr std::size_t kMostPairs = 1 << 20;
  struct Counts {
    std::uint64_t originals = 0, copies = 0;
    bool from_syn = false;
  };
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::vector<Counts> counts_;  // [0] stands for no pair
};

}  // namespace tcpautopsy
