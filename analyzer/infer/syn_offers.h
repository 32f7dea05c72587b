// What SYN and SYN-ACK offered, and whether it was kept to: the maximum segment size, and data in the SYN.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/infer/segment_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

struct FlowHistory;

// What every host takes, and what is assumed of one that offers none (RFC 9293 3.7.1 MUST-15).
constexpr std::uint32_t kDefaultMssV4 = 536, kDefaultMssV6 = 1220;

// Of one end.
struct MssOffer {
  SegmentRef offer;       // its first SYN or SYN-ACK; none where the snap length left open what it offers
  std::uint32_t mss = 0;  // 0: none
  // Segments that it sent above its peer's offer, all of one size, the largest, that fits a packet of 1500
  // octets: super-segments of TSO, GSO and GRO are no packets. Two or more, or none.
  std::vector<SegmentRef> oversized;
  std::uint32_t oversized_octets = 0;  // of each
};

// Data in a SYN without ACK.
struct SynData {
  std::vector<SegmentRef> syns;  // those with data
  Side sender = Side::A;         // of the first, as all below
  std::uint32_t octets = 0;
  bool fast_open = false;     // it has the option
  SegmentRef without;         // the SYN sent again without them, ahead of `answer`
  SegmentRef answer;          // the first SYN-ACK to it
  StreamOffset accepted = 0;  // octets that `answer` acknowledges
};

struct SynOffers {
  PerSide<MssOffer> mss;
  // Some TCP option was captured. A snap length that cuts TCP headers leaves none: then a missing option
  // proves nothing.
  bool options_captured = false;
  SynData data;
};

// The end's segments above its peer's offer, which `offers` holds.
void find_oversized(const FlowHistory& history, Side sender, PerSide<MssOffer>& offers);
SynData syn_data_of(const FlowHistory& history);

}  // namespace tcpautopsy
