#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "delayed_ack_stall",
    .title = "Stall on delayed ACK",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when = "a segment acknowledged only by the delayed-ACK timer while the sender had more to send",
    .what =
        "The endpoint had data to send, but sent nothing until the ACK of its last segment came, and that "
        "ACK "
        "came only when the peer's delayed-ACK timer ran out. A receiver acknowledges every second full "
        "segment at once; a single one, or the odd one at the end of a burst, may wait 40 to 200 ms, by the "
        "RFC up to 500 ms.",
    .how_known =
        "New data is sent, then nothing by either side but a pure ACK of all of it, 35 ms or more (and at "
        "least a quarter of the round trip) later than the path takes. More data follows within the round "
        "trip from the capture point to the sender, and would have fitted into the window offered before. "
        "Said of two such stalls, or of one over 100 ms, unless as many next segments came a little later "
        "than upon the ACK.\n\n"
        "What held the sender back is not in the packets: its congestion window, its send buffer, or its "
        "application, which waits until all is acknowledged. Where both segments are small it is Nagle's "
        "algorithm (nagle_delay), and this finding is not given.",
    .causes =
        "A send buffer smaller than two segments or a few, set by the application (SO_SNDBUF): the next "
        "write "
        "is taken only when the ACK frees room. A congestion window of one segment, as after a timeout. "
        "Nagle's algorithm in its original form, which holds the last part of a message while any data is "
        "unacknowledged: writes that end one partial segment after an odd number of full ones.",
    .confirm =
        "On the sender, ss -tinom: cwnd, and in skmem the send buffer's limit (tb) against its use (t). "
        "strace "
        "-e trace=setsockopt for SO_SNDBUF and TCP_NODELAY. On the peer, nstat -az TcpExtDelayedACKs grows "
        "by "
        "one for each stall; ss -tino shows ato, its delayed-ACK timeout.",
    .remedy =
        "Leave the send buffer to the system's tuning (do not set SO_SNDBUF; net.ipv4.tcp_wmem bounds it), "
        "or set it to several times the bandwidth-delay product; that costs memory for each connection. Set "
        "TCP_NODELAY where the last part of a message waits. Write in larger blocks.",
    .bad_advice =
        "A larger receive buffer at the peer: the window was not full. Turning delayed ACKs off on the "
        "receiver trades every stall for many more ACKs and leaves the sender as it is.",
    .rfc = "RFC 9293 3.8.6.3; RFC 5681 4.2; RFC 1122 4.2.3.2",
};

constexpr Example kExamples[] = {
    {"One full segment at a time, each acknowledged by the timer", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.060  A < B  .  1:1(0) ack 1461
+.0001 A > B  .  1461:2921(1460) ack 1
+.060  A < B  .  1:1(0) ack 2921
+.0001 A > B  .  2921:4381(1460) ack 1
+.060  A < B  .  1:1(0) ack 4381
finding delayed_ack_stall frame 4 frame 5 frame 6 frame 7 frame 8 endpoint client severity note certainty likely count 2
)"},
    {"The last part of each message waits for the ACK of a full segment", R"(
handshake
+.10   A < B  .  1:1461(1460) ack 1
+.210  A > B  .  1:1(0) ack 1461
+.0102 A < B  P. 1461:1561(100) ack 1
+.050  A > B  .  1:1(0) ack 1561
finding delayed_ack_stall frame 4 frame 5 frame 6 endpoint server count 1
)"},
    {"Captured at the receiver", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.0001 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.030  A > B  .  1:1(0) ack 1
+.10   A > B  .  1:1461(1460) ack 1
+.040  A < B  .  1:1(0) ack 1461
+.0305 A > B  .  1461:2921(1460) ack 1
+.041  A < B  .  1:1(0) ack 2921
+.0308 A > B  .  2921:4381(1460) ack 1
finding delayed_ack_stall frame 4 frame 5 frame 6 frame 7 frame 8 endpoint client count 2
)"},
    {"The window was full: it is the ACK's window that lets the sender go on", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.01   A < B  S. 0:0(0) ack 1 win 2000 <mss 1460,sackOK>
+.01   A > B  .  1:1(0) ack 1
+.10   A > B  .  1:1461(1460) ack 1
+.060  A < B  .  1:1(0) ack 1461 win 2000
+.0001 A > B  .  1461:2921(1460) ack 1
+.060  A < B  .  1:1(0) ack 2921 win 2000
+.0001 A > B  .  2921:4381(1460) ack 1
+.060  A < B  .  1:1(0) ack 4381 win 2000
no finding
)",
     true},
    {"Blocks that the application sends at its own pace", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.060  A < B  .  1:1(0) ack 1461
+.140  A > B  .  1461:2921(1460) ack 1
+.060  A < B  .  1:1(0) ack 2921
+.140  A > B  .  2921:4381(1460) ack 1
+.060  A < B  .  1:1(0) ack 4381
no finding
)",
     true},
    {"Small segments that wait: that is Nagle's algorithm", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.210  A < B  .  1:1(0) ack 101
+.0001 A > B  P. 101:301(200) ack 1
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SmallSendResults& facts = context.transfer->small_sends[index(side)];
  const Incidents& stalls = facts.other_waits.incidents;
  if (!facts.other_waits.certain_wait() || facts.held_by_nagle()) return;
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = Certainty::Likely;
  cite(finding, stalls);
  finding.count = stalls.count();
  finding.summary = "The " + std::string(role(flow, side)) + ", with more to send, waited " +
                    times_text(stalls.count()) + " until the peer's delayed-ACK timer ran out; " +
                    duration_text(stalls.total_ns()) + " lost beyond the round trips, at most " +
                    duration_text(stalls.longest_ns()) + " at once.";
  prove(finding, "stalls", stalls.count());
  prove(finding, "lost_ns", stalls.total_ns());
  prove(finding, "longest_ns", stalls.longest_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector delayed_ack_stall{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine_end = &examine_end,
                                        .needs = Needs::Transfer | Needs::SmallSends};
}

}  // namespace tcpautopsy
