#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "fin_retransmitted",
    .title = "FIN retransmitted",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when =
        "the same FIN retransmitted; whether the peer's ACK of it had passed T, else \"the FIN or its ACK "
        "was "
        "lost\"",
    .what =
        "An endpoint sent the same FIN more than once. Its TCP had no acknowledgment of the FIN when the "
        "timer ran out.\n\n"
        "The application is not delayed by this: close() has returned long ago. The socket lingers in "
        "FIN-WAIT-1, CLOSING or LAST-ACK for the time of the repeats.",
    .how_known =
        "A segment with FIN ends at the same sequence number as an earlier FIN of the same endpoint, and it "
        "is no capture duplicate (IP ID or checksum and timestamps differ).\n\n"
        "If an ACK that covers the FIN had passed the capture point before the repeat, by more than the "
        "round trip to the sender, that ACK was lost or held up between the capture point and the sender. "
        "If none had passed, the FIN was lost after the capture point or the ACK before it; from one capture "
        "point these two look the same. A FIN lost before the capture point and seen only once is not "
        "counted.",
    .causes =
        "Loss on the path, most often of the last packets of a burst, since nothing sent after them triggers "
        "fast recovery. "
        "A firewall or NAT that deletes its entry at the first FIN and drops what follows. A peer host that "
        "has gone away. "
        "On Linux the first repeat usually comes as a tail loss probe (about two round trips), only then by "
        "retransmission timeout.",
    .confirm =
        "ss -tano state fin-wait-1, state last-ack, state closing: the timer:(on,...,N) field counts the "
        "repeats. "
        "nstat -az TcpRetransSegs TcpExtTCPTimeouts TcpExtTCPLossProbes. On the path: interface drops (ip -s "
        "link, ethtool -S) and the firewall's counters for packets out of state.",
    .remedy =
        "None for a single repeat. If it is frequent, find where the loss is: capture on both sides of the "
        "suspected device. "
        "If a firewall drops the tail of closes, let it keep closing connections for at least a minute; that "
        "costs entries in its state table.",
    .bad_advice =
        "Lowering net.ipv4.tcp_fin_timeout does nothing here: it bounds FIN-WAIT-2, not the repeats of a "
        "FIN. Setting SO_LINGER to 0 hides the repeats by turning every close into a reset and can destroy "
        "data.",
    .rfc =
        "RFC 9293 3.6 (all segments up to the FIN are retransmitted until acknowledged), 3.8.1; RFC 6298 5; "
        "RFC "
        "8985 7",
    .wireshark = "TCP Retransmission (or TCP Spurious Retransmission, if the ACK was captured)",
};

constexpr Example kExamples[] = {
    {"The FIN is lost and retransmitted by the timer", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1  !lost
+.22  A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+.05  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
finding fin_retransmitted frame 4 frame 5 endpoint client severity note certainty certain count 1
)"},
    {"The ACK of the FIN is lost after the capture point", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2  !lost
+.17  A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+.10  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
finding fin_retransmitted frame 4 frame 5 frame 6 endpoint client count 1
)"},
    {"A FIN with the last data is retransmitted twice", R"(
handshake
+.10  A > B  FP. 1:101(100) ack 1  !lost
+.25  A > B  FP. 1:101(100) ack 1  !lost
+.50  A > B  FP. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 102
+.01  A > B  .  102:102(0) ack 2
finding fin_retransmitted frame 4 frame 5 frame 6 endpoint client count 2
)"},
    {"A FIN captured twice", R"(
handshake
+.10     A > B  F. 1:1(0) ack 1 id 4711
+.00002  A > B  F. 1:1(0) ack 1 id 4711  !lost
+.01     A < B  F. 1:1(0) ack 2
+.01     A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"Normal close: both FINs and their ACKs", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:301(300) ack 101
+.01  A > B  F. 101:101(0) ack 301
+.01  A < B  F. 301:301(0) ack 102
+.01  A > B  .  102:102(0) ack 302
no finding
)",
     true},
    {"Data is retransmitted, then the FIN for the first time", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.01  A > B  F. 101:101(0) ack 1
+.01  A < B  F. 1:1(0) ack 102
+.01  A > B  .  102:102(0) ack 2
no finding
)",
     true},
};

std::string cause_text(const FlowFacts& flow, Side side, const FinVerdict& fin, bool acked) {
  if (!acked) return "no ACK of it had passed before: the FIN or its ACK was lost";
  const TimeNs since = fin.resends.front().time_ns() - fin.acked_by.time_ns();
  const std::string who(role(flow, side));
  if (since <= flow.rtt(side).value_or(0))
    return "an ACK of it had passed only " + duration_text(since) + " before, so the two crossed";
  return "an ACK of it had passed " + duration_text(since) + " before and did not reach the " + who +
         " in time";
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FinVerdict* const fin = context.verdicts.closing.fin(side);
  if (fin == nullptr || fin->resends.empty()) return;
  const auto sendings = fin->sendings();
  const auto steps = intervals(sendings);
  // Packets may stand in the capture in another order than their times.
  const bool acked = fin->acked_by && fin->acked_by.record < fin->resends.front().record &&
                     fin->acked_by.time_ns() <= fin->resends.front().time_ns();
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, sendings);
  if (acked) cite(finding, fin->acked_by);
  finding.count = fin->resends.size();
  finding.summary = "The " + std::string(role(context.flow, side)) + " retransmitted its FIN " +
                    times_text(fin->resends.size()) + " (after " + durations_text(steps) + "); " +
                    cause_text(context.flow, side, *fin, acked) + ".";
  prove(finding, "resends", fin->resends.size());
  prove(finding, "intervals_ns", steps);
  prove(finding, "acked_before_resend", acked);
  if (acked) prove(finding, "ack_to_resend_ns", fin->resends.front().time_ns() - fin->acked_by.time_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector fin_retransmitted{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine_end = &examine_end,
                                        .needs = Needs::TwoEnds | Needs::OddFins};
}

}  // namespace tcpautopsy
