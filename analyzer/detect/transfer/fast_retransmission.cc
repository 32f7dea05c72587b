#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "fast_retransmission",
    .title = "Fast retransmission",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when = "data retransmitted after duplicate ACKs or SACK holes (RACK counts)",
    .what =
        "The receiver told by duplicate ACKs or SACK blocks that later data had arrived and earlier data had "
        "not, and the sender sent those again at once. The transfer goes on meanwhile; the sender lowers its "
        "congestion window by a part (30 % with CUBIC).\n\n"
        "This is how TCP should recover, and how it finds out what the path can carry. It is worth a look "
        "only where the rate is too low for the round trip.",
    .how_known =
        "Before the segment was retransmitted, SACK blocks above it or three duplicate ACKs had passed, "
        "early "
        "enough to have reached the sender by the round trip between it and the capture point; and an ACK "
        "came so shortly before that a timer cannot have done it. RACK, which waits for a part of the round "
        "trip after the first SACK, counts. So does what was retransmitted before everything sent until then "
        "was acknowledged.\n\n"
        "What an ICMP message of a smaller path MTU makes the sender repeat, and data that a SYN carried and "
        "the SYN-ACK did not take, were not asked for by loss and do not count.",
    .causes =
        "A full queue at the narrowest hop, which is usual for bulk transfers. A policer or a shaper with "
        "a small burst. Errors on a link: Wi-Fi, a bad cable or optic. Packets out of order "
        "(per-packet load balancing): then the retransmissions are needless and spurious_retransmission is "
        "told as well.",
    .confirm =
        "nstat -az TcpExtTCPFastRetrans TcpExtTCPSackRecovery TcpExtTCPLostRetransmit on the sender. ss -ti "
        "shows cwnd, ssthresh, retrans and reordering. Drops on the way: tc -s qdisc, ethtool -S, the "
        "switch's port counters.",
    .remedy =
        "None at a low rate. Where loss limits the rate: a queue with active management (fq_codel) instead "
        "of a policer, fewer errors on the link, or congestion control that does not take each loss as "
        "congestion (BBR); the latter costs other flows on the same bottleneck their share.",
    .bad_advice =
        "Each retransmission is not an error of the network: a transfer that fills its path loses packets "
        "by design. Larger buffers at the bottleneck trade loss for delay that hurts everyone else.",
    .rfc = "RFC 5681 3.2; RFC 6675; RFC 8985 6; RFC 2018",
    .wireshark = "TCP Fast Retransmission, TCP Retransmission",
};

constexpr Example kExamples[] = {
    {"Three duplicate ACKs, then the missing segment", R"(
handshake <mss 1460>
+.10   A < B  .  1:1461(1460) ack 1  !lost
+0     A < B  .  1461:2921(1460) ack 1
+0     A < B  .  2921:4381(1460) ack 1
+0     A < B  .  4381:5841(1460) ack 1
+.01   A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1
+.01   A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 5841
finding fast_retransmission frame 11 endpoint server severity info count 1
)"},
    {"One SACK block is enough for RACK", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1  !lost
+0     A < B  P. 1461:2921(1460) ack 1
+.01   A > B  .  1:1(0) ack 1 <sack 1461:2921>
+.015  A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
finding fast_retransmission frame 7 endpoint server count 1
)"},
    {"A router asked for smaller segments", R"(
handshake <mss 1460,sackOK>
+.10   A > B  .  1:1461(1460) ack 1  !lost
+.0001 A > B  P. 1461:1501(40) ack 1
+.005  icmp to A type 3 code 4 quotes 1 mtu 1400 from 10.0.0.254
+.006  A < B  .  1:1(0) ack 1 <sack 1461:1501>
+.0001 A > B  .  1:1361(1360) ack 1
+0     A > B  P. 1361:1461(100) ack 1
+.01   A < B  .  1:1(0) ack 1501
no finding
)",
     true},
    {"The SYN's data were refused", R"(
+0     A > B  S  0:300(300) <mss 1460,sackOK,tfo 8>
+1     A > B  S  0:0(0) <mss 1460,sackOK>
+.02   A < B  S. 0:0(0) ack 1 <mss 1460,sackOK>
+.0001 A > B  P. 1:301(300) ack 1
+.02   A < B  .  1:1(0) ack 301
no finding
)",
     true},
    {"A segment late by reordering was not retransmitted", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1461:2921(1460) ack 1 id 8
+.001  A < B  .  1:1461(1460) ack 1 id 7
+.01   A > B  .  1:1(0) ack 2921
no finding
)",
     true},
    {"The timer ran out although SACK blocks had come", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1  !lost
+0     A < B  P. 1461:2921(1460) ack 1
+.01   A > B  .  1:1(0) ack 1 <sack 1461:2921>
+.40   A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.fast) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.fast);
  finding.summary = "The " + std::string(role(flow, side)) + " sent " +
                    count_text(facts.fast.count(), "data segment") +
                    " again as soon as the receiver's ACKs showed that later data had arrived without them.";
  prove(finding, "first_unseen", facts.first_unseen);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector fast_retransmission{.doc = kDoc,
                                          .examples = kExamples,
                                          .examine_end = &examine_end,
                                          .needs = Needs::Transfer | Needs::Resends};
}

}  // namespace tcpautopsy
