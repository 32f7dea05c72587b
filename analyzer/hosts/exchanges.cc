#include "analyzer/hosts/exchanges.h"

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

Span span_of(const FlowFacts& flow) { return {flow.first.time_ns, flow.last.time_ns}; }

Sent sent_by(const TransferResults& facts, Side side) {
  const RetransmissionResults& resends = facts.retransmissions[index(side)];
  Sent sent;
  sent.segments = facts.data_segments[index(side)];
  sent.resent =
      resends.timeouts.count() + resends.fast.count() + resends.probes.count() + resends.prompt.count();
  sent.unseen = std::min(sent.resent, resends.first_unseen);
  sent.spurious = std::min(sent.resent, resends.spurious.count());
  return sent;
}

Carried carried_by(const EndedConnection& ended, Side first) {
  Carried carried;
  carried.by = {sent_by(*ended.transfer, first), sent_by(*ended.transfer, other(first))};
  carried.span = span_of(ended.flow);
  return carried;
}

// The end of the handshake's round trip is at the client, wherever the capture point is.
TimeNs connect_time(const FlowFacts& flow) {
  const auto there = flow.facts(flow.server()).rtt_handshake_ns;
  const auto back = flow.facts(flow.client).rtt_handshake_ns;
  return there.value_or(0) + back.value_or(0);
}

Answers answers_of(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const TurnResults& turns = ended.transfer->turns;
  Answers answers;
  answers.waits = turns.waits[index(flow.server())];
  for (const Turn& turn : turns.first)
    if (turn.side == flow.server() && turn.wait_ns >= 0 && !turn.overlaps)
      answers.times.add(turn.first.time_ns, turn.wait_ns);
  if (const auto& greeting = ended.verdicts.answers.greeting) {
    answers.waits.add(greeting->wait_ns);
    answers.times.add(greeting->data.time_ns, greeting->wait_ns);
  }
  answers.connections = 1;
  answers.requests = turns.turns[index(flow.client)];
  answers.of_several_writes = turns.several_writes[index(flow.client)];
  if (const auto rtt = flow.rtt(flow.server())) answers.network.add(*rtt);
  answers.span = span_of(ended.flow);
  return answers;
}

Visitors visitor_of(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const Verdicts& verdicts = ended.verdicts;
  const TurnResults& turns = ended.transfer->turns;
  Visitors visitor;
  visitor.connections = 1;
  const bool closed = verdicts.close != Close::Open && verdicts.close != Close::Timeout;
  if (verdicts.handshake != Handshake::Complete || !closed || turns.turns[index(flow.client)] != 1 ||
      turns.turns[index(flow.server())] != 1)
    return visitor;
  visitor.single = 1;
  visitor.handshake_ns = connect_time(flow);
  visitor.span = span_of(ended.flow);
  visitor.duration_ns = visitor.span.last_ns - visitor.span.first_ns;
  return visitor;
}

}  // namespace

void Sent::merge(const Sent& part) {
  segments += part.segments;
  resent += part.resent;
  unseen += part.unseen;
  spurious += part.spurious;
}

void Carried::merge(const Carried& part) {
  by[0].merge(part.by[0]);
  by[1].merge(part.by[1]);
  span.merge(part.span);
}

void Answers::merge(const Answers& part) {
  waits.merge(part.waits);
  times.merge(part.times);
  network.merge(part.network);
  connections += part.connections;
  requests += part.requests;
  of_several_writes += part.of_several_writes;
  span.merge(part.span);
}

void Visitors::merge(const Visitors& part) {
  connections += part.connections;
  single += part.single;
  handshake_ns += part.handshake_ns;
  duration_ns += part.duration_ns;
  span.merge(part.span);
}

void Exchanges::note(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  if (ended.transfer == nullptr || flow.self_connection) return;
  const auto& segments = ended.transfer->data_segments;
  if (segments[0] + segments[1] == 0) return;
  const EndpointAddress &client = flow.facts(flow.client).address,
                        &server = flow.facts(flow.server()).address;
  const Carried carried = carried_by(ended, flow.client);
  services_.note(server, flow.number, [&](Carried& value) { value.merge(carried); });
  const HostPair pair = HostPair::of(client.ip, server.ip);
  const Carried by_host = carried_by(ended, pair.low == client.ip ? flow.client : flow.server());
  pairs_.note(pair, flow.number, [&](Carried& value) { value.merge(by_host); });
  if (ended.transfer->turns.waits[index(flow.server())] || ended.verdicts.answers.greeting) {
    const Answers answers = answers_of(ended);
    answers_.note(server, flow.number, [&](Answers& value) { value.merge(answers); });
  }
  const Visitors visitor = visitor_of(ended);
  visitors_.note({client.ip, server}, flow.number, [&](Visitors& value) { value.merge(visitor); });
}

void Exchanges::merge(const Exchanges& part) {
  services_.merge(part.services_);
  pairs_.merge(part.pairs_);
  answers_.merge(part.answers_);
  visitors_.merge(part.visitors_);
}

}  // namespace tcpautopsy
