// What is summed up of a connection that is over: never its packets.
#pragma once

#include "analyzer/flow/flow_facts.h"
#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

struct TransferResults;

struct EndedConnection {
  const FlowFacts& flow;
  const Verdicts& verdicts;
  const TransferResults* transfer = nullptr;  // null for a self-connection
};

}  // namespace tcpautopsy
