#include "tests/unit/report/sample_flow.h"

namespace tcpautopsy::report_test {
namespace {

struct Builder {
  FlowResult flow;
  StreamOffset next[2] = {0, 0};

  Builder() {
    FlowTrace& trace = flow.history.trace;
    const std::uint8_t client[4] = {10, 0, 0, 1}, server[4] = {10, 0, 0, 2};
    trace.number = 17;
    trace.client = Side::A;
    trace.client_guessed = false;
    trace.sides[0].address = {IpAddress::v4(client), 50000};
    trace.sides[1].address = {IpAddress::v4(server), 80};
    for (SideFacts& side : trace.sides) {
      side.syn_seen = side.iss_known = true;
      side.syn_options.has_mss = side.syn_options.has_window_scale = side.syn_options.sack_permitted = true;
      side.syn_options.mss = 1460;
      side.syn_options.window_scale = 7;
    }
    trace.sides[0].rtt_handshake_ns = trace.sides[0].rtt_min_ns = 20 * kMillisecond;
    flow.history.words = {"SF", "ShADadFf", 31};
  }

  RecordIndex send(Side side, std::uint16_t flags, std::uint32_t payload, Fate fate = Fate::Received) {
    FlowHistory& h = flow.history;
    SegmentRecord r;
    const std::size_t s = index(side);
    r.frame = {0, h.trace.records.size() + 1,
               kStart + static_cast<TimeNs>(h.trace.records.size()) * 10 * kMillisecond};
    r.side = side;
    r.flags = flags;
    r.payload = payload;
    r.window = 502;
    r.seq = next[s];
    r.ack = next[1 - s];
    next[s] = r.end();
    SideFacts& facts = h.trace.sides[s];
    ++facts.packets;
    facts.payload_bytes += payload;
    facts.wire_bytes += payload + 54;
    h.trace.records.push_back(r);
    h.deliveries.push_back({fate, kNoRecord});
    if (fate == Fate::LostAfterTap) h.lost_after_tap[s].push_back({h.trace.records.size() - 1, r.frame});
    h.beliefs.emplace_back();
    if (h.trace.records.size() == 1) h.trace.first = r.frame;
    h.trace.last = r.frame;
    h.capture_end_ns = r.frame.time_ns;
    return h.trace.records.size() - 1;
  }

  Transition& move(Side side, TcpState from, TcpState to, Basis basis, RecordIndex record,
                   std::string_view cause) {
    Transition t;
    t.side = side;
    t.from = from;
    t.to = to;
    t.basis = basis;
    t.record = record;
    t.cause = cause;
    t.rfc = "9293 3.10.7.4";
    if (record != kNoRecord) {
      t.frame = flow.history.records()[record].frame;
      t.time_ns = t.at_ns = t.frame->time_ns;
    } else {
      t.time_ns = t.at_ns = flow.history.trace.last.time_ns + 60 * kSecond;
    }
    t.possible = {to};
    return flow.history.transitions.emplace_back(t);
  }

  void prove(Transition& t, RecordIndex by) const {
    t.proved_by = by;
    t.proof = flow.history.records()[by].frame;
  }
};

}  // namespace

FlowResult sample_flow(unsigned data) {
  using enum TcpState;
  Builder b;
  const auto syn = b.send(Side::A, kSyn, 0);
  const auto syn_ack = b.send(Side::B, kSyn | kAck, 0);
  const auto ack = b.send(Side::A, kAck, 0);
  b.move(Side::A, Closed, SynSent, Basis::Observed, syn, "sent SYN");
  b.prove(b.move(Side::B, Listen, SynReceived, Basis::Confirmed, syn, "received SYN"), syn_ack);
  b.prove(b.move(Side::A, SynSent, Established, Basis::Confirmed, syn_ack, "received SYN-ACK"), ack);
  b.move(Side::B, SynReceived, Established, Basis::Inferred, ack, "received ACK of SYN");
  for (unsigned i = 0; i < data; ++i) {
    b.send(Side::A, kPsh | kAck, 100);
    b.send(Side::B, kAck, 0);
  }
  const auto fin = b.send(Side::A, kFin | kAck, 0);
  b.move(Side::A, Established, FinWait1, Basis::Observed, fin, "sent FIN");
  b.move(Side::B, Established, CloseWait, Basis::Inferred, fin, "received FIN").possible = {CloseWait,
                                                                                            Established};
  b.send(Side::B, kAck, 0, Fate::LostAfterTap);
  b.move(Side::A, FinWait1, Closed, Basis::Timer, kNoRecord, "resends of the FIN ran out");
  FlowHistory& h = b.flow.history;
  h.handshake = Handshake::Complete;
  h.opening.plain = true;
  h.opening.syns.first = {syn, h.records()[syn].frame};
  h.opening.syn_acks.first = {syn_ack, h.records()[syn_ack].frame};
  h.opening.completing = {ack, h.records()[ack].frame};
  h.close = Close::AFin;
  h.closed_first = ClosedFirst::A;
  h.outcomes[0] = {Closed, {Closed}, {Closed}, {}};
  h.outcomes[1] = {CloseWait, {CloseWait, Established}, {CloseWait, Established}, {}};
  h.capture_end_ns += 120 * kSecond;
  b.flow.findings = {sample_finding()};
  return std::move(b.flow);
}

Finding sample_finding() {
  Finding f;
  f.id = "fin_unanswered";
  f.severity = Severity::Warning;
  f.certainty = Certainty::Likely;
  f.flow = 17;
  f.side = Side::A;
  f.time_ns = kStart + 50 * kMillisecond;
  f.end_ns = kStart + 60 * kMillisecond;
  f.count = 2;
  f.frames = {{0, 6, f.time_ns}};
  f.summary = "the FIN went out 2 times and no ACK came";
  f.evidence = {{"resends", std::int64_t{2}},
                {"waited_ns", std::int64_t{1'500'000'000}},
                {"scaled", true},
                {"steps_ns", std::vector<std::int64_t>{1000, 2000}}};
  return f;
}

const std::vector<std::string>& sample_files() {
  static const std::vector<std::string> files{"a.pcap", "b.pcap"};
  return files;
}

}  // namespace tcpautopsy::report_test
