// What happened to the data of one connection, gathered segment by segment and decided when it is over.
#pragma once

#include <cstdint>

#include "analyzer/stream/mark_facts.h"
#include "analyzer/stream/probe_facts.h"
#include "analyzer/stream/resend_facts.h"
#include "analyzer/stream/small_send_facts.h"
#include "analyzer/stream/time_facts.h"
#include "analyzer/stream/turn_facts.h"
#include "analyzer/stream/window_facts.h"

namespace tcpautopsy {

// Each is of the end whose action or state it names: who sends again, who advertises the window.
struct TransferFacts {
  PerSide<ResendFacts> resends;
  PerSide<WindowFacts> windows;
  PerSide<ProbeFacts> probes;
  PerSide<SmallSendFacts> small_sends;
  PerSide<MarkFacts> marks;
  TimeFacts time;
  TurnFacts turns;
  PerSide<std::uint64_t> data_segments{};  // with payload, resends too
};

}  // namespace tcpautopsy
