#include "analyzer/detect/evidence.h"
#include "analyzer/detect/listener_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "accept_dropped",
    .title = "Completed handshake dropped by the listener",
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "the completing ACK or data passed T toward a listener that keeps repeating its SYN-ACK (or, under "
        "SYN cookies, answers neither ACK nor data), while other connections to the port complete; or RST "
        "right after the handshake's ACK while others go on",
    .what =
        "The client completed the handshake and may have sent data, but the server kept repeating its "
        "SYN-ACK (or reset the connection at once) while other connections to the same port opened. The "
        "listener's accept queue was full: by default Linux ignores the ACK and leaves the entry in "
        "SYN-RECEIVED; with net.ipv4.tcp_abort_on_overflow=1 it answers with a RST.\n\n"
        "The client believes in the connection and waits, its data is retransmitted over and over, and in "
        "the end "
        "it often is answered by RST because the server has forgotten the half-open entry "
        "(half_open_abandoned). "
        "Three of these on a port within a minute are told as accept_queue_overflow.",
    .how_known =
        "Two or more segments that complete the handshake passed early enough to reach the server before "
        "two or more repeats of its SYN-ACK, and other connections to the same address and port completed "
        "within a minute. Or a RST without ACK that takes its number from the handshake's ACK, as the "
        "first thing after it.\n\n"
        "Loss of several segments in a row cannot be ruled out, nor can TCP_DEFER_ACCEPT while only bare "
        "ACKs were ignored: certainty is `likely` when data was ignored or answered by RST, else `possible`. "
        "The "
        "capture point does not matter: the segments passed it, and the queue is at the server.",
    .causes =
        "The application does not call accept() fast enough: all workers busy, a blocked event loop, a "
        "stopped process, long garbage collection. A small backlog given to listen(), cut further by "
        "net.core.somaxconn. A burst of connects after a restart.",
    .confirm =
        "On the server: ss -ltn 'sport = :PORT' (Recv-Q is the queue's length, Send-Q its limit); nstat "
        "-az TcpExtListenOverflows TcpExtListenDrops, growing; sysctl net.core.somaxconn "
        "net.ipv4.tcp_abort_on_overflow. perf trace or strace -e accept4 on the process shows whether it "
        "accepts.",
    .remedy =
        "Let the application accept faster: more workers, no blocking work in the accepting thread, "
        "SO_REUSEPORT with several listeners. Then raise the backlog in listen() together with "
        "net.core.somaxconn; a long queue only adds latency if the application stays slow, and the service "
        "must be restarted to take it.",
    .bad_advice =
        "net.ipv4.tcp_max_syn_backlog is the other queue. net.ipv4.tcp_abort_on_overflow=1 turns a wait "
        "into an error for a burst that would have passed. A larger backlog for a stopped application "
        "hides it from its balancer.",
    .rfc = "RFC 9293 3.9.1.1, 3.10.7.4 (SYN-RECEIVED, fifth: ACK)",
    .wireshark = "TCP Retransmission (on SYN, ACK and on data)",
};

constexpr Example kExamples[] = {
    {"ACK and data ignored while others are served, then RST", R"(
services 5
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+.30   A > B  P.  1:101(100) ack 1  !lost
+.24   A > B  P.  1:101(100) ack 1  !lost
+.48   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   101:101(0) ack 1  !lost
+.30   A > B  P.  1:101(100) ack 1  !lost
+1.7   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   101:101(0) ack 1  !lost
+5.3   A > B  P.  1:101(100) ack 1
+.01   A < B  R   1:1(0)
finding accept_dropped frame 3 frame 4 frame 6 frame 9 endpoint server severity note certainty likely count 2
)"},
    {"Bare ACKs ignored twice while others are served", R"(
services 2
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
finding accept_dropped frame 3 frame 4 frame 6 endpoint server certainty possible count 2
)"},
    {"tcp_abort_on_overflow: reset right after the handshake's ACK", R"(
services 9
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
+.01   A < B  R   1:1(0)
finding accept_dropped frame 3 frame 4 endpoint server severity note certainty likely count 1
)"},
    {"The same, but nobody else is served: a dead or filtered service", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
no finding
)",
     true},
    {"One ACK lost on a busy service", R"(
services 50
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
+.3    A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
no finding
)",
     true},
    {"The application resets after it accepted", R"(
services 50
handshake
+.2    A < B  R.  1:1(0) ack 1
no finding
)",
     true},
};

void tell_ignored(const FlowFacts& flow, const Opening& opening, Finding& finding) {
  const IgnoredAcks& acks = opening.ignored_acks;
  const bool reset = static_cast<bool>(opening.server_rst);
  finding.certainty = acks.with_data > 0 || reset ? Certainty::Likely : Certainty::Possible;
  finding.count = acks.repeats.size();
  cite(finding, acks.ignored);
  cite(finding, acks.repeats);
  finding.summary =
      count_text(acks.ignored.size(), "segment") + " that complete" + (acks.ignored.size() == 1 ? "s" : "") +
      " the handshake (" + std::to_string(acks.with_data) + " with data) passed, yet " +
      endpoint_text(flow, flow.server()) + " repeated its SYN-ACK " + times_text(acks.repeats.size()) +
      (reset ? " and then sent RST" : "") + ": its accept queue was full" +
      (finding.certainty == Certainty::Possible ? ", or it waits for data (TCP_DEFER_ACCEPT)" : "");
}

void tell_reset(const FlowFacts& flow, const Opening& opening, Finding& finding) {
  finding.certainty = Certainty::Likely;
  cite(finding, opening.completing);
  finding.summary = endpoint_text(flow, flow.server()) + " reset the connection " +
                    duration_text(opening.server_rst.segment.time_ns() - opening.completing.time_ns()) +
                    " after the handshake's ACK: its accept queue was full (tcp_abort_on_overflow)";
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const std::uint64_t others = served_while_dropping(context);
  if (others == 0) return;
  Finding finding = make_finding(kDoc, flow, flow.server());
  cite(finding, opening.syn_acks.first);
  cite(finding, opening.server_rst.segment);
  if (opening.thrown_away == ThrownAway::Ignored)
    tell_ignored(flow, opening, finding);
  else
    tell_reset(flow, opening, finding);
  finding.summary += "; " + count_text(others, "other connection") + " to the port opened meanwhile.";
  prove(finding, "syn_ack_repeats", opening.ignored_acks.repeats.size());
  prove(finding, "ignored_segments", opening.ignored_acks.ignored.size());
  prove(finding, "ignored_with_data", opening.ignored_acks.with_data);
  prove(finding, "reset", static_cast<bool>(opening.server_rst));
  prove(finding, "others_completed", others);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector accept_dropped{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
