// Segments that no TCP in its senses sends: odd flags, answers to what was never asked, probes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/infer/segment_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

struct FlowHistory;

// In order of what is told first; a segment counts once.
enum class OddFlags : std::uint8_t { All, None, SynFin, SynRst, FinWithoutAck };
constexpr std::size_t kOddFlags = 5;

std::optional<OddFlags> odd_flags(std::uint16_t flags);

// What one end sent of them, without packets captured twice.
struct OddlyFlagged {
  std::vector<SegmentRef> segments;
  std::array<std::uint64_t, kOddFlags> of_kind{};
  std::uint64_t bad_checksums = 0;  // of the segments
  std::uint16_t flags = 0;          // of the first
  bool alike = true;                // all have these
};

// SYN-ACKs that acknowledge no SYN of their receiver and met its RST (RFC 9293 3.10.7.3): the first 64, of
// one sender.
struct StraySynAcks {
  struct Met {
    SegmentRef syn_ack, rst;
  };
  std::vector<Met> met;
  Side sender = Side::A;
  bool other_syn = false;    // a SYN of the receiver was captured all the same: they answer an older one
  bool of_each_syn = false;  // two or more, each after a SYN of its own: they answer these, by other numbers
};

// A connection that began with a segment no connection begins with, and nothing came of it: FIN, PSH and URG
// without ACK, or no flags at all (FIN, NULL and Xmas scans); or with an empty ACK, or FIN and ACK, that
// met RST, which alone can be what is left of a connection begun before the capture (ACK and Maimon scans).
struct OddProbe {
  struct Numbers {
    std::uint32_t seq = 0, ack = 0;
  };
  SegmentRef segment;  // the first
  HeaderLook look;     // of it
  Side sender = Side::A;
  bool refused = false;             // by RST
  std::optional<Numbers> bare_ack;  // of an empty ACK, with FIN or without
};

struct OddSegments {
  PerSide<OddlyFlagged> flagged;
  StraySynAcks stray_syn_acks;
  std::optional<OddProbe> probe;
};

void find_odd_flags(const FlowHistory& history, OddSegments& found);
StraySynAcks stray_syn_acks_of(const FlowHistory& history);

}  // namespace tcpautopsy
