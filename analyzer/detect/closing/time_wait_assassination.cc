#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_assassination",
    .title = "TIME-WAIT assassination",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when = "old duplicate, ACK, RST: a TIME-WAIT ended early (RFC 1337)",
    .what =
        "A late segment of a closed connection reached the endpoint in TIME-WAIT. It answered with an ACK, "
        "as it must; the other endpoint, long CLOSED, answered that ACK with a RST; and the RST ends "
        "TIME-WAIT before its time. "
        "From then on late duplicates of the old connection may reach a new one on the same ports (RFC 1337 "
        "calls this TIME-WAIT assassination).",
    .how_known =
        "After both FINs and their ACKs: a segment toward the endpoint in TIME-WAIT, its ACK, and a RST "
        "numbered by that ACK. Whether the endpoint obeyed the RST is not on the wire (net.ipv4.tcp_rfc1337 "
        "makes Linux ignore it); hence 'likely'.",
    .causes =
        "A packet duplicated or held up in the network, or repeated by a device on the path after both ends "
        "had closed. A keep-alive of a middlebox. A FIN that was retransmitted just as its ACK arrived.",
    .confirm =
        "On the endpoint: sysctl net.ipv4.tcp_rfc1337; ss -tan state time-wait shows whether the entry is "
        "gone; nstat -az TcpExtTWKilled counts those gone early. The late segment's IP ID and timestamp show "
        "when it was really sent.",
    .remedy =
        "Usually none: the chance that a new connection is harmed is small with random initial sequence "
        "numbers and timestamps. Where ports are reused fast, sysctl net.ipv4.tcp_rfc1337=1 keeps TIME-WAIT, "
        "at the cost of refusing legitimate RSTs there too, so that entries stay their full time.",
    .bad_advice = "It is no attack in itself and no reason to shorten or lengthen TIME-WAIT.",
    .rfc = "RFC 1337; RFC 9293 3.10.7.4 second check (TIME-WAIT: RST enters CLOSED)",
    .wireshark = "TCP Spurious Retransmission or TCP Dup ACK, then a plain [RST]",
};

constexpr Example kExamples[] = {
    {"A late duplicate of data", R"(
handshake
+.10  A < B  P. 1:101(100) ack 1
+.01  A > B  F. 1:1(0) ack 101
+.01  A < B  F. 101:101(0) ack 2
+.01  A > B  .  2:2(0) ack 102
+8    A < B  P. 1:101(100) ack 1
+.01  A > B  .  2:2(0) ack 102
+.01  A < B  R  102:102(0)
finding time_wait_assassination frame 8 frame 9 frame 10 endpoint client severity note certainty likely
)"},
    {"A late duplicate of the last FIN; the server held TIME-WAIT", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
+20   A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
+.01  A > B  R  2:2(0)
finding time_wait_assassination frame 7 frame 8 frame 9 endpoint server
)"},
    {"The last FIN is repeated since its ACK was lost, and acknowledged again", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The repeat is answered by RST: TIME-WAIT was gone before", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  R  2:2(0)
no finding
)",
     true},
    {"Data after a half close is answered by RST", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+.10  A < B  P. 1:101(100) ack 2
+.01  A > B  R  2:2(0)
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& found = context.verdicts.closing.of(side).assassination;
  if (!found) return;
  const TimeNs time_wait = context.verdicts.profile.time_wait;
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.certainty = Certainty::Likely;
  cite(finding, found->late);
  cite(finding, found->ack);
  cite(finding, found->reset);
  finding.summary = "A late segment made the " + std::string(role(context.flow, side)) +
                    " send an ACK from TIME-WAIT, and the RST that answered it ends TIME-WAIT after " +
                    duration_text(found->age_ns) + " of " + duration_text(time_wait) + ".";
  prove(finding, "time_wait_age_ns", found->age_ns);
  prove(finding, "late_segment_octets", found->octets);
  prove(finding, "late_segment_is_fin", found->late_is_fin);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_assassination{.doc = kDoc,
                                              .examples = kExamples,
                                              .examine_end = &examine_end,
                                              .needs = Needs::TwoEnds | Needs::OddClose};
}

}  // namespace tcpautopsy
