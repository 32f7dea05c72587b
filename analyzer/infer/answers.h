// What one end asked and the other end's application left unanswered, or answered late. TCP has no messages:
// this goes by turns (transfer/turn_results.h), and by how a connection that asks and answers looks.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/infer/segment_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

struct FlowHistory;

enum class WaitedUntil : std::uint8_t {
  Reset,  // by the end that asked
  Close,
  CaptureEnd
};

// The last turn of an end, acknowledged, after which its peer sent no data for 3 s or more.
struct UnansweredRequest {
  FrameRef first;       // of its data
  SegmentRef ended_by;  // the RST or FIN of the end that asked
  WaitedUntil until = WaitedUntil::CaptureEnd;
  TimeNs waited_ns = 0;  // since the acknowledgment, less the way to the end that asked
  std::uint64_t octets = 0;
  std::uint64_t polls = 0;  // where it asked so often alike, and the wait is that since the first; else 0
  std::uint64_t answered_before = 0;  // turns of the peer
  bool greeting = false;              // the server spoke first, and the client never
};

// Answers of the server, or its greeting, that came 3 s or more late.
struct LateAnswers {
  std::uint64_t count = 0;
  std::optional<FrameRef> asked;  // of the latest: the request's first segment, or the handshake's ACK
  FrameRef answer;
  TimeNs longest_ns = 0;   // less the network's share
  TimeNs network_ns = -1;  // round trip between the capture point and the server; -1: not known
  bool greeting = false;   // the longest was that of a service that speaks first
};

// A service that speaks first: from the handshake's ACK to its first data, as the capture point saw it.
struct Greeting {
  FrameRef handshake, data;
  TimeNs wait_ns = 0;
};

struct AnswerVerdicts {
  PerSide<std::optional<UnansweredRequest>> unanswered;  // by who asked
  std::optional<LateAnswers> late;
  std::optional<Greeting> greeting;
};

// Fills the history's `answers`; needs its `closing`.
void conclude_answers(FlowHistory& history);

}  // namespace tcpautopsy
