#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "sequence_rewritten",
    .title = "Sequence numbers rewritten by a middlebox",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "SACK or ACK numbers that fit no byte sent: a middlebox rewrites sequence numbers on one side",
    .what =
        "The endpoint acknowledges numbers that its peer never sent, far from all it did send, again and "
        "again, and the connection goes on. A device on the way gives one direction other sequence numbers "
        "(a firewall that randomises them) and translates them back in one place and not in another: most "
        "often in the acknowledgment, but not in the SACK option.\n\nThe sender discards such SACK blocks; "
        "some stacks drop the whole segment. Loss recovery then works as without SACK, one hole in a "
        "round trip, or by timeout.",
    .how_known =
        "SACK blocks more than 64 MB from the acknowledgment in the same segment, twice or more; or ACK "
        "numbers more than 64 MB from all that the peer was seen to send, three times or more and more often "
        "than fitting ones, while the peer goes on sending new data. No loss in the capture and no late "
        "start of it puts a number that far. RSTs and single strays do not count.",
    .causes =
        "A firewall with sequence randomisation that does not adapt SACK (older Cisco PIX and ASA software, "
        "some load balancers and WAN optimisers in one direction only). Two captures merged into one that "
        "were taken on both sides of such a device, or a tap that sees one direction before it and the other "
        "behind it: then the network is fine.",
    .confirm =
        "Capture on both sides of the suspected device and compare the SYN's sequence number. On the sender, "
        "nstat -az TcpExtTCPSACKDiscard grows with each useless block; ss -tino shows retransmissions "
        "without sacked.",
    .remedy =
        "Turn sequence randomisation off for the connection class on that device (on ASA: set connection "
        "random-sequence-number disable), or update it; hosts of today choose their initial numbers at "
        "random themselves (RFC 6528). Where that cannot be done, the device must clear SACK-permitted from "
        "the SYNs, which costs recovery speed.",
    .bad_advice =
        "Turning SACK off on the hosts (net.ipv4.tcp_sack=0): it hides the device's fault and slows recovery "
        "on every other path too.",
    .rfc = "RFC 2018 3; RFC 9293 3.10.7.4; RFC 6528",
    .wireshark = "TCP ACKed unseen segment, or nothing for the SACK option",
};

constexpr Example kExamples[] = {
    {"The acknowledgment is translated, the SACK option is not", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1  !lost
+.0001 A > B  .  1461:2921(1460) ack 1
+.0001 A > B  .  2921:4381(1460) ack 1
+.010  A < B  .  1:1(0) ack 1 <sack 900001461:900002921>
+.0001 A < B  .  1:1(0) ack 1 <sack 900001461:900004381>
+.23   A > B  .  1:1461(1460) ack 1
+.010  A < B  .  1:1(0) ack 4381
finding sequence_rewritten frame 7 frame 8 endpoint server severity note certainty certain count 2
)"},
    {"A tap that sees one direction before the device and the other behind it", R"(
+0     A > B  P. 1:101(100) ack 1
+.010  A < B  .  1:1(0) ack 300000101
+.10   A > B  P. 101:201(100) ack 1
+.010  A < B  .  1:1(0) ack 300000201
+.10   A > B  P. 201:301(100) ack 1
+.010  A < B  .  1:1(0) ack 300000301
+.10   A > B  P. 301:401(100) ack 1
+.010  A < B  .  1:1(0) ack 300000401
+.10   A > B  P. 401:501(100) ack 1
finding sequence_rewritten frame 2 frame 4 frame 6 frame 8 endpoint server certainty likely count 4
)"},
    {"Plain SACK, and a DSACK", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1  !lost
+.0001 A > B  .  1461:2921(1460) ack 1
+.0001 A > B  .  2921:4381(1460) ack 1
+.010  A < B  .  1:1(0) ack 1 <sack 1461:2921>
+.0001 A < B  .  1:1(0) ack 1 <sack 1461:4381>
+.0001 A > B  .  1:1461(1460) ack 1
+.010  A < B  .  1:1(0) ack 4381 <sack 1:1461>
+.0001 A < B  .  1:1(0) ack 4381 <sack 1461:2921>
no finding
)",
     true},
    {"The capture missed a megabyte: the ACKs are ahead, but not far", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.010  A < B  .  1:1(0) ack 1000001
+.0001 A < B  .  1:1(0) ack 1100001
+.0001 A < B  .  1:1(0) ack 1200001
+.0001 A > B  .  1200001:1201461(1460) ack 1
+.010  A < B  .  1:1(0) ack 1201461
no finding
)",
     true},
    {"One stray segment with foreign numbers", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.010  A < B  .  1:1(0) ack 300000101
+.010  A < B  .  1:1(0) ack 101
+.10   A > B  P. 101:201(100) ack 1
+.010  A < B  .  1:1(0) ack 201
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const StrangeNumberFacts& strange = context.transfer->marks[index(side)].strange;
  if (!strange.rewritten()) return;
  const bool sacks = strange.sacks.count() > 1;
  const Incidents& told = sacks ? strange.sacks : strange.acks;
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = sacks ? Certainty::Certain : Certainty::Likely;
  cite(finding, told);
  finding.count = told.count();
  finding.summary = std::string(sacks ? "SACK blocks" : "Acknowledgments") + " of the " +
                    std::string(role(flow, side)) + " fit no octet that its peer sent (" +
                    count_text(told.count(), "segment") +
                    "): a device on the way rewrites sequence numbers on one side.";
  prove(finding, "strange_sacks", strange.sacks.count());
  prove(finding, "strange_acks", strange.acks.count());
  prove(finding, "fitting_acks", strange.plain_acks);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector sequence_rewritten{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
