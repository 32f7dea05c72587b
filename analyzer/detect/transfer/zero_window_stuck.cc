#include <fmt/format.h>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "zero_window_stuck",
    .title = "Zero window to the end",
    .severity = Severity::Error,
    .phase = "Transfer",
    .said_when =
        "a zero window still closed at the end, or when its peer, held back, resets; or probes unanswered",
    .what =
        "An endpoint closed its receive window on data that its peer still had to send, and never opened it "
        "again: not to the capture's end, not until the peer gave up and reset, or the peer's window probes "
        "met "
        "silence.\n\n"
        "As long as probes are answered the connection stays open, for ever if need be: RFC 9293 3.8.6.1 has "
        "the sender wait. Without answers it is given up like any data that nobody acknowledges.",
    .how_known =
        "The last window that the endpoint advertised is 0, and there is proof that its peer had data "
        "waiting: probes, or a window filled to the edge. It has been so for a second or more when the "
        "capture ends, for three seconds or more when the peer that had probed it resets the connection, or "
        "two "
        "or more probes were not answered.\n\n"
        "Answered probes show that the host lives and its application does not read. Unanswered ones show "
        "only that no answer passed: the host may be gone, or the opening window and its repeats were lost. "
        "It is not said after a RST of the endpoint itself: that has causes of its own.",
    .causes =
        "An application that has stopped reading: hung on a lock, stopped by a debugger or SIGSTOP, waiting "
        "for the peer to read first (each writes and neither reads: a deadlock of the protocol), or leaking "
        "connections that nobody serves. A client that keeps a download open without taking it, by accident "
        "or as an attack (a slow reader). With unanswered probes: a host that went away while its buffer was "
        "full.",
    .confirm =
        "On the endpoint named: ss -tmp shows a Recv-Q that does not move, and the process; its stack trace "
        "(gdb, jstack, py-spy) shows what it does instead of reading. On the peer: ss -to shows "
        "timer:(persist,time,count); nstat -az TcpExtTCPWinProbe counts probes, TcpExtTCPAbortOnTimeout "
        "connections given up.",
    .remedy =
        "Make the application read, or close what it no longer wants. On the sender bound the wait: a "
        "timeout in the application, or TCP_USER_TIMEOUT, which on Linux also ends a connection whose peer "
        "keeps answering with a closed window; that also cuts off peers that are merely slow.",
    .bad_advice =
        "Keep-alives do not help: none are sent while data waits, and the host answers anyhow. Larger "
        "buffers only delay it.",
    .rfc = "RFC 9293 3.8.6.1, 3.8.3; RFC 6429 (persist condition as an attack); RFC 5482",
    .wireshark = "TCP ZeroWindow, TCP ZeroWindowProbe, TCP ZeroWindowProbeAck",
};

constexpr Example kExamples[] = {
    {"Probes are answered, the window stays closed", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
end +.90
finding zero_window_stuck frame 5 endpoint server severity error certainty certain
)"},
    {"Probes meet silence", R"(
handshake <mss 1460>
+.10  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
+.25  A < B  .  1460:1460(0) ack 1  !lost
+.50  A < B  .  1460:1460(0) ack 1  !lost
+1    A < B  .  1460:1460(0) ack 1  !lost
end +4
finding zero_window_stuck frame 5 frame 8 endpoint client likely probes_unanswered
no finding peer_unresponsive
)"},
    {"Its probes were answered, and the capture went on without it for days: what became of it is not known",
     R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
end +200000
no finding
)",
     true},
    {"It opens in the end", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921
end +5
no finding
)",
     true},
    {"Closed at the end, and nothing waits", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101 win 0
end +5
no finding
)",
     true},
    {"The capture ends just after it closed", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
end +.30
no finding
)",
     true},
    {"The sender's patience ends before the window opens", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+5    A > B  R. 1461:1461(0) ack 1
end +5
finding zero_window_stuck frame 5 endpoint server severity error certainty certain
finding rst_abort severity info
no finding request_unanswered
)"},
    {"A RST in the sender's name that the receiver ignores, and the window opens after it", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+2    A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+2    A > B  R. 200:200(0) ack 1
+.20  A < B  .  1:1(0) ack 1461 win 8760
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921
+.10  A > B  F. 2921:2921(0) ack 1
+.01  A < B  F. 1:1(0) ack 2922
+.01  A > B  .  2922:2922(0) ack 2
no finding
)",
     true},
    {"The sender resets at once: it has lost interest", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.30  A > B  R. 1461:1461(0) ack 1
no finding
)",
     true},
    {"A RST ends it", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.30  A < B  R. 1:1(0) ack 1461
end +5
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const auto& stuck = context.verdicts.silences[index(side)].window;
  if (!stuck) return;
  const WindowResults& facts = context.transfer->windows[index(side)];
  const Incidents& probes = context.transfer->windows[index(other(side))].window_probes;
  const std::string who(role(flow, side)), peer(role(flow, other(side)));
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.closed_by);
  if (probes) cite(finding, probes.last());
  if (facts.given_up_by) cite(finding, *facts.given_up_by);
  if (!stuck->by_reset) finding.end_ns = context.verdicts.watched_until_ns;
  if (facts.stalls_probed == 0) finding.certainty = Certainty::Likely;
  finding.summary =
      stuck->by_reset
          ? fmt::format(
                "The {}'s receive window had been closed for {} when the {}, with data to send, reset; ", who,
                duration_text(stuck->closed_ns), peer)
          : fmt::format("The {}'s receive window has been closed for {} at {}, and the {} has data to send; ",
                        who, duration_text(stuck->closed_ns), watch_end_text(context.verdicts), peer);
  if (stuck->unanswered) {
    prove(finding, "likely_cause", "probes_unanswered");
    finding.summary += "the last " + count_text(facts.probes_unanswered, "window probe") +
                       (facts.probes_unanswered == 1 ? " was" : " were") + " not answered.";
  } else if (stuck->answers_probes) {
    finding.summary += "its host answers window probes, so the application there does not read.";
  } else {
    finding.summary += "no answer to a window probe was seen yet.";
  }
  const bool gave_up = !stuck->by_reset && context.verdicts.outcome(other(side)).give_up.has_value();
  if (gave_up) finding.summary += " The " + peer + " has stopped probing: it gave up.";
  prove(finding, "gave_up", gave_up);
  prove(finding, "closed_ns", stuck->closed_ns);
  prove(finding, "window_probes", probes.count());
  prove(finding, "probes_unanswered", facts.probes_unanswered);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector zero_window_stuck{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine_end = &examine_end,
                                        .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
