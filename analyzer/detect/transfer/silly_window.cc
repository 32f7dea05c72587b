#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kStepsNeeded = 3;

constexpr Doc kDoc{
    .id = "silly_window",
    .title = "Silly window syndrome",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when = "the window opens in steps below half an MSS repeatedly",
    .what =
        "With its window used up, an endpoint offered room in steps of less than half a segment, again and "
        "again. A sender that takes such offers sends many small segments, each with a full header: the "
        "silly window syndrome.\n\n"
        "The endpoint named is the receiver. Its TCP should hold back until it can offer a full segment or "
        "half its buffer.",
    .how_known =
        "Three or more ACKs that move the right edge by less than half a full segment (or a quarter of the "
        "largest window ever offered, where that is less), each while the peer had less than that left to "
        "use. Steps that are only the rounding of the window scale are not counted. The evidence tells how "
        "many small segments of the peer filled such a step.\n\n"
        "Needs the window scale, thus both SYNs, and ACKs that were captured: a missed one makes two steps "
        "look like one, never smaller.",
    .causes =
        "A receive buffer smaller than a few segments (SO_RCVBUF, embedded stacks). An application that "
        "reads some octets at a time behind a stack without receiver-side avoidance. A proxy or user-space "
        "stack that passes its own small windows on.",
    .confirm =
        "On the receiver: ss -tmi (skmem rb is the buffer, rcv_space what tuning aims at); strace -e "
        "trace=read,recvfrom -p PID shows the size of reads. On the sender: ss -ti, bytes_sent over "
        "segs_out.",
    .remedy =
        "A receive buffer of at least some segments (remove SO_RCVBUF, raise the embedded stack's window); "
        "reads as large as what is there. Costs memory for each connection.",
    .bad_advice =
        "Nagle's algorithm (or TCP_NODELAY) on the sender is another matter: it bounds small segments of "
        "small writes, not of small windows.",
    .rfc = "RFC 9293 3.8.6.2.2 (receiver), 3.8.6.2.1 (sender); RFC 1122 4.2.3.3",
    .wireshark = "TCP Window Update, TCP Window Full",
};

constexpr Example kExamples[] = {
    {"A reader of 100 octets at a time", R"(
handshake <mss 1460>
+.10  A < B  .  1:1(0) ack 1 win 1460
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.10  A < B  .  1:1(0) ack 1461 win 100
+.01  A > B  .  1461:1561(100) ack 1
+.10  A < B  .  1:1(0) ack 1561 win 100
+.01  A > B  .  1561:1661(100) ack 1
+.10  A < B  .  1:1(0) ack 1661 win 100
+.01  A > B  .  1661:1761(100) ack 1
+.10  A < B  .  1:1(0) ack 1761 win 100
finding silly_window frame 7 frame 9 frame 11 frame 13 endpoint server severity note count 4
)"},
    {"Steps of 300 octets at the client", R"(
handshake <mss 1460>
+.10  A > B  .  1:1(0) ack 1 win 2920
+.01  A < B  .  1:1461(1460) ack 1
+.01  A < B  .  1461:2921(1460) ack 1
+.01  A > B  .  1:1(0) ack 2921 win 300
+.01  A < B  .  2921:3221(300) ack 1
+.01  A > B  .  1:1(0) ack 3221 win 300
+.01  A < B  .  3221:3521(300) ack 1
+.01  A > B  .  1:1(0) ack 3521 win 300
finding silly_window endpoint client count 3
)"},
    {"Full segments", R"(
handshake <mss 1460>
+.10  A < B  .  1:1(0) ack 1 win 1460
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 1460
+.01  A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 1460
+.01  A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 4381 win 1460
no finding
)",
     true},
    {"Small segments below a wide window", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.10  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  P. 201:301(100) ack 1
+.01  A < B  .  1:1(0) ack 301
+.10  A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 401
no finding
)",
     true},
    {"Two small steps only", R"(
handshake <mss 1460>
+.10  A < B  .  1:1(0) ack 1 win 1460
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+.10  A < B  .  1:1(0) ack 1461 win 100
+.01  A > B  .  1461:1561(100) ack 1
+.10  A < B  .  1:1(0) ack 1561 win 100
+.10  A < B  .  1:1(0) ack 1561 win 8760
+.01  A > B  .  1561:3021(1460) ack 1
+.01  A < B  .  1:1(0) ack 3021
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const WindowResults& facts = context.transfer->windows[index(side)];
  if (facts.silly_steps.count() < kStepsNeeded) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.silly_steps);
  finding.count = facts.silly_steps.count();
  finding.summary = "The " + std::string(role(flow, side)) + "'s full receive window opened " +
                    times_text(facts.silly_steps.count()) + " by less than half of the " +
                    count_text(facts.full_size, "octet") + " of a full segment, by " +
                    std::to_string(facts.smallest_step) + " at the least; small segments filled it " +
                    times_text(facts.silly_segments) + ".";
  prove(finding, "steps", facts.silly_steps.count());
  prove(finding, "smallest_step_octets", facts.smallest_step);
  prove(finding, "full_segment_octets", facts.full_size);
  prove(finding, "small_segments", facts.silly_segments);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector silly_window{.doc = kDoc,
                                   .examples = kExamples,
                                   .examine_end = &examine_end,
                                   .needs = Needs::Transfer | Needs::Windows};
}

}  // namespace tcpautopsy
