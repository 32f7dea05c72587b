// What happened to the data of one connection, gathered segment by segment and decided when it is over.
#pragma once

#include <cstdint>

#include "analyzer/transfer/incidents.h"
#include "analyzer/transfer/mark_results.h"
#include "analyzer/transfer/probe_results.h"
#include "analyzer/transfer/retransmission_results.h"
#include "analyzer/transfer/small_send_results.h"
#include "analyzer/transfer/time_results.h"
#include "analyzer/transfer/turn_results.h"
#include "analyzer/transfer/window_results.h"

namespace tcpautopsy {

// Each is of the end whose action or state it names: who sends again, who advertises the window.
struct TransferResults {
  PerSide<RetransmissionResults> retransmissions;
  PerSide<WindowResults> windows;
  PerSide<ProbeResults> probes;
  PerSide<SmallSendResults> small_sends;
  PerSide<MarkResults> marks;
  TimeResults time;
  TurnResults turns;
  Incidents ack_loops;                     // each shows its first and its last ACK; its time is the loop's
  std::uint64_t looped_acks = 0;           // of these
  PerSide<std::uint64_t> data_segments{};  // with payload, retransmissions too
};

}  // namespace tcpautopsy
