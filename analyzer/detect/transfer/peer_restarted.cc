#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "peer_restarted",
    .title = "Peer lost the connection (restart)",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "RST, or a SYN-ACK or challenge out of place, answers traffic of an established flow though no "
        "close was seen: that host no longer knows the connection",
    .what =
        "Traffic of an established connection was answered as if there were none: by a RST without a socket "
        "behind it, by a SYN-ACK, or the host opened the same address and port pair anew. No close was seen. "
        "The host has lost the connection: half-open, in the words of RFC 9293 3.5.1.\n\n"
        "Data that it had not acknowledged are lost, and so may be data that its application had not yet "
        "read. The application at the other end gets ECONNRESET.",
    .how_known =
        "A RST without ACK takes its sequence number from the ACK field of the segment it answers (RFC 9293 "
        "3.5.2), which is how a host without that socket answers; a socket that aborts sets ACK. Or: a "
        "SYN-ACK with another number, or a SYN of the same host and port that the other end challenges and "
        "that answers the challenge with RST. And neither FIN nor RST of that host had passed before.\n\n"
        "A FIN or RST that was lost before the capture point leaves the same picture, and a middlebox can "
        "answer in the host's name: a TTL unlike the host's other segments speaks for that. After long "
        "silence idle_timeout names that cause too.",
    .causes =
        "The host was restarted, or crashed and came back. The address moved to another host: a failover, a "
        "load balancer that lost its table or moved the connection to another server, a container replaced. "
        "The process was killed and its RST lost. A firewall rejects with RST what it has no state for.",
    .confirm =
        "uptime and the service's start time on the host named; nstat -az TcpOutRsts there; the failover log "
        "of balancers and virtual addresses; conntrack -E or the firewall's log of packets without state.",
    .remedy =
        "Reconnect and repeat what was not confirmed: the application protocol must allow that. For planned "
        "restarts, drain: stop accepting, let connections end, then stop. Let load balancers keep a "
        "connection on its server (consistent hashing, shared state).",
    .bad_advice =
        "Dropping outgoing RSTs (iptables ... --tcp-flags RST RST -j DROP) hides it: the other end then "
        "waits for minutes instead of failing at once.",
    .rfc = "RFC 9293 3.5.1, 3.5.2 group 1; RFC 5961 4",
    .wireshark = "RST",
};

constexpr Example kExamples[] = {
    {"Data are answered by RST from a host without the socket", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+8    A > B  P. 101:201(100) ack 101
+.01  A < B  R  101:101(0)
finding peer_restarted frame 7 frame 8 endpoint server severity warning likely none
)"},
    {"The client's host was restarted while a download ran", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1461(1460) ack 101
+.01  A > B  .  101:101(0) ack 1461
+.01  A < B  .  1461:2921(1460) ack 101
+.22  A < B  .  1461:2921(1460) ack 101
+.01  A > B  R  101:101(0)
finding peer_restarted frame 9 endpoint client likely just_heard
)"},
    {"The host is down for a while, and answers by RST when it is up again", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+20   A > B  P. 101:151(50) ack 101  !lost
+.25  A > B  P. 101:151(50) ack 101  !lost
+.50  A > B  P. 101:151(50) ack 101  !lost
+1    A > B  P. 101:151(50) ack 101
+.01  A < B  R  101:101(0)
finding peer_restarted frame 10 frame 11 endpoint server severity warning
)"},
    {"It had closed before that: its FIN-WAIT-2 may have run out", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 101
+.01  A > B  .  101:101(0) ack 2
+90   A > B  P. 101:151(50) ack 2    !lost
+.25  A > B  P. 101:151(50) ack 2    !lost
+.50  A > B  P. 101:151(50) ack 2
+.01  A < B  R  2:2(0)
no finding
)",
     true},
    {"A SYN-ACK answers data", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+8    A > B  P. 101:201(100) ack 101
+.01  A < B  S. 700000:700000(0) ack 201
+.01  A > B  .  201:201(0) ack 101
+.01  A < B  R  101:101(0)
finding peer_restarted endpoint server
)"},
    {"The socket itself aborts", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  R. 1:1(0) ack 101
no finding
)",
     true},
    {"Data that come after a close are answered by RST", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 101
+.01  A > B  .  101:101(0) ack 2
+.10  A > B  P. 101:201(100) ack 2
+.01  A < B  R  2:2(0)
no finding
)",
     true},
    {"A closed port", R"(
+0    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  R. 0:0(0) ack 1
no finding
)",
     true},
};

Finding tell(const DetectContext& context, Side side, const Forgotten& forgotten) {
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, forgotten.traffic);
  cite(finding, forgotten.answer);
  finding.certainty = forgotten.by_syn_ack ? Certainty::Certain
                      : forgotten.doubtful ? Certainty::Possible
                                           : Certainty::Likely;
  finding.summary = "Traffic of the " + std::string(role(context.flow, other(side))) +
                    " on the established connection met " +
                    (forgotten.by_syn_ack ? "a SYN-ACK with a new sequence number"
                                          : "a RST such as a host without it sends") +
                    ", though no close of the " + std::string(role(context.flow, side)) +
                    " was seen: that host, or a middlebox in its name, no longer knows the connection.";
  prove(finding, "answer_ns", forgotten.answer.time_ns() - forgotten.traffic.time_ns());
  if (forgotten.just_heard) prove(finding, "likely_cause", "just_heard");
  return finding;
}

// The same host opens the pair anew, the peer challenges its SYN, and it answers by RST (RFC 9293 3.5.1).
bool reopened(const DetectContext& context, Side side) {
  const auto& successor = context.flow.successor;
  const ClosingVerdicts& closing = context.verdicts.closing;
  return successor && successor->sender == side && successor->reset && !closing.of(Side::A).said_close &&
         !closing.of(Side::B).said_close;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  if (const auto& forgotten = context.verdicts.closing.of(side).forgotten) {
    Finding finding = tell(context, side, *forgotten);
    for (const ResetVerdict& reset : context.verdicts.closing.resets(side))
      if (reset.segment.record == forgotten->answer.record)
        yield_to_cause(finding, reset.cause, ResetCause::Forgotten);
    out.push_back(std::move(finding));
  } else if (reopened(context, side)) {
    const Successor& successor = *context.flow.successor;
    Finding finding = make_finding(kDoc, context.flow, side);
    // The challenge itself was not captured.
    if (context.flow.one_sided()) finding.certainty = Certainty::Likely;
    cite(finding, successor.syn);
    cite(finding, *successor.reset);
    finding.summary = "The " + std::string(role(context.flow, side)) +
                      " opened the same address and port pair anew while the " +
                      std::string(role(context.flow, other(side))) +
                      " still had the connection, and reset it when challenged: it no longer knew it.";
    out.push_back(std::move(finding));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector peer_restarted{.doc = kDoc,
                                     .examples = kExamples,
                                     .examine_end = &examine_end,
                                     .needs = Needs::TwoEnds | Needs::OddClose};
}

}  // namespace tcpautopsy
