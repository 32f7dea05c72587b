#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "capture_loss",
    .title = "Packets missed by the capture",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "an ACK for bytes never seen at T that no one sends again: the capture missed them, not the network",
    .what =
        "The receiver acknowledged data that the capture never shows, and nobody retransmitted them. They "
        "crossed the network; only the capture has a hole.\n\n"
        "Everything else said of this connection rests on an incomplete record: a duplicate ACK, a zero "
        "window or a FIN may be missing as well.",
    .how_known =
        "An ACK covers sequence numbers between or behind the captured segments of its peer that never "
        "passed, neither before nor later in the capture. Data captured shortly after their ACK fill the "
        "hole: that is the order of the capture. It is not said where only one direction of a connection "
        "was captured, and one number at the very end may be a FIN.",
    .causes =
        "The capturing host could not keep up (small buffer, slow disk, one busy core). A mirror port that "
        "carries more than its own speed, for instance both directions of a full link. A capture filter or "
        "a split of flows over several capture points (ECMP, bonding) that leaves packets out. A packet "
        "sampler.",
    .confirm =
        "The last line of tcpdump counts packets dropped by the kernel; pcapng files carry it as "
        "isb_ifdrop, which capinfos -M shows. ethtool -S DEV on the capturing host (rx_missed_errors, "
        "rx_no_buffer_count). The switch's counter of drops on the mirror port.",
    .remedy =
        "A larger buffer (tcpdump -B 65536), a shorter snap length (-s 128 keeps all headers), a filter, "
        "and no name lookup (-n). For a mirror port: mirror one direction, or use a tap. The cost is memory "
        "or less payload.",
    .bad_advice = "Calling these packets lost by the network: the receiver acknowledged them.",
    .rfc = "RFC 9293 3.4 (an acknowledgment covers all octets before it)",
    .wireshark = "TCP ACKed unseen segment, TCP Previous segment not captured",
};

constexpr Example kExamples[] = {
    {"Data acknowledged and never seen, between captured segments", R"(
handshake
+.10  A > B  P. 1:1001(1000) ack 1
+0    A > B  P. 1001:2001(1000) ack 1  !unseen
+0    A > B  P. 2001:3001(1000) ack 1
+.01  A < B  .  1:1(0) ack 3001
+.10  A > B  F. 3001:3001(0) ack 1
+.01  A < B  F. 1:1(0) ack 3002
+.01  A > B  .  3002:3002(0) ack 2
finding capture_loss frame 6 endpoint client severity note count 1
)"},
    {"The end of a response is missing", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:1001(1000) ack 101
+0    A < B  P. 1001:1501(500) ack 101  !unseen
+.01  A > B  .  101:101(0) ack 1501
+.10  A > B  P. 101:201(100) ack 1501
+.01  A < B  .  1501:1501(0) ack 201
finding capture_loss frame 6 endpoint server count 1
)"},
    {"The ACK was captured before its data", R"(
handshake
+.10    A > B  P. 1:1001(1000) ack 1
+.01    A < B  .  1:1(0) ack 2001
+.0001  A > B  P. 1001:2001(1000) ack 1
+.01    A < B  P. 1:101(100) ack 2001
+.01    A > B  .  2001:2001(0) ack 101
no finding
)",
     true},
    {"Lost before the capture point and retransmitted", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:1001(1000) ack 1  !unseen
+0    A > B  P. 1001:2001(1000) ack 1
+.01  A < B  .  1:1(0) ack 1 <sack 1001:2001>
+.02  A > B  P. 1:1001(1000) ack 1
+.01  A < B  .  1:1(0) ack 2001
no finding
)",
     true},
    {"An ACK of what was never sent: its sender goes on below it", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 3101
+.01  A < B  .  101:101(0) ack 101
+.50  A > B  .  101:101(0) ack 3101
+.01  A < B  .  101:101(0) ack 101
no finding
)",
     true},
    {"Only one direction was captured", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.10  A > B  P. 1101:1201(100) ack 1
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  if (flow.one_sided()) return;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.unseen) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.unseen);
  finding.summary = "The " + std::string(role(flow, other(side))) + " acknowledged " +
                    count_text(facts.missing_octets, "octet") + " of the " + std::string(role(flow, side)) +
                    " in " + count_text(finding.count, "gap") +
                    " that the capture never saw and nobody retransmitted: the capture missed them.";
  prove(finding, "missing_octets", facts.missing_octets);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector capture_loss{.doc = kDoc,
                                   .examples = kExamples,
                                   .examine_end = &examine_end,
                                   .needs = Needs::Transfer | Needs::Disorder};
}

}  // namespace tcpautopsy
