#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "data_beyond_window",
    .title = "Data beyond the receive window",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when = "data beyond the advertised right edge",
    .what =
        "An endpoint sent data past the right edge of every window that its peer had offered. The peer may "
        "discard what lies beyond; then it is retransmitted, and time is lost.\n\n"
        "The endpoint named is the sender.",
    .how_known =
        "The segment ends beyond the highest ACK plus window that had passed toward its sender. Offers count "
        "as they passed the capture point, before the sender could hear of them, so the sender knew of no "
        "wider one; an edge that moved back (a window that shrank) is not held against data sent by the old "
        "one. Keep-alives and window probes of an octet are not counted.\n\n"
        "It needs the window scale of both SYNs. An offer that the capture missed would explain it too: "
        "where the capture lacks segments it is said only if the peer's next ACK left the data out.",
    .causes =
        "A middlebox that changes window or scale in one direction, so that both ends hold different "
        "numbers. A faulty or user-space TCP. A sender that tests the receiver. A connection moved between "
        "hosts by a load balancer.",
    .confirm =
        "Capture at both hosts and compare window scale options in both SYNs and the windows after them: a "
        "difference is the middlebox's. On the receiver: nstat -az TcpExtTCPZeroWindowDrop "
        "TcpExtTCPRcvQDrop TcpExtBeyondWindow (where the kernel has it).",
    .remedy =
        "Correct or replace the box or stack that does it. For a test, net.ipv4.tcp_window_scaling=0 on one "
        "host takes the scale out of play, and bounds the window to 64 kB.",
    .bad_advice = "Larger receive buffers hide it at best.",
    .rfc = "RFC 9293 3.8.6, 3.10.7.4 (acceptability test); RFC 7323 2.3, 2.4 (shrinking windows)",
    .wireshark = "TCP Window Full (which marks data just up to the edge)",
};

constexpr Example kExamples[] = {
    {"A segment more than the window", R"(
+0    A > B  S  0:0(0)        <mss 1460> win 64240
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 2920
+.01  A > B  .  1:1(0) ack 1 win 64240
+.01  A > B  .  1:1461(1460) ack 1
+0    A > B  .  1461:2921(1460) ack 1
+0    A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 2920
+.22  A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 4381 win 2920
finding data_beyond_window frame 6 endpoint client severity note certainty certain count 1
)"},
    {"A whole segment into a closed window", R"(
+0    A > B  S  0:0(0)        <mss 1460> win 1460
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 64240
+.01  A > B  .  1:1(0) ack 1 win 1460
+.01  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
+.30  A < B  .  1461:2921(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
finding data_beyond_window frame 6 endpoint server certainty certain
)"},
    {"A probe of one octet", R"(
+0    A > B  S  0:0(0)        <mss 1460> win 1460
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 64240
+.01  A > B  .  1:1(0) ack 1 win 1460
+.01  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
+.30  A < B  .  1461:1462(1) ack 1
+.01  A > B  .  1:1(0) ack 1461 win 0
no finding
)",
     true},
    {"The window shrank while data were under way", R"(
+0    A > B  S  0:0(0)        <mss 1460> win 64240
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 4380
+.01  A > B  .  1:1(0) ack 1 win 64240
+.01  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 1460
+0    A > B  .  1461:2921(1460) ack 1
+0    A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 4381 win 1460
no finding
)",
     true},
    {"Up to the edge", R"(
+0    A > B  S  0:0(0)        <mss 1460> win 64240
+.01  A < B  S. 0:0(0) ack 1  <mss 1460> win 2920
+.01  A > B  .  1:1(0) ack 1 win 64240
+.01  A > B  .  1:1461(1460) ack 1
+0    A > B  .  1461:2921(1460) ack 1
+.01  A < B  .  1:1(0) ack 2921 win 2920
no finding
)",
     true},
    {"The scale is unknown", R"(
+.10  A < B  .  1:1(0) ack 1 win 2920
+.01  A > B  .  1:1461(1460) ack 1
+0    A > B  .  1461:2921(1460) ack 1
+0    A > B  .  2921:4381(1460) ack 1
+.01  A < B  .  1:1(0) ack 4381 win 2920
no finding
)",
     true},
};

// Of several segments in a row past one edge, the first stands for all.
std::string fate_text(const WindowResults& facts) {
  if (facts.beyond_refused > 0 && facts.beyond_taken > 0)
    return "; the next ACK left the excess out " + times_text(facts.beyond_refused) + " and covered it " +
           times_text(facts.beyond_taken);
  if (facts.beyond_refused > 0) return "; the next ACK left the excess out";
  return facts.beyond_taken > 0 ? "; the excess was taken all the same"
                                : "; nothing tells whether the excess was taken";
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const WindowResults& facts = context.transfer->windows[index(side)];
  if (!facts.beyond_window || (facts.beyond_with_gaps && facts.beyond_refused == 0)) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.beyond_window);
  finding.count = facts.beyond_window.count();
  finding.certainty = facts.beyond_refused > 0 ? Certainty::Certain : Certainty::Likely;
  finding.summary = "The " + std::string(role(flow, side)) + " sent " +
                    count_text(facts.beyond_window.count(), "segment") + " past the edge of the " +
                    std::string(role(flow, other(side))) + "'s receive window, by up to " +
                    count_text(facts.beyond_octets, "octet") + fate_text(facts) + ".";
  prove(finding, "segments", facts.beyond_window.count());
  prove(finding, "beyond_octets", facts.beyond_octets);
  prove(finding, "refused", facts.beyond_refused);
  prove(finding, "taken", facts.beyond_taken);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector data_beyond_window{.doc = kDoc,
                                         .examples = kExamples,
                                         .examine_end = &examine_end,
                                         .needs = Needs::Transfer | Needs::Windows};
}

}  // namespace tcpautopsy
