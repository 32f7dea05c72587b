#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "overlap_conflict",
    .title = "Retransmitted data differ from the original",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when = "bytes retransmitted differ from those first sent at the same sequence numbers",
    .what =
        "The same sequence numbers passed twice with different content. TCP sends again what it sent before; "
        "which of the two the receiver took depends on its system and on which arrived first.\n\n"
        "A device that inspects the stream may have seen the other one.",
    .how_known =
        "The checksum of every segment covers its payload, and no payload is kept: where a segment repeats "
        "one or several earlier segments from end to end, the sums of the payloads are compared. A segment "
        "that repeats parts only is not judged, nor one whose TCP checksum is wrong or could not be verified "
        "(offload, short snap length), nor a single octet, which keep-alives and window probes fill with "
        "anything. A change that leaves the 16-bit sum as it was is not seen.",
    .causes =
        "A middlebox that changes payload and does not keep what it sent (an application layer gateway, "
        "header insertion, an inspecting proxy). Injected data: an ad injector, an attack on an intrusion "
        "detection system (evasion by overlap) or on the stream. A broken network card or driver that "
        "corrupts data before the checksum is made. Captures from which the payload was anonymised by half.",
    .confirm =
        "Compare the two frames octet by octet. Capture on the sender: if both are alike there, a device on "
        "the way changed one. TTL and IP ID tell whether both came from the same host. On the sender, "
        "ethtool -K DEV tx off rules out the card.",
    .remedy =
        "Find the device and turn its rewriting off, or mend it; encrypt the traffic (TLS), so that a change "
        "is noticed.",
    .bad_advice = "Ignoring it because the transfer completed: the content may be wrong without a sign.",
    .rfc = "RFC 9293 3.8.1, 3.10.7.4 (overlap is trimmed, content is taken as equal)",
    .wireshark = "New fragment overlaps old data (with other data)",
};

constexpr Example kExamples[] = {
    {"The retransmission of a request has other octets", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.30  A > B  P. 1:101(100) ack 1  !other
+.01  A < B  .  1:1(0) ack 101
+.50  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 201
finding overlap_conflict frame 5 endpoint client severity warning count 1
)"},
    {"Two segments are repeated as one, with other octets", R"(
handshake <mss 1460>
+.10  A > B  P. 1:102(101) ack 1  !lost
+0    A > B  P. 102:203(101) ack 1  !lost
+.30  A > B  P. 1:203(202) ack 1  !other
+.01  A < B  .  1:1(0) ack 203
finding overlap_conflict frame 6 endpoint client count 1
)"},
    {"A forged answer with a FIN, and then the real one, which goes on beyond that FIN", R"(
handshake
+.10   A > B  P. 1:301(300) ack 1
+.002  A < B  FP. 1:201(200) ack 301  !other
+.001  A > B  .  301:301(0) ack 202
+.020  A < B  .  1:1461(1460) ack 301
+.001  A < B  P. 1461:2001(540) ack 301
finding overlap_conflict frame 7 endpoint server count 1
)"},
    {"The last data are retransmitted after the FIN", R"(
handshake
+.10   A > B  P. 1:301(300) ack 1  !lost
+.001  A > B  F. 301:301(0) ack 1  !lost
+.30   A > B  FP. 1:301(300) ack 1
+.01   A < B  .  1:1(0) ack 302
no finding
)",
     true},
    {"Two segments are repeated as one", R"(
handshake <mss 1460>
+.10  A > B  P. 1:102(101) ack 1  !lost
+0    A > B  P. 102:203(101) ack 1  !lost
+.30  A > B  P. 1:203(202) ack 1
+.01  A < B  .  1:1(0) ack 203
no finding
)",
     true},
    {"The repeated octet of a keep-alive means nothing", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+60   A > B  .  100:101(1) ack 1  !other
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"A damaged copy has a wrong checksum", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !badsum !other
+.30  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.conflicts) return;
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.conflicts);
  finding.summary = "The " + std::string(role(flow, side)) + " sent " + count_text(finding.count, "segment") +
                    " again with other octets than it had sent at the same sequence numbers";
  if (facts.conflicts_of_one_packet == facts.conflicts.count())
    finding.summary +=
        ", with the IP ID of the first sending: one packet and a copy, altered on the way or in the capture";
  finding.summary += ".";
  prove(finding, "of_one_packet", facts.conflicts_of_one_packet);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector overlap_conflict{.doc = kDoc,
                                       .examples = kExamples,
                                       .examine_end = &examine_end,
                                       .needs = Needs::Transfer | Needs::Disorder};
}

}  // namespace tcpautopsy
