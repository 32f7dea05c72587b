#include "analyzer/detect/evidence.h"
#include "analyzer/hosts/endpoint_census.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "close_wait_stuck",
    .title = "Stuck in CLOSE-WAIT",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "an endpoint acknowledged the peer's FIN and has since sent neither data nor FIN for 5 s or more, "
        "at the end too: the application has not closed",
    .what =
        "The peer closed, this endpoint's TCP acknowledged the FIN, and then the application did nothing: no "
        "data, no FIN, for 5 s or more and up to the capture's end. The endpoint sits in CLOSE-WAIT.\n\n"
        "Only the application can end CLOSE-WAIT, by close() or shutdown(); TCP has no timer for it. Each "
        "such socket holds a file descriptor. Many of them on one port (close_wait_pileup) end in 'too many "
        "open files' and a service that no longer accepts.",
    .how_known =
        "A segment of the endpoint acknowledges the peer's FIN, so its TCP has told the application of the "
        "end of file. After it come neither new data nor a FIN nor a RST until the capture's end, and "
        "nothing it sent is still unacknowledged, so no lost segment or closed window holds a FIN back. "
        "Keep-alive probes and plain ACKs are not counted as activity.\n\n"
        "A FIN lost before the capture point would have been repeated within these seconds; one that the "
        "endpoint sent before the capture began leaves TIME-WAIT in place of CLOSE-WAIT, and where the "
        "capture holds neither the handshake nor data of the endpoint it is only possible. What the packets "
        "cannot tell: whether the application forgot the socket or is still computing an answer for a peer "
        "that only half-closed.",
    .causes =
        "An application that does not read until end of file, or does not close on it: a missing close() in "
        "an error path, a connection pool that checks idle sockets only when it next uses them, a worker "
        "thread that hangs or waits for a lock, an event loop that ignores EPOLLRDHUP. "
        "A file descriptor still held by a child process. A long computation after a half-closed request.",
    .confirm =
        "ss -tanp state close-wait shows the process and its descriptor; a Recv-Q above 0 there means the "
        "application has not even read what came before the FIN (+1 for the FIN). lsof -p PID | grep "
        "CLOSE_WAIT; watch ls /proc/PID/fd | wc -l. A stack trace of the process (gdb, jstack, py-spy) shows "
        "what it waits for.",
    .remedy =
        "Correct the application: close on read() returning 0, give pools an idle check shorter than the "
        "peer's idle timeout, close descriptors in children (O_CLOEXEC). Restarting the process frees the "
        "sockets at once, and costs its other connections.",
    .bad_advice =
        "No sysctl ends CLOSE-WAIT. tcp_fin_timeout, tcp_tw_reuse and tcp_max_tw_buckets concern other "
        "states; keep-alives only help once the peer's host has forgotten the connection and answers with "
        "RST.",
    .rfc = "RFC 9293 3.6 case 2, 3.3.2 (CLOSE-WAIT)",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"The client closes, the server's application does not react", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:501(500) ack 101
+.01  A > B  F. 101:101(0) ack 501
+.05  A < B  .  501:501(0) ack 102
end +8
finding close_wait_stuck frame 6 frame 7 endpoint server severity warning
)"},
    {"The client's connection pool keeps a socket that the server closed", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:501(500) ack 101
+.01  A > B  .  101:101(0) ack 501
+15   A < B  F. 501:501(0) ack 101
+.05  A > B  .  101:101(0) ack 502
end +30
finding close_wait_stuck frame 7 frame 8 endpoint client
)"},
    {"Keep-alive probes in CLOSE-WAIT are no sign of life of the application", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:501(500) ack 101
+.01  A > B  F. 101:101(0) ack 501
+.01  A < B  .  501:501(0) ack 102
+3    A < B  .  500:500(0) ack 102
+.01  A > B  .  102:102(0) ack 501
+3    A < B  .  500:500(0) ack 102
+.01  A > B  .  102:102(0) ack 501
end +1
finding close_wait_stuck endpoint server
)"},
    {"It sends the rest of its answer, and then forgets the socket", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A > B  F. 101:101(0) ack 1
+.01  A < B  .  1:1(0) ack 102
+.50  A < B  P. 1:501(500) ack 102
+.01  A > B  .  102:102(0) ack 501
end +6
finding close_wait_stuck endpoint server
)"},
    {"A capture begun in the middle: the endpoint's own FIN may lie before it", R"(
+0     A < B  .  1:1461(1460) ack 101
+.01   A > B  .  101:101(0) ack 1461
+.01   A < B  F. 1461:1461(0) ack 101
+.01   A > B  .  101:101(0) ack 1462
end +20
finding close_wait_stuck endpoint client certainty possible
)"},
    {"It closes after six seconds", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+6    A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
end +8
no finding
)",
     true},
    {"The capture ends after four seconds", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
end +4
no finding
)",
     true},
    {"Its answer is not acknowledged: a FIN may wait behind it", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A > B  F. 101:101(0) ack 1
+.01  A < B  P. 1:501(500) ack 102  !lost
+.25  A < B  P. 1:501(500) ack 102  !lost
+.50  A < B  P. 1:501(500) ack 102  !lost
+1    A < B  P. 1:501(500) ack 102  !lost
end +6
no finding
)",
     true},
    {"The peer's window is closed", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A > B  F. 101:101(0) ack 1
+.01  A < B  P. 1:501(500) ack 102
+.01  A > B  .  102:102(0) ack 501 win 0
end +8
no finding
)",
     true},
    {"A RST ended it", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+3    A < B  R. 1:1(0) ack 2
end +8
no finding
)",
     true},
    {"Only the endpoint's own direction was captured", R"(
+0     A > B  S  0:0(0)              <mss 1460>  !unseen
+.01   A < B  S. 0:0(0) ack 1        <mss 1460>
+.01   A > B  .  1:1(0) ack 1  !unseen
+.10   A > B  F. 1:1(0) ack 1  !unseen
+.01   A < B  .  1:1(0) ack 2
end +20
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const ClosingVerdicts& closing = context.verdicts.closing;
  const auto& open = closing.of(side).left_open;
  if (!open) return;
  const TimeNs wait = context.verdicts.watched_until_ns - open->since_ns;
  if (wait < kCloseWaitLingers) return;
  const FinVerdict& peers = *closing.fin(other(side));
  Finding finding = make_finding(kDoc, context.flow, side);
  const bool only_that = context.verdicts.outcome(side).final_possible.size() == 1;
  finding.certainty = open->may_have_closed_before ? Certainty::Possible
                      : only_that                  ? Certainty::Certain
                                                   : Certainty::Likely;
  cite(finding, peers.first);
  cite(finding, peers.acked_by);
  cite(finding, open->data_after_fin);
  finding.end_ns = context.verdicts.watched_until_ns;
  const std::string who(role(context.flow, side));
  finding.summary = "The " + who + " acknowledged the " + std::string(role(context.flow, other(side))) +
                    "'s FIN and has sent neither data nor FIN in the " + duration_text(wait) + " to " +
                    std::string(watch_end_text(context.verdicts)) +
                    ": its application has not closed the socket (CLOSE-WAIT)" +
                    (open->may_have_closed_before ? ", unless it had closed before the capture began." : ".");
  prove(finding, "wait_ns", wait);
  prove(finding, "acknowledged_in_frame", static_cast<std::int64_t>(peers.acked_by.frame.number));
  prove(finding, "sent_after_fin", static_cast<bool>(open->data_after_fin));
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector close_wait_stuck{.doc = kDoc,
                                       .examples = kExamples,
                                       .examine_end = &examine_end,
                                       .needs = Needs::BothDirections | Needs::OddClose};
}

}  // namespace tcpautopsy
