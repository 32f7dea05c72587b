#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "connect_aborted",
    .title = "Connection attempt aborted by the client",
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "the client aborts the connection attempt: RST after the SYN-ACK, or the SYN-ACK meets a socket that "
        "is "
        "gone; also a half-open scan",
    .what =
        "The server answered the SYN, and the client answered the SYN-ACK with a RST in place of the ACK. "
        "The server drops its half-open entry and its application never hears of the attempt.\n\n"
        "Closing a socket in SYN-SENT sends nothing: the client's kernel forgets it, and the SYN-ACK that "
        "comes later meets no socket and is reset (RFC 9293 3.10.7.1).",
    .how_known =
        "SYN, a SYN-ACK that acknowledges it, and a RST of the client, with no segment of the client "
        "between that acknowledges the SYN-ACK. A RST without ACK whose number is the SYN-ACK's ack is "
        "what a kernel sends without a socket; a RST with ACK comes from a socket or a program.\n\n"
        "Where the same SYN goes on after the RST, the socket that connects did not send it: it never saw "
        "the "
        "SYN-ACK.\n\n"
        "A half-open (SYN) scan looks the same: the scanner's kernel resets the SYN-ACK that it never "
        "asked for. SYNs with few options and one small window, to many ports, give that away (port_scan). "
        "A stateful firewall near the client that answers for it looks the same too.",
    .causes =
        "An application timeout or cancel just shorter than the round trip or the server's answer. Happy "
        "Eyeballs or connection racing (RFC 8305): the loser is closed. A health check that closes at "
        "once. A process that was killed while connecting. A SYN scan.",
    .confirm =
        "The time from SYN to SYN-ACK in the evidence against the client's connect timeout. On the client: "
        "nstat -az TcpAttemptFails TcpOutRsts, and the application's log of cancelled connects. On the "
        "server: nstat -az TcpExtEmbryonicRsts counts these resets.",
    .remedy =
        "Raise a connect timeout that lies below the round trip (and below 1 s: one lost SYN needs more "
        "than that), at the price of slower failure. For racing clients nothing is to be done. Block or "
        "limit scanners at the edge if they matter.",
    .bad_advice =
        "This is not a refusal and not the server's doing; nothing in the server's backlog or its limits "
        "changes it.",
    .rfc = "RFC 9293 3.5.2 group 1, 3.5.3, 3.10.4 (CLOSE in SYN-SENT), 3.10.7.1",
    .wireshark = "Connection reset (RST)",
};

constexpr Example kExamples[] = {
    {"The SYN-ACK meets a socket that is gone", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.08  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
finding connect_aborted frame 1 frame 2 frame 3 endpoint client severity note count 1 likely none
)"},
    {"Aborted by a RST with ACK after a repeated SYN-ACK", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R.  1:1(0) ack 1
finding connect_aborted frame 4 endpoint client count 1
)"},
    {"Each SYN-ACK is answered by RST at once, and the same SYN goes on: it arrived, and the socket waits",
     R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.0001 A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  R   1:1(0)
+1     A > B  S   0:0(0)        <mss 1460>
+.0001 A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  R   1:1(0)
finding connect_aborted frame 1 frame 2 frame 3 endpoint client severity note count 1 likely socket_waits
no finding syn_ack_lost
)"},
    {"The RST comes after the handshake's ACK", R"(
handshake
+.01  A > B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"The server resets", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
no finding
)",
     true},
    {"The SYN-ACK answers no SYN of this client", R"(
+0    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
no finding
)",
     true},
    {"The client aborts later, after data", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:11(10) ack 1
+.01  A < B  .   1:1(0) ack 11
+.01  A > B  R.  11:11(0) ack 1
no finding
)",
     true},
};

std::string_view who_reset(const OpeningReset& rst) {
  if (rst.syn_again)
    return "the SYN-ACK arrived, yet the same SYN was retransmitted, so the socket still waits: a firewall, "
           "or "
           "another host of that address, resets in its place.";
  return rst.bare ? "its socket was gone by then, or this is a half-open scan."
                  : "its socket or program aborted the connect.";
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const OpeningReset& rst = opening.client_rst;
  if (!rst || opening.syns.empty() || opening.syn_acks.first.record > rst.segment.record) return;
  if (opening.completing || opening.server_knows || opening.both) return;
  // A RST before the SYN-ACK had ended the attempt.
  if (!opening.refusals.resets.empty() && !opening.refusals.accepted) return;
  SegmentRef met = opening.syn_acks.first;
  for (const SegmentRef& repeat : opening.syn_acks.again)
    if (repeat.record < rst.segment.record) met = repeat;
  const TimeNs waited = opening.syn_acks.first.time_ns() - opening.syns.first.time_ns();
  const TimeNs reset_after = rst.segment.time_ns() - met.time_ns();
  Finding finding = make_finding(kDoc, flow, flow.client);
  cite(finding, opening.syns.first);
  cite(finding, met);
  cite(finding, rst.segment);
  finding.summary = "The client reset the SYN-ACK of " + endpoint_text(flow, flow.server()) + " " +
                    duration_text(reset_after) + " after it passed (" + duration_text(waited) +
                    " after the SYN): ";
  finding.summary += who_reset(rst);
  prove(finding, "syn_ack_after_ns", waited);
  prove(finding, "rst_after_syn_ack_ns", reset_after);
  prove(finding, "rst_without_socket", rst.bare);
  prove(finding, "syn_sent_again", static_cast<bool>(rst.syn_again));
  prove(finding, "syns", opening.syns.count());
  if (rst.syn_again) prove(finding, "likely_cause", "socket_waits");
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector connect_aborted{.doc = kDoc,
                                      .examples = kExamples,
                                      .examine = &examine,
                                      .needs = Needs::BothDirections | Needs::OddOpening};
}

}  // namespace tcpautopsy
