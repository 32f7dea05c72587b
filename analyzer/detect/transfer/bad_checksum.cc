#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "bad_checksum",
    .title = "Bad TCP checksum",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "a wrong TCP checksum from an endpoint whose others are right (offload is told once, scope C)",
    .what =
        "Some segments of an endpoint have a wrong TCP checksum while its others are right: they were "
        "damaged before they passed the capture point. The receiver drops such a segment in silence, as if "
        "it had been lost, and it is retransmitted.\n\nAs a finding about the whole capture, it says that "
        "most "
        "or all segments of some hosts are wrong. Then nothing is damaged: the capture was taken on the "
        "sending host (or its virtual switch), before the network card fills the checksum in.",
    .how_known =
        "The checksum is computed over the pseudo-header, the TCP header and the data. Segments that the "
        "capture cut short cannot be checked and count for neither. It is certain where what a wrong segment "
        "carried was retransmitted; without that it takes three right segments or more for each wrong "
        "one.\n\nWrong checksums of segments that were acknowledged and never retransmitted are the "
        "capture's "
        "own: offload, or segments that the receiving system joined (GRO, LRO) before they were captured. "
        "They count for the finding about the whole capture, and their segments are taken as received.",
    .causes =
        "A faulty line card, cable, memory or driver on the way; corruption in a device that rewrites "
        "packets (NAT, tunnel end, wireless controller) and computes the checksum wrongly. Ethernet's own "
        "check is made anew on every hop, so only damage inside a device, or on the host, comes through to "
        "TCP. Whole-capture finding: checksum offload, segmentation offload, GRO.",
    .confirm =
        "nstat -az TcpInCsumErrors on the receiver counts what it dropped. ethtool -S on the interfaces of "
        "the path (crc, symbol and fcs errors), ethtool -k for tx-checksumming on the capturing host. "
        "Capture on both sides of a device: right before it and wrong behind it names it.",
    .remedy =
        "Find the device by captures on both sides, and replace it or its cable or driver. Where one "
        "interface's offload is broken, ethtool -K DEV tx off works around it and costs CPU. For offload in "
        "the capture itself there is nothing to do.",
    .bad_advice =
        "Turning offload off on a production host so that the capture looks right: it costs CPU, changes the "
        "packets' sizes and timing, and repairs nothing. Ignoring wrong checksums in the analysis by "
        "default: real damage is then never seen.",
    .rfc = "RFC 9293 3.1; RFC 1071",
    .wireshark = "TCP Checksum incorrect, if validation is switched on",
};

constexpr Example kExamples[] = {
    {"One segment of many is damaged and retransmitted", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1  !badsum
+.23   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
+.10   A > B  P. 101:201(100) ack 1
+.01   A < B  .  1:1(0) ack 201
finding bad_checksum frame 4 endpoint client severity note certainty certain count 1
)"},
    {"The server's FIN is damaged, and retransmitted", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:51(50) ack 101
+.01   A < B  F. 51:51(0) ack 101  !badsum
+.01   A > B  .  101:101(0) ack 51
+.23   A < B  F. 51:51(0) ack 101
+.01   A > B  F. 101:101(0) ack 52
+.01   A < B  .  52:52(0) ack 102
finding bad_checksum frame 6 endpoint server severity note certainty certain count 1
)"},
    {"Wrong in the capture, yet the data arrived: the receiving system joined segments", R"(
handshake
+.10   A < B  P. 1:101(100) ack 1  !badsum
+.01   A > B  .  1:1(0) ack 101
+.10   A < B  P. 101:201(100) ack 1  !badsum
+.01   A > B  .  1:1(0) ack 201
+.10   A < B  P. 201:301(100) ack 1
+.01   A > B  .  1:1(0) ack 301
+.10   A < B  P. 301:401(100) ack 1
+.01   A > B  .  1:1(0) ack 401
no finding
)",
     true},
    {"All of one endpoint are wrong: the card fills them in", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>  !badsum
+.020  A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1  !badsum
+.10   A > B  P. 1:101(100) ack 1  !badsum
+.02   A < B  .  1:1(0) ack 101
+.10   A > B  F. 101:101(0) ack 1  !badsum
+.02   A < B  F. 1:1(0) ack 102
+.0001 A > B  .  102:102(0) ack 2  !badsum
no finding
)",
     true},
    {"All are right", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const ChecksumFacts& sums = context.transfer->marks[index(side)].checksums;
  if (!sums.corrupted()) return;
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = sums.repeated > 0 ? Certainty::Certain : Certainty::Likely;
  cite(finding, sums.wrong);
  finding.count = sums.bad;
  finding.summary = count_text(sums.bad, "segment") + " of the " + std::string(role(flow, side)) +
                    " with a wrong TCP checksum, while " + std::to_string(sums.right) + " are right" +
                    (sums.repeated > 0 ? "; " + std::to_string(sums.repeated) + " retransmitted." : ".");
  prove(finding, "wrong", sums.bad);
  prove(finding, "right", sums.right);
  prove(finding, "not_checked", sums.unverified);
  prove(finding, "acknowledged_unrepeated", sums.accepted);
  prove(finding, "sent_again", sums.repeated);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector bad_checksum{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
