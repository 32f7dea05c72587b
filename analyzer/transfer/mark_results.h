// What Marks found of one end.
#pragma once

#include <cstdint>

#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

// How the flags of the handshake leave ECN (RFC 3168 6.1.1, RFC 9768 3.1). Unknown: it was not captured.
enum class EcnMode : std::uint8_t { Unknown, Off, Classic, Accurate };

// Of the way on which this end's segments go.
struct EcnFacts {
  Incidents marked;                 // its segments with Congestion Experienced
  Incidents echoes;                 // reports of it by the peer: the first ECE of each run, or a step of ACE
  Incidents reductions;             // its segments with CWR
  std::uint64_t echo_segments = 0;  // of the peer with ECE, all of each run
  std::uint64_t echoed_marks = 0;   // that steps of ACE tell
  std::uint64_t slowed = 0, not_slowed = 0;  // after an echo; those that cannot be judged are in neither
  EcnMode mode = EcnMode::Unknown;
};

struct ChecksumFacts {
  Incidents wrong;  // all, or the first few where none is right
  std::uint64_t bad = 0, right = 0, unverified = 0;
  std::uint64_t accepted = 0;  // wrong, yet the peer acknowledged what it carried, which was not sent again
  std::uint64_t repeated = 0;  // wrong, and what it carried was sent again

  // The wrong ones are the capture's: it sees segments before the network card has filled the checksum in, or
  // after the receiving system has joined several.
  bool offloaded() const {
    return bad > 0 && ((bad > right && (bad > 1 || unverified == 0)) || accepted > repeated);
  }
  // Damaged on the way.
  bool corrupted() const { return bad > 0 && right > 0 && !offloaded() && (repeated > 0 || right > 2 * bad); }
};

// Numbers that this end acknowledges and that are far from all its peer sent.
struct StrangeNumberFacts {
  Incidents sacks, acks;
  std::uint64_t plain_acks = 0;  // that fit
  std::uint64_t went_on = 0;     // new data of the peer after the first strange ACK

  bool rewritten() const {
    return sacks.count() >= kRepeated ||
           (acks.count() > kRepeated && acks.count() > plain_acks && went_on >= kRepeated);
  }

 private:
  static constexpr std::uint64_t kRepeated = 2;
};

// Segments of this end that its peer answered, and did not take, for it had taken a later timestamp.
struct PawsFacts {
  Incidents refused;              // each shows the segment and the answer
  std::uint32_t most_behind = 0;  // ticks, by which one of them lies behind what its peer echoes
};

struct MarkResults {
  EcnFacts ecn;
  ChecksumFacts checksums;
  StrangeNumberFacts strange;
  PawsFacts paws;
  Incidents urgent;  // segments with URG and a pointer
};

}  // namespace tcpautopsy
