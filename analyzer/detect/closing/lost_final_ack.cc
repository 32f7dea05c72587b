#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "lost_final_ack",
    .title = "Last ACK lost",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "an endpoint in LAST-ACK or CLOSING retransmits its FIN after an ACK that covers it passed T; with "
        "the outcome: acknowledged, answered by RST (the peer's TIME-WAIT was gone), or given up",
    .what =
        "Both ends have closed, and one of them waits in LAST-ACK (or CLOSING) for the ACK of its FIN. That "
        "ACK passed the capture point, yet the endpoint retransmitted its FIN: the ACK had not arrived.\n\n"
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
        "queued with the FIN. Shortening TIME-WAIT on the peer makes it worse: the repeat then is answered "
        "by RST.",
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
    {"The repeat is answered by RST: TIME-WAIT is gone", R"(
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

struct Outcome {
  std::string_view word, text;
};

Outcome outcome_of(const DetectContext& context, Side side, const FinVerdict& fin) {
  if (fin.answered_by_reset)
    return {"reset", "the last repeat was answered by RST, since the peer no longer held TIME-WAIT"};
  const auto& give_up = context.verdicts.outcome(side).give_up;
  if (give_up && give_up->last == fin.last().record) return {"gave_up", "then it gave up"};
  if (fin.answer) return {"acknowledged", "the last repeat was acknowledged again"};
  return {"open", "no answer to the last repeat was captured"};
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FinVerdict* const fin = context.verdicts.closing.fin(side);
  if (fin == nullptr || fin->lost_acks.empty()) return;
  const auto& losses = fin->lost_acks;
  const std::string_view state = fin->knew_of_peers ? "LAST-ACK" : "CLOSING";
  const TimeNs wait = losses.front().resend.time_ns() - losses.front().ack.time_ns();
  const Outcome outcome = outcome_of(context, side, *fin);
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.certainty = context.flow.rtt(side) ? Certainty::Certain : Certainty::Likely;
  for (const LostAck& loss : losses) {
    cite(finding, loss.ack);
    cite(finding, loss.resend);
  }
  cite(finding, fin->answer);
  finding.count = losses.size();
  finding.summary = "The ACK of the " + std::string(role(context.flow, side)) +
                    "'s FIN passed the capture point but did not reach it: " + duration_text(wait) +
                    " later it retransmitted its FIN from " + std::string(state) + ", " +
                    times_text(losses.size()) + " in all; " + std::string(outcome.text) + ".";
  prove(finding, "state", state);
  prove(finding, "resends_after_ack", losses.size());
  prove(finding, "ack_to_resend_ns", wait);
  prove(finding, "outcome", outcome.word);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector lost_final_ack{.doc = kDoc,
                                     .examples = kExamples,
                                     .examine_end = &examine_end,
                                     .needs = Needs::TwoEnds | Needs::OddFins};
}

}  // namespace tcpautopsy
