#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "port_reuse_blocked",
    .title = "Port reused while the peer holds the old connection",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "a SYN on a 4-tuple that the peer still holds (FIN-WAIT-2, ESTABLISHED, CLOSE-WAIT ...) is answered "
        "by an ACK of the old numbers and the client does not clear it by a RST; e when the connect fails. "
        "Names the old flow and its state; the listener has no SYN-RECEIVED then",
    .what =
        "The client opens a new connection from a port that it used before, to the same address and port. "
        "The other end still has a socket of the old connection, so the SYN never reaches its listener: that "
        "socket answers by an ACK that states the numbers it expects. A client that has no use for these "
        "numbers should answer with a RST, which ends the old connection, and its next SYN is then taken "
        "(RFC 9293 3.5.1, half-open connections). Here that RST does not come, or does not arrive, and every "
        "SYN meets the same ACK until the connect times out.",
    .how_known =
        "A SYN, and an ACK without SYN in answer that does not acknowledge it; no RST of the client at the "
        "number of that ACK follows the last of them, and no SYN-ACK. Where the old connection is in the "
        "capture, it is named with the state that its last packets leave the other end in.\n\n"
        "An ACK of this kind that the client does clear is told as challenge_ack.",
    .causes =
        "A firewall or NAT between them that has forgotten the old connection: it drops the ACK as out of "
        "state, so that the client never sees it, or drops the client's RST. A NAT that gives one port to "
        "two clients in turn. A client host that was restarted and starts with the same ports, behind such "
        "a firewall. A server that leaves sockets behind: in CLOSE-WAIT its application does not close, in "
        "ESTABLISHED it has no keep-alive. A fixed source port.",
    .confirm =
        "On the server: ss -tno state all 'sport = :PORT and dst ADDRESS' shows the old socket, its state "
        "and timer; nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK. On the firewall: its log of "
        "packets that are out of state (conntrack INVALID). A capture at the client shows whether the ACK "
        "arrives there and whether a RST leaves.",
    .remedy =
        "Let the firewall pass ACKs that answer a SYN, and RSTs that answer those; give it idle times that "
        "are longer than the keep-alive of the hosts. On the server turn on keep-alives for sockets that may "
        "be left behind (net.ipv4.tcp_keepalive_time, or SO_KEEPALIVE by the application), and mend the "
        "application where they are in CLOSE-WAIT. Let clients take ephemeral ports.",
    .bad_advice =
        "Nothing is wrong with the listener: backlog and SYN cookies do not matter, the SYN never reaches "
        "it. tcp_tw_reuse concerns TIME-WAIT only, which takes a new SYN anyway.",
    .rfc = "RFC 9293 3.5.1, 3.10.7.3, 3.10.7.4 (fourth check); RFC 5961 4",
    .wireshark = "TCP Port numbers reused (on the SYN), TCP ACKed unseen segment (on the ACK)",
};

constexpr Example kExamples[] = {
    {"The server is still in FIN-WAIT-2", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  F. 1:1(0) ack 101
+.01   A > B  .  101:101(0) ack 2
reuse A 500000000
+20    A > B  S  0:0(0)        <mss 1460>
+.0003 A < B  .  2:2(0) ack 101  inc 0
+1     A > B  S  0:0(0)        <mss 1460>
+.0003 A < B  .  2:2(0) ack 101  inc 0
+2     A > B  S  0:0(0)        <mss 1460>
+.0003 A < B  .  2:2(0) ack 101  inc 0
end +30
finding port_reuse_blocked frame 7 frame 8 frame 10 frame 12 endpoint server severity error count 3
no finding connect_timeout
)"},
    {"The client came back after a crash, and its RSTs do not arrive", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
reuse A 500000000
+60    A > B  S  0:0(0)        <mss 1460>
+.01   A < B  .  1:1(0) ack 101  inc 0
+1     A > B  S  0:0(0)        <mss 1460>
+.01   A < B  .  1:1(0) ack 101  inc 0
end +1
finding port_reuse_blocked frame 6 frame 7 frame 9 endpoint server severity warning count 2
)"},
    {"The old connection lies before the capture", R"(
+0     A > B  S  0:0(0)        <mss 1460>
+.01   A < B  .  70000:70000(0) ack 900000
+1     A > B  S  0:0(0)        <mss 1460>
+.01   A < B  .  70000:70000(0) ack 900000
end +20
finding port_reuse_blocked frame 1 frame 2 frame 4 endpoint server severity error count 2
)"},
    {"The client clears it by a RST, as it should", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
reuse A 500000000
+60    A > B  S  0:0(0)        <mss 1460>
+.01   A < B  .  1:1(0) ack 101  inc 0
+.01   A > B  R  101:101(0)      inc 0
+1     A > B  S  0:0(0)        <mss 1460>
+.01   A < B  S. 0:0(0) ack 1  <mss 1460>
+.01   A > B  .  1:1(0) ack 1
no finding
)",
     true},
    {"A forged SYN in a connection that goes on", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
+.50   A > B  S  700000:700000(0)  <mss 1460>
+.01   A < B  .  1:1(0) ack 101
+.50   A > B  P. 101:201(100) ack 1
+.01   A < B  .  1:1(0) ack 201
no finding
)",
     true},
    {"The SYN-ACK was not captured: the ACK is of the new connection", R"(
+0     A > B  S  0:0(0)        <mss 1460>
+.01   A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01   A > B  .  1:1(0) ack 1
+.01   A > B  P. 1:401(400) ack 1
+.01   A < B  .  1:1(0) ack 401
no finding
)",
     true},
};

std::string old_connection(const Verdicts& verdicts) {
  const TcpState state = verdicts.opening.blocked->state;
  if (!verdicts.previous) return "a connection from before the capture";
  const std::string flow = "the connection before (flow " + std::to_string(verdicts.previous->flow) + ")";
  return state == TcpState::Unknown || state == TcpState::Closed ? flow
                                                                 : flow + " in " + std::string(name(state));
}

void examine(const DetectContext& context, Findings& out) {
  const Opening& opening = context.verdicts.opening;
  const auto& blocked = opening.blocked;
  if (!blocked || blocked->acks.empty() || blocked->cleared) return;
  const FlowFacts& flow = context.flow;
  Finding finding = make_finding(kDoc, flow, flow.server());
  const bool failed = opening.given_up.has_value();
  if (failed) finding.severity = Severity::Error;
  if (!context.verdicts.previous) finding.certainty = Certainty::Likely;
  cite(finding, opening.syns.first);
  cite(finding, blocked->acks);
  finding.count = blocked->acks.size();
  finding.summary =
      endpoint_text(flow, flow.server()) + " answered the SYN " +
      (finding.count > 1 ? times_text(finding.count) + " " : std::string()) +
      "by an ACK of other numbers: it still holds " + old_connection(context.verdicts) +
      ", and no RST of the client ended that" +
      (failed ? "; the connect failed after " + count_text(opening.syns.count(), "SYN") + "." : ".");
  prove(finding, "acks", blocked->acks.size());
  prove(finding, "syns", opening.syns.count());
  prove(finding, "held_in", name(blocked->state));
  if (context.verdicts.previous) prove(finding, "previous_flow", context.verdicts.previous->flow);
  prove(finding, "connect_failed", failed);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector port_reuse_blocked{.doc = kDoc,
                                         .examples = kExamples,
                                         .examine = &examine,
                                         .needs = Needs::BothDirections | Needs::OddOpening};
}

}  // namespace tcpautopsy
