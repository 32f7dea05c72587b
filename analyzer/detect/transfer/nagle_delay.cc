#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "nagle_delay",
    .title = "Nagle and delayed ACK stall",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "a small segment waits for the ACK of an earlier small one, and that ACK came late (delayed ACK: 35 "
        "ms or more and clearly above the RTT); 2 or more stalls, or 1 over 100 ms; with the time lost. "
        "Where the ACK comes a round trip later and no delay timer shows, it is a note and \"waits a round "
        "trip\": 5 or more stalls that cost 10 % of the flow's time",
    .what =
        "The endpoint had a small segment ready and did not send it, because an earlier small one was not "
        "yet "
        "acknowledged; the peer, for its part, held that ACK back in the hope of sending it along with data. "
        "Both waited until the peer's delayed-ACK timer ran out: 40 ms or more on Linux, up to 200 ms on "
        "Windows and the BSDs, each time.\n\n"
        "The usual shape is write-write-read: an application sends a request in two small writes, then waits "
        "for the answer. The peer cannot answer before it has the second part, and the second part waits for "
        "the ACK of the first.",
    .how_known =
        "A small segment is sent, nothing more, and nothing comes from the peer but a pure ACK that is 35 ms "
        "or more (and at least a quarter of the round trip) later than the path takes. The next small "
        "segment "
        "follows within the round trip from the capture point to the sender: it was ready and waited. It "
        "would have fitted into the window offered before. Said of two such stalls, or of one over 100 "
        "ms.\n\n"
        "It is not said where the sender often sends small segments while others are unacknowledged "
        "(TCP_NODELAY is set), where as many next segments come a little after the ACK as upon it (an "
        "application that thinks), or where the late ACK belongs to data retransmitted (a loss). The time "
        "lost "
        "is what the ACKs were late, beyond the least round trip seen on the connection.\n\n"
        "Where the ACK comes as soon as the path allows, and the next small segment upon it, the wait is a "
        "round "
        "trip: a note, said of five or more such waits that make up a tenth of the time in which no "
        "application kept the connection waiting.",
    .causes =
        "An application, or its library, that writes a message in parts: header and body, length and "
        "content, command and line end. An HTTP, RPC or database client without TCP_NODELAY. Buffering that "
        "was turned off or is flushed after every field.",
    .confirm =
        "strace -f -e trace=write,send,sendto,sendmsg,writev -tt -p PID on the sender shows two small writes "
        "before each read; with -e trace=setsockopt from the start of the process it shows whether "
        "TCP_NODELAY "
        "is set. On the peer, nstat -az TcpExtDelayedACKs grows by one for each stall, and ss -tino shows "
        "ato: "
        "the delayed-ACK timeout in force.",
    .remedy =
        "Write the message at once: one buffer, writev(), or MSG_MORE on all parts but the last. That costs "
        "nothing and sends fewer packets. Else set TCP_NODELAY on the sender: each write then becomes a "
        "segment of its own, which costs packets and headers where writes are many and small. On Linux, "
        "TCP_CORK around the parts serves too if it is always taken off again.",
    .bad_advice =
        "Turning off delayed ACKs on the peer (TCP_QUICKACK, which Linux takes back by itself, or the "
        "registry value TcpAckFrequency on Windows) hides the symptom of one application at the cost of more "
        "ACKs for all. Larger socket buffers or window scaling change nothing. The network is not slow, and "
        "a shorter path does not help: the time is a timer's.",
    .rfc = "RFC 9293 3.7.4 (Nagle), 3.8.6.3 (delayed ACK); RFC 896; RFC 1122 4.2.3.2, 4.2.3.4",
};

constexpr Example kExamples[] = {
    {"Write-write-read, twice: the second part waits 40 ms for the ACK of the first", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.060  A < B  .  1:1(0) ack 101
+.0001 A > B  P. 101:301(200) ack 1
+.020  A < B  P. 1:51(50) ack 301
+.011  A > B  P. 301:401(100) ack 51
+.060  A < B  .  51:51(0) ack 401
+.0001 A > B  P. 401:601(200) ack 51
+.020  A < B  P. 51:101(50) ack 601
+.040  A > B  .  601:601(0) ack 101
finding nagle_delay frame 4 frame 5 frame 6 frame 8 frame 9 frame 10 endpoint client severity warning count 2
)"},
    {"One stall of 200 ms is enough", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.210  A < B  .  1:1(0) ack 101
+.0001 A > B  P. 101:301(200) ack 1
+.020  A < B  P. 1:51(50) ack 301
finding nagle_delay frame 4 frame 5 frame 6 endpoint client certainty likely count 1
)"},
    {"A host that talks to itself: parts of several kilobytes are small there", R"(
+0     A > B  S  0:0(0) win 65495 <mss 65495,sackOK>
+0     A < B  S. 0:0(0) ack 1 win 65483 <mss 65495,sackOK>
+0     A > B  .  1:1(0) ack 1
+.10   A > B  P. 1:8222(8221) ack 1
+.041  A < B  .  1:1(0) ack 8222
+.0001 A > B  P. 8222:10222(2000) ack 1
+.0003 A < B  P. 1:43(42) ack 10222
+.10   A > B  P. 10222:18443(8221) ack 43
+.041  A < B  .  43:43(0) ack 18443
+.0001 A > B  P. 18443:20443(2000) ack 43
finding nagle_delay frame 4 frame 5 frame 6 endpoint client count 2
)"},
    {"Captured at the receiver: the held segment comes a round trip after the ACK", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.0001 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.030  A > B  .  1:1(0) ack 1
+.10   A > B  P. 1:101(100) ack 1
+.040  A < B  .  1:1(0) ack 101
+.0304 A > B  P. 101:301(200) ack 1
+.0002 A < B  P. 1:51(50) ack 301
+.031  A > B  P. 301:401(100) ack 51
+.042  A < B  .  51:51(0) ack 401
+.0306 A > B  P. 401:601(200) ack 51
+.0002 A < B  P. 51:101(50) ack 601
finding nagle_delay frame 4 frame 5 frame 6 endpoint client count 2
)"},
    {"No delayed ACK: each second part waits a round trip of 120 ms, captured at the server", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.0003 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.1203 A > B  .  1:1(0) ack 1
repeat 6 {
+2.7   A > B  P. 1:65(64) ack 1
+.0003 A < B  .  1:1(0) ack 65
+.1202 A > B  P. 65:321(256) ack 1
+.002  A < B  P. 1:41(40) ack 321
+.1203 A > B  .  321:321(0) ack 41
}
finding nagle_delay endpoint client severity note certainty likely count 6
)"},
    {"Echoes of keys that are typed a round trip apart: each reacts to a key that passed before the last "
     "echo",
     R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.2    A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
+.1    A > B  P. 1:37(36) ack 1
repeat 8 {
+.19   A > B  P. 1:37(36) ack 1
+.01   A < B  P. 1:37(36) ack 1
+.0001 A > B  .  37:37(0) ack 37
}
no finding
)",
     true},
    {"A round trip apart by the application's own pace: some come later than the ACK", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.0003 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.1203 A > B  .  1:1(0) ack 1
repeat 6 {
+.1202 A > B  P. 1:65(64) ack 1
+.0003 A < B  .  1:1(0) ack 65
+.2202 A > B  P. 65:321(256) ack 1
+.0003 A < B  .  1:1(0) ack 321
}
no finding
)",
     true},
    {"TCP_NODELAY and a slow peer: the second part does not wait", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.0001 A > B  P. 101:301(200) ack 1
+.060  A < B  .  1:1(0) ack 301
+.0001 A > B  P. 301:401(100) ack 1
+.0001 A > B  P. 401:601(200) ack 1
+.060  A < B  .  1:1(0) ack 601
+.0001 A > B  P. 601:701(100) ack 1
+.0001 A > B  P. 701:901(200) ack 1
+.060  A < B  .  1:1(0) ack 901
no finding
)",
     true},
    {"The application thinks: its next segment does not come upon the late ACK", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.060  A < B  .  1:1(0) ack 101
+.030  A > B  P. 101:301(200) ack 1
+.060  A < B  .  1:1(0) ack 301
+.020  A > B  P. 301:401(100) ack 1
+.060  A < B  .  1:1(0) ack 401
+.090  A > B  P. 401:601(200) ack 1
+.060  A < B  .  1:1(0) ack 601
no finding
)",
     true},
    {"The ACK is late because the data was lost and retransmitted", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1  !lost
+.230  A > B  P. 1:101(100) ack 1
+.010  A < B  .  1:1(0) ack 101
+.0001 A > B  P. 101:301(200) ack 1
+.010  A < B  P. 1:51(50) ack 301
+.001  A > B  P. 301:401(100) ack 51  !lost
+.230  A > B  P. 301:401(100) ack 51
+.010  A < B  .  51:51(0) ack 401
+.0001 A > B  P. 401:601(200) ack 51
no finding
)",
     true},
    {"The answer wakes the application, however late it is", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.060  A < B  P. 1:51(50) ack 101
+.0001 A > B  P. 101:301(200) ack 51
+.060  A < B  P. 51:101(50) ack 301
+.0001 A > B  P. 301:401(100) ack 101
+.060  A < B  P. 101:151(50) ack 401
no finding
)",
     true},
    {"A window whose scale was lost fills up: not Nagle", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.05   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1 win 64240
+.001  A > B  P. 1:201(200) ack 1 win 64240
+.05   A < B  .  1:1(0) ack 201 win 501
repeat 12 {
+.0002 A > B  P. 201:702(501) ack 1 win 64240
+.05   A < B  .  1:1(0) ack 702 win 501
}
finding window_scale_ignored
no finding nagle_delay
)",
     true},
    {"Parts of several kilobytes between hosts with jumbo frames: perhaps all that the path takes", R"(
+0     A > B  S  0:0(0) win 64000 <mss 8960,sackOK>
+.0001 A < B  S. 0:0(0) ack 1 win 64000 <mss 8960,sackOK>
+0     A > B  .  1:1(0) ack 1
repeat 3 {
+.10   A > B  P. 1:3001(3000) ack 1
+.041  A < B  .  1:1(0) ack 3001
+.0001 A > B  P. 3001:5001(2000) ack 1
+.0003 A < B  P. 1:43(42) ack 5001
}
no finding nagle_delay
)",
     true},
    {"A long path: the ACK is no later than its round trip", R"(
+0    A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.300 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+0    A > B  .  1:1(0) ack 1
+.1   A > B  P. 1:101(100) ack 1
+.305 A < B  .  1:1(0) ack 101
+0    A > B  P. 101:301(200) ack 1
+.305 A < B  P. 1:51(50) ack 301
+.01  A > B  P. 301:401(100) ack 51
+.305 A < B  .  51:51(0) ack 401
+0    A > B  P. 401:601(200) ack 51
no finding
)",
     true},
};

void tell_round_trips(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SmallSendResults& facts = context.transfer->small_sends[index(side)];
  const TimeNs busy_ns = context.transfer->time.busy_ns();
  if (!facts.held_a_round_trip(busy_ns)) return;
  const Incidents& waits = facts.round_trip_waits.incidents;
  // It waits at the edge of the window, as it takes that: window_scale_ignored.
  if (context.transfer->windows[index(other(side))].unscaled_stops.count() * 2 >= waits.count()) return;
  Finding finding = make_finding(kDoc, flow, side);
  finding.severity = Severity::Note;
  finding.certainty = Certainty::Likely;
  cite(finding, waits);
  finding.count = waits.count();
  finding.summary = "The " + std::string(role(flow, side)) + " held back a small segment " +
                    times_text(waits.count()) +
                    " until the ACK of the one before came (Nagle's algorithm): each waits a round trip, " +
                    duration_text(waits.total_ns()) + " in all.";
  prove(finding, "stalls", waits.count());
  prove(finding, "lost_ns", waits.total_ns());
  prove(finding, "longest_ns", waits.longest_ns());
  prove(finding, "busy_ns", busy_ns);
  prove(finding, "small_segments_not_held", facts.not_waiting);
  out.push_back(std::move(finding));
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SmallSendResults& facts = context.transfer->small_sends[index(side)];
  if (!facts.held_by_nagle()) return tell_round_trips(context, side, out);
  const LateAckStalls& waits = facts.small_waits;
  const Incidents& stalls = waits.incidents;
  const bool clear = stalls.count() >= 3 && waits.followed_later == 0 && facts.not_waiting == 0;
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = clear ? Certainty::Certain : Certainty::Likely;
  cite(finding, stalls);
  finding.count = stalls.count();
  finding.summary = "The " + std::string(role(flow, side)) + " held back a small segment " +
                    times_text(stalls.count()) + " until the peer's delayed ACK of the one before came; " +
                    duration_text(stalls.total_ns()) + " lost beyond the round trips, at most " +
                    duration_text(stalls.longest_ns()) + " at once.";
  prove(finding, "stalls", stalls.count());
  prove(finding, "lost_ns", stalls.total_ns());
  prove(finding, "longest_ns", stalls.longest_ns());
  prove(finding, "small_segments_not_held", facts.not_waiting);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector nagle_delay{.doc = kDoc,
                                  .examples = kExamples,
                                  .examine_end = &examine_end,
                                  .needs = Needs::Transfer | Needs::SmallSends};
}

}  // namespace tcpautopsy
