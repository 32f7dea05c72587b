#include <algorithm>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "idle_timeout",
    .title = "Idle timeout: connection forgotten",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "after 30 s or more of silence, the next data is answered by RST or not at all: a middlebox or peer "
        "forgot "
        "the flow",
    .what =
        "Neither end sent anything for 30 s or more. The next data was answered by RST, or not at all: "
        "somebody "
        "had forgotten the connection meanwhile, and neither end had been told.\n\n"
        "The application sees the first request after a pause fail or hang, and the next one, on a new "
        "connection, work.",
    .how_known =
        "No segment of the connection passed for 30 s or more; the first one after that carries data, and "
        "what comes from the peer's address next is a RST, or nothing although the data are retransmitted "
        "three "
        "times or more, and not where as long a silence was survived before. A RST that acknowledges the "
        "data is not meant: it comes from a socket that has taken "
        "them.\n\n"
        "Packets do not tell a middlebox that dropped its entry from a peer that was restarted or had closed "
        "behind a lost FIN; the length of the silence is the hint: round numbers (60 s, 350 s, 1 h) belong "
        "to "
        "middleboxes. It is not said where only one direction was captured and nothing answers.",
    .causes =
        "The idle timeout of a NAT, firewall or load balancer on the path (cloud balancers 60 to 350 s, home "
        "routers some minutes, conntrack by default five days), which then drops packets or answers with "
        "RST. The peer's application or host timed the connection out and its FIN or RST was lost. The peer "
        "was restarted.",
    .confirm =
        "Compare the silence told here with the idle timeouts on the path: conntrack's "
        "net.netfilter.nf_conntrack_tcp_timeout_established, the balancer's settings, the service's own. A "
        "capture at the peer shows whether the data arrive there, and whether the RST comes from it. The TTL "
        "of the RST against that of the peer's other segments tells a middlebox near by.",
    .remedy =
        "Keep-alives that come sooner than the shortest timeout (SO_KEEPALIVE with TCP_KEEPIDLE; "
        "net.ipv4.tcp_keepalive_time for all), at the price of a packet each way for each period; or let "
        "connection pools close idle connections before the middlebox forgets them; or a longer timeout "
        "there, which costs table entries.",
    .bad_advice =
        "Switching SO_KEEPALIVE on is not enough: by default Linux sends the first probe after two hours. "
        "Retrying the request on the same connection cannot work.",
    .rfc = "RFC 5382 5 (REQ-5: NATs keep idle connections for 2 h 4 min); RFC 9293 3.8.4; RFC 1122 4.2.3.6",
    .wireshark = "TCP Retransmission, or RST",
};

constexpr Example kExamples[] = {
    {"A request after five minutes is answered by RST", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+300  A > B  P. 101:201(100) ack 101
+.01  A < B  R  101:101(0)
finding idle_timeout frame 6 frame 7 frame 8 endpoint client severity warning certainty likely
)"},
    {"The server's data after an hour meet silence", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+3600 A < B  P. 101:201(100) ack 101  !lost
+.22  A < B  P. 101:201(100) ack 101  !lost
+.44  A < B  P. 101:201(100) ack 101  !lost
+.88  A < B  P. 101:201(100) ack 101  !lost
end +5
finding idle_timeout endpoint server
)"},
    {"The server never said more than its SYN-ACK: it may never have had the connection", R"(
handshake
+30   A > B  P. 1:7(6) ack 1
+.01  A < B  R  1:1(0)
finding idle_timeout frame 4 frame 5 endpoint client severity warning certainty possible
)"},
    {"It is answered, at the second sending", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+300  A > B  P. 101:201(100) ack 101  !lost
+.22  A > B  P. 101:201(100) ack 101
+.01  A < B  P. 101:201(100) ack 201
+2    A < B  R. 201:201(0) ack 201
no finding
)",
     true},
    {"Silences as long were survived before: it is the peer that is gone", R"(
handshake
+.10  A > B  P. 1:20(19) ack 1
+.01  A < B  .  1:1(0) ack 20
+60   A > B  P. 20:39(19) ack 1
+.01  A < B  .  1:1(0) ack 39
+60   A > B  P. 39:58(19) ack 1  !lost
+.22  A > B  P. 39:58(19) ack 1  !lost
+.44  A > B  P. 39:58(19) ack 1  !lost
+.88  A > B  P. 39:58(19) ack 1  !lost
end +5
no finding
)",
     true},
    {"A silence twice as long as those survived", R"(
handshake
+.10  A > B  P. 1:20(19) ack 1
+.01  A < B  .  1:1(0) ack 20
+60   A > B  P. 20:39(19) ack 1
+.01  A < B  .  1:1(0) ack 39
+120  A > B  P. 39:58(19) ack 1
+.01  A < B  R  1:1(0)
finding idle_timeout frame 7 frame 8 frame 9 endpoint client severity warning
)"},
    {"Twenty seconds of silence", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+20   A > B  P. 101:201(100) ack 101
+.01  A < B  R  101:101(0)
no finding
)",
     true},
    {"The peer resets an idle connection without being asked", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+300  A < B  R. 101:101(0) ack 101
no finding
)",
     true},
    {"The RST acknowledges the request: a socket that took it and aborts", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+300  A > B  P. 101:201(100) ack 101
+.01  A < B  R. 101:101(0) ack 201
no finding
)",
     true},
    {"The peer closed in between", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+20   A < B  F. 101:101(0) ack 101
+.01  A > B  .  101:101(0) ack 102
+60   A > B  P. 101:201(100) ack 102
+.01  A < B  R  102:102(0)
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& met = context.verdicts.silences[index(side)].forgotten;
  if (!met) return;
  const auto& resets = context.verdicts.closing.resets(other(side));
  const bool told_here = std::any_of(resets.begin(), resets.end(), [](const ResetVerdict& r) {
    return r.cause == ResetCause::ForgottenWhileIdle;
  });
  if (met->reset && !told_here) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, met->before);
  cite(finding, met->data);
  finding.certainty = Certainty::Likely;
  const std::string who(role(context.flow, side)), peer(role(context.flow, other(side)));
  finding.summary = "After " + duration_text(met->silence_ns) + " of silence the " + who + "'s data ";
  if (met->reset) {
    cite(finding, *met->reset);
    finding.summary += "was answered by RST from the " + peer + "'s address";
    prove(finding, "answer_ns", met->reset->time_ns - met->data.time_ns);
  } else {
    cite(finding, met->retransmissions);
    finding.summary += "got no answer, and was retransmitted " + times_text(met->retransmissions.count());
  }
  finding.summary += ": a middlebox or the " + peer + " had forgotten the connection";
  if (met->peer_never_heard) {
    finding.certainty = Certainty::Possible;
    finding.summary +=
        ", or the " + peer +
        " never had it: nothing but its SYN-ACK ever came, and if it lost the handshake's last "
        "ACK under SYN cookies, it kept nothing";
    prove(finding, "never_heard", true);
  }
  finding.summary += ".";
  prove(finding, "silence_ns", met->silence_ns);
  prove(finding, "reset", met->reset.has_value());
  prove(finding, "resends", met->retransmissions.count());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector idle_timeout{.doc = kDoc,
                                   .examples = kExamples,
                                   .examine_end = &examine_end,
                                   .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
