#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "old_duplicate",
    .title = "Old duplicate segment",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when = "a segment of an earlier incarnation arrives in a later one",
    .what =
        "The addresses and ports were in use for a new connection when a segment of the earlier connection "
        "on them passed once more. The receiver normally finds its numbers outside the window and answers "
        "with an ACK; in the unlucky case that they fit, old data would be taken for new.\n\n"
        "This is the very thing that TIME-WAIT, random initial sequence numbers and timestamps (PAWS) guard "
        "against.",
    .how_known =
        "The segment's sequence and ACK numbers fit the earlier incarnation of the 4-tuple and not the later "
        "one, whose SYN had been answered before. The finding stands with the earlier connection, to whose "
        "numbers the segment belongs. "
        "Whether it was held up in the network, copied by it, or sent by a host that does not know of the "
        "new connection, only its timestamp and IP ID may tell.",
    .causes =
        "A path with very long or changing delays, buffers in radio or satellite links, a loop that was "
        "resolved. A device that repeats old segments (a failed-over load balancer or proxy). A host that "
        "had lost the new connection. Very fast reuse of ports.",
    .confirm =
        "nstat -az TcpExtPAWSEstab (refused by timestamp), TcpExtTCPACKSkippedSeq, TcpExtTCPSACKDiscard on "
        "the receiver. Compare the segment's TSval with those of the new connection: it shows the sender's "
        "clock when it was sent.",
    .remedy =
        "Leave timestamps on (net.ipv4.tcp_timestamps=1), at 12 octets a segment. Reuse ports more slowly: "
        "keep connections open, widen net.ipv4.ip_local_port_range. Find the device that holds packets back "
        "for so long.",
    .bad_advice = "Shortening TIME-WAIT makes this more likely, not less.",
    .rfc = "RFC 9293 3.4.1, 3.4.3, 3.10.7.4 first check; RFC 7323 5 (PAWS); RFC 1337",
    .wireshark =
        "TCP Retransmission, TCP Out-Of-Order or TCP Previous segment not captured, after TCP Port numbers "
        "reused",
};

constexpr Example kExamples[] = {
    {"Data of the earlier connection comes again after the ports were reused", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 101
+.01  A > B  F. 101:101(0) ack 2
+.01  A < B  .  2:2(0) ack 102
reuse A 1000000000 B 1500000000
+1    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
+.50  A > B  P. 1:101(100) ack 1  inc 0
+.01  A < B  .  1:1(0) ack 1
finding old_duplicate frame 11 endpoint client severity note
)"},
    {"The old FIN, late", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 1000000000 B 1500000000
+2    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
+.02  A > B  P. 1:51(50) ack 1
+.30  A < B  F. 1:1(0) ack 1  inc 0
+.01  A > B  .  51:51(0) ack 1
finding old_duplicate frame 11 endpoint server
)"},
    {"A repeat within its own connection", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 101
+.01  A > B  F. 101:101(0) ack 2
+.01  A < B  .  2:2(0) ack 102
no finding
)",
     true},
    {"The old connection's repeat comes before the new SYN is answered", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
reuse A 1000000000 B 1500000000
+1    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
    {"Ordinary traffic of the later connection", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 1000000000 B 1500000000
+2    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
+.02  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const EndClosing& end = context.verdicts.closing.of(side);
  const auto& late = end.old_duplicates;
  if (late.empty()) return;
  const TimeNs after = late.front().time_ns() - context.flow.successor->syn.time_ns;
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.certainty = Certainty::Likely;
  finding.count = late.size();
  cite(finding, late);
  finding.summary = count_text(late.size(), "segment") + " of this connection with " +
                    count_text(end.old_octets, "octet") + " came from the " +
                    std::string(role(context.flow, side)) + " " + duration_text(after) +
                    " after the SYN of the next connection on the same ports.";
  prove(finding, "segments", late.size());
  prove(finding, "octets", end.old_octets);
  prove(finding, "after_new_syn_ns", after);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector old_duplicate{.doc = kDoc,
                                    .examples = kExamples,
                                    .examine_end = &examine_end,
                                    .needs = Needs::TwoEnds | Needs::OddClose};
}

}  // namespace tcpautopsy
