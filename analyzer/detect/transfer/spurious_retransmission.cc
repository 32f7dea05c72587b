#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "spurious_retransmission",
    .title = "Spurious retransmission",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when =
        "data retransmitted, all of it, that an ACK seen before, a DSACK after, or timestamps (Eifel) show "
        "was "
        "received",
    .what =
        "An endpoint retransmitted data although the receiver had them already. The octets are wasted, and "
        "the "
        "sender lowers its rate for a loss that was none, unless it finds that out (F-RTO, Eifel, DSACK).\n\n"
        "It is told beside the finding for the way in which they were retransmitted: a timeout, fast "
        "retransmission or a probe.",
    .how_known =
        "One of three. An ACK or SACK block that covers the data had passed the capture point before they "
        "were retransmitted. Or the receiver reported them as a duplicate afterwards (DSACK). Or the first "
        "ACK "
        "after them echoes a timestamp older than theirs, so it answers the first sending (Eifel). A network "
        "that doubles packets may cause a DSACK too.",
    .causes =
        "ACKs lost or held up on the way back. Delay that grew suddenly beyond the timer: a queue that "
        "filled, Wi-Fi, mobile networks, a paused virtual machine. Packets out of order by more "
        "than three. A receiver whose delayed ACK comes later than the sender's timer. A needless tail loss "
        "probe.",
    .confirm =
        "nstat -az TcpExtTCPDSACKRecv TcpExtTCPSpuriousRTOs TcpExtTCPFullUndo TcpExtTCPDSACKUndo on the "
        "sender, TcpExtTCPDSACKOldSent on the receiver. ss -ti shows dsack_dups and reordering.",
    .remedy =
        "Look at the way back of the ACKs and at delay. Keep timestamps and SACK on: with them the sender "
        "undoes the slowdown. An rto_min set lower than the receiver's delayed ACK should be raised.",
    .bad_advice =
        "Turning timestamps or DSACK off (net.ipv4.tcp_dsack=0) hides the evidence and leaves the sender "
        "slow.",
    .rfc = "RFC 2883 4; RFC 3522 3; RFC 5682; RFC 3708",
    .wireshark = "TCP Spurious Retransmission",
};

constexpr Example kExamples[] = {
    {"The ACK was lost behind the capture point", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101  !lost
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
finding spurious_retransmission frame 6 endpoint client severity info count 1
)"},
    {"The receiver reports a duplicate", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101  !unseen
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101 <sack 1:101>
finding spurious_retransmission frame 5 endpoint client count 1
)"},
    {"Lost, repeated and acknowledged", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"Captured before its data: the ACK of a segment in the middle of a stream", R"(
+0    A < B  .  500:500(0) ack 2001
+.01  A > B  P. 1001:2001(1000) ack 500
+.01  A < B  .  500:500(0) ack 2001
+.10  A > B  P. 2001:3001(1000) ack 500
+.01  A < B  .  500:500(0) ack 3001
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.spurious) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.spurious);
  const std::uint64_t resends = facts.retransmissions;
  finding.summary = "The " + std::string(role(flow, side)) + " sent " +
                    count_text(finding.count, "data segment") + " again that the " +
                    std::string(role(flow, other(side))) + " had already, of " + std::to_string(resends) +
                    " retransmitted in all.";
  prove(finding, "retransmissions", resends);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector spurious_retransmission{.doc = kDoc,
                                              .examples = kExamples,
                                              .examine_end = &examine_end,
                                              .needs = Needs::Transfer | Needs::Resends};
}

}  // namespace tcpautopsy
