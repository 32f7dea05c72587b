#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "out_of_order",
    .title = "Out-of-order segments",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when =
        "a segment filling a gap that was not sent before (IP ID, timestamp, arrival within about an RTT)",
    .what =
        "A segment passed the capture point later than one that was sent after it. It was not retransmitted: "
        "the network, or the capture, changed the order.\n\n"
        "The receiver puts the data in order; meanwhile it sends duplicate ACKs or SACK blocks, and if the "
        "segment is late by more than the sender tolerates, it is retransmitted for nothing.",
    .how_known =
        "The segment fills a gap that was never seen to be sent. Its timestamp (TSval) is older than that of "
        "segments before it, or its IP ID comes before theirs where the host counts them up; where neither "
        "tells, it came within about a round trip and before any duplicate ACK or SACK block could have "
        "made the sender act. A segment lost before the capture point and retransmitted fills a gap too: it "
        "has a later timestamp and IP ID and is told as a retransmission.",
    .causes =
        "Load balancing of packets, not flows, over several links (bonding with balance-rr, ECMP by packet). "
        "A route that changed. Several queues or cores in a router or host. Wi-Fi, whose lost frames come "
        "late. A capture merged from several interfaces, or taken with more than one queue, whose clocks or "
        "order differ.",
    .confirm =
        "ss -ti shows reordering and reord_seen. nstat -az TcpExtTCPSACKReorder TcpExtTCPTSReorder "
        "TcpExtTCPOFOQueue. Capture elsewhere: an order that differs only in one capture is that capture's.",
    .remedy =
        "Hash by flow (bonding xmit_hash_policy layer3+4, ECMP by flow). That costs a single flow the use of "
        "more than one link.",
    .bad_advice =
        "Raising net.ipv4.tcp_reordering is not needed with RACK, which adapts, and delays recovery from "
        "real loss.",
    .rfc = "RFC 9293 3.10.7.4; RFC 4737; RFC 8985 3.2",
    .wireshark = "TCP Out-Of-Order",
};

constexpr Example kExamples[] = {
    {"Two segments swapped, by their IP ID", R"(
handshake <mss 1460,sackOK>
+.10    A < B  P. 1:101(100) ack 1 id 1
+.001   A < B  P. 101:201(100) ack 1 id 2
+.001   A < B  P. 201:301(100) ack 1 id 3
+.001   A < B  P. 301:401(100) ack 1 id 4
+.001   A < B  P. 401:501(100) ack 1 id 5
+.001   A < B  P. 601:701(100) ack 1 id 7
+.0005  A < B  P. 501:601(100) ack 1 id 6
+.01    A > B  .  1:1(0) ack 701
finding out_of_order frame 10 endpoint server severity info count 1
)"},
    {"Late by three milliseconds, without IP ID or timestamps", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1461:2921(1460) ack 1
+.003  A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
finding out_of_order frame 5 endpoint server count 1
)"},
    {"Lost before the capture point and retransmitted after SACK", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1  !unseen
+0     A < B  .  1461:2921(1460) ack 1
+.01   A > B  .  1:1(0) ack 1 <sack 1461:2921>
+.02   A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
no finding
)",
     true},
    {"A retransmission within the round trip of the handshake", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.005  A > B  P. 101:201(100) ack 1
+.005  A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 201
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.out_of_order) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.out_of_order);
  const TimeNs late = facts.out_of_order.longest_ns();
  finding.summary = count_text(finding.count, "segment") + " of the " + std::string(role(flow, side)) +
                    " passed after later ones";
  if (late > 0) finding.summary += (finding.count == 1 ? ", by " : ", by at most ") + duration_text(late);
  finding.summary += ".";
  prove(finding, "longest_late_ns", late);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector out_of_order{.doc = kDoc,
                                   .examples = kExamples,
                                   .examine_end = &examine_end,
                                   .needs = Needs::Transfer | Needs::Disorder};
}

}  // namespace tcpautopsy
