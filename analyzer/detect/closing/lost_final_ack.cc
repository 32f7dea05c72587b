#include "analyzer/detect/asked_of_flow.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "lost_final_ack",
    .title = "The ACK of the last FIN did not arrive",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "an endpoint in LAST-ACK or CLOSING sends its FIN again after an ACK that covers it passed T; with "
        "the outcome: acknowledged, answered by RST (the peer's TIME-WAIT was gone), or given up",
    .what =
        "Both ends have closed, and one of them waits in LAST-ACK (or CLOSING) for the ACK of its FIN. That "
        "ACK passed the capture point, yet the endpoint sent its FIN again: the ACK had not arrived.\n\n"
        "The peer answers each repeat from TIME-WAIT, and restarts its wait. If it no longer holds TIME-WAIT "
        "it answers with a RST, which ends LAST-ACK as well, but makes the application's close look like an "
        "error in logs and counters.",
    .how_known =
        "A FIN that acknowledges the peer's FIN comes again after an ACK that covers it had passed, by more "
        "than the round trip between the capture point and the sender. An endpoint in LAST-ACK deletes its "
        "connection as soon as that ACK arrives, so the repeat proves that it had not.\n\n"
        "The outcome is told: acknowledged again (the capture cannot tell whether that ACK arrived, only "
        "that no repeat followed), answered by RST, or given up. An ACK lost before the capture point is "
        "never seen; then only fin_retransmitted is said.",
    .causes =
        "Loss between the capture point and the endpoint that repeats its FIN. A stateful firewall or NAT on "
        "that stretch that removes the connection once it has seen both FINs and drops the final ACK as out "
        "of state. Asymmetric routing through such a device.",
    .confirm =
        "On the endpoint: ss -tano state last-ack (a count in timer:(on,...) that grows), nstat -az "
        "TcpExtTCPTimeouts TcpRetransSegs. On the peer: ss -tan state time-wait, and sysctl "
        "net.ipv4.tcp_max_tw_buckets with nstat TcpExtTCPTimeWaitOverflow if RSTs answer. "
        "A second capture beyond the suspected device shows whether the ACK leaves it.",
    .remedy =
        "Single cases need nothing: the repeat heals it. If it happens to a large share of connections, "
        "correct the device that drops the final ACK: its timer for connections after both FINs should be "
        "some ten seconds or more (Linux conntrack: net.netfilter.nf_conntrack_tcp_timeout_last_ack and "
        "_time_wait). That costs entries in its table for that time.",
    .bad_advice =
        "Lowering net.ipv4.tcp_orphan_retries on the endpoint shortens LAST-ACK but gives up data still "
        "queued with the FIN. Shortening TIME-WAIT on the peer makes it worse: the repeat then meets a RST.",
    .rfc =
        "RFC 9293 3.6 (Figure 12), 3.10.7.4 (LAST-ACK, CLOSING and TIME-WAIT in the fifth and eighth checks)",
    .wireshark = "TCP Spurious Retransmission (on the FIN), TCP Dup ACK (on the answer)",
};

constexpr Example kExamples[] = {
    {"The ACK is lost after the capture point, the FIN comes again", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
finding lost_final_ack frame 6 frame 7 frame 8 endpoint server severity warning certainty certain count 1
)"},
    {"Lost twice", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+.10  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.43  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
finding lost_final_ack frame 7 frame 8 frame 9 frame 10 frame 11 endpoint server count 2
)"},
    {"The repeat meets a RST: TIME-WAIT is gone", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  R  2:2(0)
finding lost_final_ack frame 6 frame 7 frame 8 endpoint server count 1
)"},
    {"A simultaneous close: lost in CLOSING", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1
+.002  A < B  F. 1:1(0) ack 1
+.008  A < B  .  2:2(0) ack 2  !lost
+.002  A > B  .  2:2(0) ack 2
+.20   A > B  F. 1:1(0) ack 2
+.01   A < B  .  2:2(0) ack 2
finding lost_final_ack endpoint client severity warning count 1
)"},
    {"The FIN is repeated before any ACK of it passed", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The ACK and the repeated FIN cross", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1
+.01   A < B  F. 1:1(0) ack 2
+.206  A > B  .  2:2(0) ack 2
+.004  A < B  F. 1:1(0) ack 2
+.01   A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The ACK lost is that of the first FIN, in FIN-WAIT-1", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2  !lost
+.17  A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+.10  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The last FIN captured twice", R"(
handshake
+.10     A > B  F. 1:1(0) ack 1
+.01     A < B  F. 1:1(0) ack 2 id 99
+.00002  A < B  F. 1:1(0) ack 2 id 99  !lost
+.01     A > B  .  2:2(0) ack 2
no finding
)",
     true},
};

// Repeats of the FIN that prove that an ACK had not arrived, and the ACKs.
struct Losses {
  std::vector<RecordIndex> resends, acks;
  bool way_known = false;
};

Losses losses_of(const FlowHistory& flow, Side side, const FinFacts& fin, StreamOffset peer_end) {
  Losses losses;
  const auto way = flow.rtt(side);
  losses.way_known = way.has_value();
  for (const RecordIndex resend : fin.resends) {
    const auto& again = flow.records()[resend];
    // The peer's FIN has arrived: LAST-ACK or CLOSING, not FIN-WAIT-1.
    if (!again.has(kAck) || again.ack < peer_end) continue;
    const auto covers = [&](const SegmentRecord& r) {
      return r.has(kAck) && !r.has(kRst) && r.ack >= fin.end &&
             again.frame.time_ns - r.frame.time_ns > way.value_or(0);
    };
    const RecordIndex ack = last_before(flow, resend, other(side), covers);
    if (ack == kNoRecord || ack < fin.first) continue;
    losses.resends.push_back(resend);
    losses.acks.push_back(ack);
  }
  return losses;
}

struct Outcome {
  std::string_view word, text;
  RecordIndex record = kNoRecord;
};

Outcome outcome_of(const FlowHistory& flow, Side side, const FinFacts& fin) {
  const RecordIndex answer = first_after(flow, fin.last(), other(side), [&](const SegmentRecord& r) {
    return (r.has(kAck) && r.ack >= fin.end) || r.has(kRst);
  });
  if (answer != kNoRecord && flow.records()[answer].has(kRst))
    return {"reset", "the last repeat was answered by RST, since the peer no longer held TIME-WAIT", answer};
  if (flow.outcome(side).give_up && flow.outcome(side).give_up->last == fin.last())
    return {"gave_up", "then it gave up", answer};
  if (answer != kNoRecord) return {"acknowledged", "the last repeat was acknowledged again", answer};
  return {"open", "no answer to the last repeat was captured", kNoRecord};
}

void examine(const DetectContext& context, Findings& out) {
  const auto& flow = context.history;
  if (flow.trace.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const auto fin = context.asked.fin(side), peer = context.asked.fin(other(side));
    if (!fin || !peer) continue;
    const Losses losses = losses_of(flow, side, *fin, peer->end);
    if (losses.resends.empty()) continue;
    const auto& first_fin = flow.records()[fin->first];
    const std::string_view state = first_fin.ack >= peer->end ? "LAST-ACK" : "CLOSING";
    const TimeNs wait = time_of(flow, losses.resends.front()) - time_of(flow, losses.acks.front());
    const Outcome outcome = outcome_of(flow, side, *fin);
    Finding finding = make_finding(kDoc, flow, side);
    finding.certainty = losses.way_known ? Certainty::Certain : Certainty::Likely;
    cite(finding, flow, losses.acks);
    cite(finding, flow, losses.resends);
    cite(finding, flow, outcome.record);
    finding.count = losses.resends.size();
    finding.summary = "The ACK of the " + std::string(role(flow, side)) +
                      "'s FIN passed the capture point but did not reach it: " + duration_text(wait) +
                      " later it sent its FIN again from " + std::string(state) + ", " +
                      times_text(losses.resends.size()) + " in all; " + std::string(outcome.text) + ".";
    prove(finding, "state", state);
    prove(finding, "resends_after_ack", losses.resends.size());
    prove(finding, "ack_to_resend_ns", wait);
    prove(finding, "outcome", outcome.word);
    out.push_back(std::move(finding));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector lost_final_ack{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
