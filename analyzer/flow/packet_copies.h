// Packets captured twice (a mirror port that sees both ways, the "any" device) told from packets duplicated
// by the network.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_key.h"

namespace tcpautopsy {

// Remembers the packets of the last moments. A copy may be missed when very many packets lie between the two;
// what is told to be one is alike in every field that two sendings would differ in. VLAN tags, tunnels and
// link headers are no such fields: a packet is the same with and without them, and behind a router or two.
class RecentPackets {
 public:
  enum class Copy : std::uint8_t {
    None,
    Sure,
    Likely,  // a host may have sent the same again: a copy where most packets of the hosts come twice
  };
  struct Seen {
    Copy copy = Copy::None;
    std::uint32_t encapsulation = 0;  // of the packet that it is a copy of
  };

  RecentPackets() : slots_(kSlots) {}

  // Also remembers the packet. `ends` is hash_ends() of its key, `from_low` its direction.
  Seen look(const TcpSegment& segment, std::uint64_t ends, bool from_low, TimeNs time_ns);

 private:
  static constexpr std::size_t kSlots = 4096;
  struct Slot {
    std::uint64_t print = 0;
    TimeNs time_ns = 0;
    std::uint32_t encapsulation = 0;
    std::uint8_t ttl = 0;
  };
  std::vector<Slot> slots_;
};

// Of each pair of hosts with a copy among its packets: how many packets, how many of them copies.
class CopiedPairs {
 public:
  using Pair = std::uint32_t;
  static constexpr Pair kNone = 0;

  CopiedPairs() : counts_(1) {}

  Pair find(std::uint64_t host_hash) const;
  // Of the first copy; `before` are the packets of its flow so far.
  Pair enter(std::uint64_t host_hash, std::uint64_t before);
  void original(Pair pair) { ++counts_[pair].originals; }
  void copy(Pair pair) { ++counts_[pair].copies; }
  // Most packets came twice: the capture did it.
  bool copied(Pair pair) const;
  std::uint64_t copied_pairs() const;

 private:
  static constexpr std::uint64_t kFewest = 3;  // copies to tell anything by
  static constexpr std::size_t kMostPairs = 1 << 20;
  struct Counts {
    std::uint64_t originals = 0, copies = 0;
  };
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::vector<Counts> counts_;  // [0] stands for no pair
};

}  // namespace tcpautopsy
