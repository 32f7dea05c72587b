// What is summed up of a connection that is over: never its packets.
#pragma once

#include "analyzer/flow/flow_facts.h"
#include "analyzer/hosts/keys.h"
#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

struct TransferResults;

struct EndedConnection {
  EndedConnection(const FlowFacts& facts, const Verdicts& concluded,
                  const TransferResults* of_transfer = nullptr);

  const FlowFacts& flow;
  const Verdicts& verdicts;
  const TransferResults* transfer;  // null for a self-connection
  Side client, server;              // of a self-connection the same
  // What it is looked up by.
  Hashed<IpAddress> client_host, server_host;
  Hashed<EndpointAddress> service;
  Hashed<VisitKey> visit;

  const EndpointAddress& client_address() const { return flow.facts(client).address; }
};

}  // namespace tcpautopsy
