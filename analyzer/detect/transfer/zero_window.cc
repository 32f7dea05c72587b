#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "zero_window",
    .title = "Zero window",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when = "a window of 0 advertised while the peer has or gets data to send; total and longest stall",
    .what =
        "An endpoint advertised a window of 0 while its peer had more to send: its receive buffer was full, "
        "and the peer had to stop. The transfer stood still until the application had read and the window "
        "opened.\n\n"
        "The endpoint named is the slow one, the receiver. Neither the network nor the sender can help it.",
    .how_known =
        "A segment advertises a window of 0, which means the same whatever the window scale. It held data "
        "back if the peer sends window probes meanwhile (an octet or none at the edge or at SND.UNA-1), if "
        "it sends data as soon as the window opens, or if it had filled the window to the edge and the "
        "capture or the connection ends before either.\n\n"
        "A window that is 0 while the peer has nothing to send is not reported, nor one of a SYN-ACK that "
        "opens "
        "before any probe: a SYN proxy without a server yet. The time is counted from the "
        "segment that closed the window to the one that opened it, as they passed the capture point; where "
        "the peer had room left when it closed, from its first probe, so it may be understated. Where the "
        "peer goes on probing though it passed, that segment was lost on the way, and the time is counted "
        "until the peer sends data: the loss is to blame for it, not the application. Data "
        "retransmitted or probes in that time are not retransmissions: nothing was lost.",
    .causes =
        "An application that reads too slowly or not at all for a while: busy with other work in the thread "
        "that reads, blocked on a disk, a database or a lock, or stopped (a debugger, a full pipe, garbage "
        "collection). Back-pressure by design: a proxy that reads from its server no faster than its client "
        "takes, a player that is paused. A receive buffer set small by SO_RCVBUF. A host short of memory "
        "(tcp_mem).",
    .confirm =
        "On the endpoint named: ss -tmi shows a Recv-Q that stays high and skmem r near rb; nstat -az "
        "TcpExtTCPToZeroWindowAdv TcpExtTCPFromZeroWindowAdv TcpExtTCPWantZeroWindowAdv counts windows "
        "closed and opened, TcpExtTCPRcvQDrop and TcpExtPruneCalled memory pressure. On the sender: ss -ti "
        "shows rwnd_limited with the time, and timer:(persist,...). A stack trace of the reading process "
        "tells what it waits for.",
    .remedy =
        "Let the application read sooner: a thread or an event loop of its own for reading, work queued "
        "behind it. A larger buffer (remove SO_RCVBUF and let the kernel tune, raise net.ipv4.tcp_rmem) "
        "rides out pauses shorter than buffer divided by rate, and costs that much memory for each "
        "connection; it does not make a reader faster.",
    .bad_advice =
        "Raising net.ipv4.tcp_rmem does not help an application that is slower than its peer on the whole: "
        "the larger buffer fills too. Nor does any setting of the sender, or a faster network.",
    .rfc = "RFC 9293 3.8.6, 3.8.6.1 (zero-window probing); RFC 1122 4.2.2.17",
    .wireshark = "TCP ZeroWindow, TCP Window Full, TCP ZeroWindowProbe",
};

constexpr Example kExamples[] = {
    {"The window closes, the sender probes, the window opens", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.25  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.50  A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921
finding zero_window frame 5 frame 9 endpoint server severity warning certainty certain count 1
)"},
    {"It opens before the first probe, and the sender goes on at once", R"(
handshake <mss 1460>
+.10  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
+.15  A > B  .  1:1(0) ack 1461 win 8760
+.01  A < B  .  1461:2921(1460) ack 1
+.01  A > B  .  1:1(0) ack 2921
finding zero_window frame 5 frame 6 endpoint client certainty certain count 1
)"},
    {"The segment that opens it again is lost, and the sender goes on probing", R"(
+0    A > B  S  0:0(0) win 1460 <mss 1460>
+.01  A < B  S. 0:0(0) ack 1 <mss 1460>
+.01  A > B  .  1:1(0) ack 1 win 1460
+.10  A > B  P. 1:101(100) ack 1 win 1460
+.01  A < B  .  1:1461(1460) ack 101
+.001 A > B  .  101:101(0) ack 1461 win 0
+.001 A > B  .  101:101(0) ack 1461 win 8760  !lost
+.21  A < B  .  1460:1460(0) ack 101
+.001 A > B  .  101:101(0) ack 1461 win 8760  !lost
+.43  A < B  .  1460:1460(0) ack 101
+.001 A > B  .  101:101(0) ack 1461 win 8760
+.001 A < B  .  1461:2921(1460) ack 101
+.01  A > B  .  101:101(0) ack 2921
finding zero_window frame 6 frame 7 endpoint client severity warning certainty certain count 1
)"},
    {"Probes of one octet beyond the edge, two episodes", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.30  A > B  .  1461:1462(1) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.60  A > B  .  1461:1462(1) ack 1
+.01  A < B  .  1:1(0) ack 1462 win 1460
+.01  A > B  .  1462:2922(1460) ack 1
+.01  A < B  .  1:1(0) ack 2922 win 0
+.30  A > B  .  2922:2923(1) ack 1
+.01  A < B  .  1:1(0) ack 2923 win 8760
+.01  A > B  P. 2923:3000(77) ack 1
+.01  A < B  .  1:1(0) ack 3000
finding zero_window endpoint server count 2
)"},
    {"The peer had nothing more to send", R"(
handshake <mss 1460>
+.10  A > B  P. 1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.40  A < B  .  1:1(0) ack 1461 win 8760
+2    A > B  P. 1461:1561(100) ack 1
+.01  A < B  .  1:1(0) ack 1561
no finding
)",
     true},
    {"A keep-alive long after a window that opened at once: nobody waited", R"(
handshake <mss 1460>
+.10  A > B  P. 1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.01  A < B  .  1:1(0) ack 1461 win 8760
+60   A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 8760
no finding
)",
     true},
    {"A window of 0 in the last ACK of a closed connection", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  F. 101:101(0) ack 101
+.01  A < B  F. 101:101(0) ack 102 win 0
+.01  A > B  .  102:102(0) ack 102 win 0
end +5
no finding
)",
     true},
    {"A SYN proxy opens its window once it has a server", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460>
+.03   A < B  S. 0:0(0) ack 1 win 0 <mss 1460>
+.0001 A > B  .  1:1(0) ack 1
+.03   A < B  .  1:1(0) ack 1 win 8760
+.001  A > B  P. 1:301(300) ack 1
+.03   A < B  .  1:1(0) ack 301 win 8760
no finding
)",
     true},
    {"A RST carries a window of 0", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.10  A < B  R. 1:1(0) ack 101 win 0
end +5
no finding
)",
     true},
};

void tell_unheard(const Incidents& openings, TimeNs stalled_ns, const std::string& peer, Finding& finding) {
  cite(finding, openings);
  finding.summary += ", " + duration_text(openings.total_ns()) +
                     " of it after the window had opened again: the " + peer +
                     " went on probing, for what told it so was lost after the capture point";
  if (openings.total_ns() > stalled_ns / 2) prove(finding, "likely_cause", "opening_lost");
  prove(finding, "openings_lost", openings.count());
  prove(finding, "openings_lost_ns", openings.total_ns());
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const WindowResults& facts = context.transfer->windows[index(side)];
  const Incidents& stalls = facts.zero_window_stalls;
  if (!stalls) return;
  const Incidents& probes = context.transfer->windows[index(other(side))].window_probes;
  const bool open = facts.closed_at_end;
  const TimeNs more = open ? std::max<TimeNs>(context.verdicts.watched_until_ns - flow.last.time_ns, 0) : 0;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, stalls);
  finding.count = stalls.count();
  if (facts.stalls_probed + facts.stalls_resumed == 0) finding.certainty = Certainty::Likely;
  const std::string peer(role(flow, other(side)));
  finding.summary =
      "The " + std::string(role(flow, side)) + " closed its receive window " + times_text(stalls.count()) +
      " while the " + peer + " had data to send, for " + duration_text(stalls.total_ns() + more) + " in all" +
      (stalls.count() > 1 ? ", " + duration_text(stalls.longest_ns()) + " at the longest" : "") +
      (open ? "; it is still closed at " + std::string(watch_end_text(context.verdicts)) : "");
  if (facts.openings_unheard) tell_unheard(facts.openings_unheard, stalls.total_ns(), peer, finding);
  finding.summary += ".";
  prove(finding, "stalled_ns", stalls.total_ns() + more);
  prove(
      finding, "longest_ns",
      std::max(stalls.longest_ns(), open ? context.verdicts.watched_until_ns - facts.closed_by.time_ns : 0));
  prove(finding, "zero_windows", facts.zero_windows.count());
  prove(finding, "window_probes", probes.count());
  prove(finding, "still_closed", open);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector zero_window{.doc = kDoc,
                                  .examples = kExamples,
                                  .examine_end = &examine_end,
                                  .needs = Needs::Transfer | Needs::Windows};
}

}  // namespace tcpautopsy
