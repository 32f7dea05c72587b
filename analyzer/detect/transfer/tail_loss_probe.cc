#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "tail_loss_probe",
    .title = "Tail loss probe",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when =
        "the highest segment sent, or new data, sent once at about 2 SRTT (plus up to 200 ms when one "
        "segment was in flight, RFC 8985 7.2) with no other cause; a timeout after it starts a new series",
    .what =
        "No ACK came for the last data sent, and the sender repeated the highest segment after about two "
        "round trips to provoke one, before the retransmission timer ran out.\n\n"
        "If the end of a burst was lost, the answer to the probe shows it and fast recovery repairs the "
        "rest: the loss costs two round trips in place of a timeout. If only the ACK was late, the probe "
        "was needless and does no harm.",
    .how_known =
        "The highest segment passed again, once, with no duplicate ACK or SACK block before it and nothing "
        "else retransmitted, not later than about 2 round trips, or 200 ms more if it was the only segment "
        "under way. Linux sends such a lone probe no later than its timer would: then the next interval "
        "tells, since the timer starts anew after a probe and doubles after a timeout. A probe that carries "
        "new data cannot be told from a late write and is not counted.",
    .causes =
        "Loss of the last segment of a burst or of its ACK. A receiver that delays its ACK longer than the "
        "sender expects. A pause of the receiver (CPU, power saving, Wi-Fi).",
    .confirm =
        "nstat -az TcpExtTCPLossProbes TcpExtTCPLossProbeRecovery on the sender: the difference is probes "
        "that were needless.",
    .remedy = "None. Where it is frequent, look for the loss or the delay behind it.",
    .bad_advice =
        "net.ipv4.tcp_early_retrans=0 makes the probes go away and the stalls longer: each tail loss then "
        "waits for a timeout.",
    .rfc = "RFC 8985 7",
    .wireshark = "TCP Retransmission",
};

constexpr Example kExamples[] = {
    {"The last of two segments is lost and repeated after two round trips", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1
+0     A < B  P. 1461:2921(1460) ack 1  !lost
+.01   A > B  .  1:1(0) ack 1461
+.235  A < B  P. 1461:2921(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
finding tail_loss_probe frame 7 endpoint server severity info count 1
)"},
    {"A lone segment: the probe, then a timeout after the same interval", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.23  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
finding tail_loss_probe frame 5 endpoint client count 1
finding retransmission_timeout frame 6 endpoint client count 1
)"},
    {"Without SACK there are no probes", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"What was lost goes out with new data behind it: the retransmission timer", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:601(600) ack 1
+.01  A < B  .  1:1(0) ack 601
no finding
)",
     true},
    {"Much later than a probe: a timeout", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+1.0  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.probes) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.probes);
  finding.summary = "The " + std::string(role(flow, side)) + " retransmitted its last segment " +
                    times_text(finding.count) + " as a tail loss probe, " + longest_wait_text(facts.probes) +
                    ".";
  prove(finding, "longest_wait_ns", facts.probes.longest_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector tail_loss_probe{.doc = kDoc,
                                      .examples = kExamples,
                                      .examine_end = &examine_end,
                                      .needs = Needs::Transfer | Needs::Resends};
}

}  // namespace tcpautopsy
