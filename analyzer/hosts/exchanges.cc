#include "analyzer/hosts/exchanges.h"

#include "analyzer/seq/saturating.h"
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

// The end of the handshake's round trip is at the client, wherever the capture point is.
TimeNs connect_time(const FlowFacts& flow) {
  const auto there = flow.facts(flow.server()).rtt_handshake_ns;
  const auto back = flow.facts(flow.client).rtt_handshake_ns;
  return there.value_or(0) + back.value_or(0);
}

}  // namespace

void Sent::merge(const Sent& part) {
  segments += part.segments;
  resent += part.resent;
  unseen += part.unseen;
  spurious += part.spurious;
}

void Carried::note(const EndedConnection& ended, Side first) {
  by[0].merge(sent_by(*ended.transfer, first));
  by[1].merge(sent_by(*ended.transfer, other(first)));
  span.merge(span_of(ended.flow));
}

void Carried::merge(const Carried& part) {
  by[0].merge(part.by[0]);
  by[1].merge(part.by[1]);
  span.merge(part.span);
}

void Answers::note(const EndedConnection& ended) {
  const TurnResults& turns = ended.transfer->turns;
  waits.merge(turns.waits[index(ended.server)]);
  for (const Turn& turn : turns.first)
    if (turn.side == ended.server && turn.wait_ns >= 0 && !turn.overlaps)
      times.add(turn.first.time_ns, turn.wait_ns);
  if (const auto& greeting = ended.verdicts.answers.greeting) {
    waits.add(greeting->wait_ns);
    times.add(greeting->data.time_ns, greeting->wait_ns);
  }
  ++connections;
  requests += turns.turns[index(ended.client)];
  of_several_writes += turns.several_writes[index(ended.client)];
  if (const auto rtt = ended.flow.rtt(ended.server)) network.add(*rtt);
  span.merge(span_of(ended.flow));
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

void Visitors::note(const EndedConnection& ended) {
  const Verdicts& verdicts = ended.verdicts;
  const auto& turns = ended.transfer->turns.turns;
  ++connections;
  const bool closed = verdicts.close != Close::Open && verdicts.close != Close::Timeout;
  if (verdicts.handshake != Handshake::Complete || !closed || turns[0] != 1 || turns[1] != 1) return;
  ++single;
  const Span its = span_of(ended.flow);
  handshake_ns = add_sat(handshake_ns, connect_time(ended.flow));
  duration_ns = add_sat(duration_ns, its.last_ns - its.first_ns);
  span.merge(its);
}

void Visitors::merge(const Visitors& part) {
  connections += part.connections;
  single += part.single;
  handshake_ns = add_sat(handshake_ns, part.handshake_ns);
  duration_ns = add_sat(duration_ns, part.duration_ns);
  span.merge(part.span);
}

void Exchanges::note(const EndedConnection& ended) {
  const std::uint64_t flow = ended.flow.number;
  if (ended.transfer == nullptr || ended.flow.self_connection) return;
  const auto& segments = ended.transfer->data_segments;
  if (segments[0] + segments[1] == 0) return;
  services_.note(ended.service, flow, [&](Carried& value) { value.note(ended, ended.client); });
  const bool client_low = ended.client_host.key <= ended.server_host.key;
  const auto &low = client_low ? ended.client_host : ended.server_host,
             &high = client_low ? ended.server_host : ended.client_host;
  const Hashed<HostPair> pair{{low.key, high.key}, joint_hash(low.hash, high.hash)};
  pairs_.note(pair, flow,
              [&](Carried& value) { value.note(ended, client_low ? ended.client : ended.server); });
  const TurnResults& turns = ended.transfer->turns;
  const bool answers = turns.waits[index(ended.server)] && !turns.own_pace[index(ended.server)];
  if (answers || ended.verdicts.answers.greeting)
    answers_.note(ended.service, flow, [&](Answers& value) { value.note(ended); });
  visitors_.note(ended.visit, flow, [&](Visitors& value) { value.note(ended); });
}

void Exchanges::merge(const Exchanges& part) {
  services_.merge(part.services_);
  pairs_.merge(part.pairs_);
  answers_.merge(part.answers_);
  visitors_.merge(part.visitors_);
}

}  // namespace tcpautopsy
