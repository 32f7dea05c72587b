#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "simultaneous_open",
    .title = "Simultaneous open",
    .severity = Severity::Info,
    .phase = "Opening",
    .said_when = "both ends send SYN before receiving the other's",
    .what =
        "Each end sent a SYN before it had received the other's; both answered with SYN-ACK, and one "
        "connection came of it (RFC 9293 figure 7). Both go SYN-SENT, SYN-RECEIVED, ESTABLISHED; there is "
        "no listener, and `client` is only the one whose SYN the capture saw first.",
    .how_known =
        "SYNs without ACK in both directions of one 4-tuple, the second before its sender had answered the "
        "first with a SYN-ACK: a host that had received the other's SYN would have acknowledged it. The "
        "order of receipt is at the hosts; at the capture point each SYN only passed. Without any SYN-ACK "
        "that follows certainty is `likely`: the second SYN may be a connect of its own that merely uses "
        "the same ports.",
    .causes =
        "TCP hole punching through NATs (peer to peer, ICE-TCP). Programs that bind a fixed local port and "
        "connect to each other: routing daemons (BGP uses port 179 on one side only, but some stacks do "
        "not), clusters with symmetric peers. Tests.",
    .confirm =
        "Both processes call connect() with a bound local port: strace -e trace=network; ss -tanp on both "
        "hosts.",
    .remedy =
        "None needed: every stack must support it (RFC 9293 MUST-10). If it is not meant, let one side "
        "listen and only the other connect. Some firewalls and NATs drop the crossing SYN; then connects "
        "fail at random.",
    .bad_advice =
        "A SYN in reply to a SYN is not an attack and not a broken stack; do not filter it where peers "
        "connect so.",
    .rfc = "RFC 9293 3.5 (figure 7), 3.10.7.3 (fourth: SYN)",
};

constexpr Example kExamples[] = {
    {"SYNs cross, then both SYN-ACKs", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.02  A < B  S   0:0(0)        <mss 1460>
+.01  A > B  S.  0:0(0) ack 1  <mss 1460>
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A < B  .   1:1(0) ack 1
finding simultaneous_open frame 1 frame 2 severity info certainty certain
)"},
    {"The first SYN was lost, the other end opens by itself", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !lost
+.5   A < B  S   0:0(0)        <mss 1460>
+.01  A > B  S.  0:0(0) ack 1  <mss 1460>
+.01  A < B  .   1:1(0) ack 1
finding simultaneous_open frame 1 frame 2 severity info
)"},
    {"An ordinary handshake", R"(
handshake
+.01  A > B  P.  1:11(10) ack 1
+.01  A < B  .   1:1(0) ack 11
no finding
)",
     true},
    {"Self-connection: one end only", R"(
ends A 10.0.0.1:5000 B 10.0.0.1:5000
+0     A > A  S   0:0(0)        <mss 1460>
+.001  A > A  S.  0:0(0) ack 1  <mss 1460>
+.001  A > A  .   1:1(0) ack 1
no finding
)",
     true},
    {"The other end connects back on the same ports long after the first connect died", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !lost
+1    A > B  S   0:0(0)        <mss 1460>  !lost
+400  A < B  S   0:0(0)        <mss 1460>
+.01  A > B  S.  0:0(0) ack 1  <mss 1460>
+.01  A < B  .   1:1(0) ack 1
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const BothOpened& both = opening.both;
  if (!both || !both.crossed || opening.syns.empty()) return;
  const TimeNs gap = both.server_syn.time_ns() - opening.syns.first.time_ns();
  if (gap > context.verdicts.profile.syn_give_up) return;
  Finding finding = make_finding(kDoc, flow, std::nullopt);
  if (both.syn_acks.empty()) finding.certainty = Certainty::Likely;
  cite(finding, opening.syns.first);
  cite(finding, both.server_syn);
  cite(finding, both.syn_acks);
  finding.summary = endpoint_text(flow, flow.client) + " and " + endpoint_text(flow, flow.server()) +
                    " each sent a SYN, " + duration_text(gap) +
                    " apart, before either answered the other's; " +
                    (both.syn_acks.empty() ? "no SYN-ACK followed." : "one connection came of both.");
  prove(finding, "gap_ns", gap);
  prove(finding, "syn_acks", both.syn_acks.size());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector simultaneous_open{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine = &examine,
                                        .needs = Needs::BothDirections | Needs::OddOpening};
}

}  // namespace tcpautopsy
