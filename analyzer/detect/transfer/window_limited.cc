#include <algorithm>
#include <cmath>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kTransfer = 100'000;  // octets

constexpr Doc kDoc{
    .id = "window_limited",
    .title = "Throughput limited by the receive window",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "in flight equals the advertised window for at least half the sending time of a transfer of 100 kB "
        "or more",
    .what =
        "For at least half of its sending time the sender had as much under way as the receiver's window "
        "allows, and waited for it. The rate is then window divided by round trip, whatever the network "
        "could carry.\n\n"
        "The endpoint named is the receiver: its window is the limit. A window that is small for the path is "
        "one cause, an application that reads no faster than this the other.",
    .how_known =
        "A transfer of 100 kB or more in one direction. After a segment of the sender less than a full "
        "segment's room was left below the right edge of the latest window that it can have heard of; that "
        "is the one that passed a round trip (between the capture point and the sender) before. The time "
        "from there to the moment when a wider offer reached it counts as limited, all time with data under "
        "way as sending time; zero windows and waits before data retransmitted are left out.\n\n"
        "It is not said where the window scale is unknown, since the SYN or SYN-ACK was not captured. A "
        "sender that uses over 90 % of a window may be counted too. Whether the window is small or the "
        "reader slow: a window that stays the same speaks for the first, one that shrinks and grows for the "
        "second.",
    .causes =
        "A receive buffer fixed by SO_RCVBUF, which switches Linux's tuning off. A low maximum in "
        "net.ipv4.tcp_rmem for a long path (bandwidth times delay). Window scaling lost: an old stack or a "
        "middlebox that strips the option, so that 64 kB is the most. An application that reads slowly, so "
        "that the buffer is seldom empty.",
    .confirm =
        "On the sender: ss -ti shows rwnd_limited:...ms(...%) and snd_wnd. On the receiver: ss -tmi, "
        "rcv_space "
        "and skmem rb (the buffer); a Recv-Q above 0 most of the time means a slow reader. sysctl "
        "net.ipv4.tcp_rmem net.ipv4.tcp_moderate_rcvbuf net.ipv4.tcp_window_scaling "
        "net.ipv4.tcp_adv_win_scale.",
    .remedy =
        "For a rate R over a round trip T the window must be R times T: raise the third value of "
        "net.ipv4.tcp_rmem on the receiver, and remove SO_RCVBUF from the application; that costs up to so "
        "much memory for each connection that needs it. Where the application is slow, make it read faster.",
    .bad_advice =
        "Buffers or congestion control of the sender change nothing: it waits for the receiver. "
        "net.core.rmem_max bounds only SO_RCVBUF, not the kernel's own tuning.",
    .rfc = "RFC 9293 3.8.6; RFC 7323 2, 1.1 (bandwidth times delay)",
    .wireshark = "TCP Window Full",
};

constexpr Example kExamples[] = {
    {"Two segments of window on a long path", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1 win 29200
+.02  A < B  .  1:14601(14600) ack 101
+.001 A < B  .  14601:29201(14600) ack 101
+.05  A > B  .  101:101(0) ack 29201 win 29200
+.02  A < B  .  29201:43801(14600) ack 101
+.001 A < B  .  43801:58401(14600) ack 101
+.05  A > B  .  101:101(0) ack 58401 win 29200
+.02  A < B  .  58401:73001(14600) ack 101
+.001 A < B  .  73001:87601(14600) ack 101
+.05  A > B  .  101:101(0) ack 87601 win 29200
+.02  A < B  .  87601:102201(14600) ack 101
+.001 A < B  .  102201:116801(14600) ack 101
+.05  A > B  .  101:101(0) ack 116801 win 29200
+.02  A < B  .  116801:131401(14600) ack 101
+.05  A > B  .  101:101(0) ack 131401 win 29200
finding window_limited endpoint client severity note
)"},
    {"The same, seen at the receiver", R"(
+0     A > B  S  0:0(0)        <mss 1460>
+.0001 A < B  S. 0:0(0) ack 1  <mss 1460> win 29200
+.08   A > B  .  1:1(0) ack 1
+.001  A > B  .  1:14601(14600) ack 1
+.0001 A > B  .  14601:29201(14600) ack 1
+.0001 A < B  .  1:1(0) ack 29201 win 29200
+.08   A > B  .  29201:43801(14600) ack 1
+.0001 A > B  .  43801:58401(14600) ack 1
+.0001 A < B  .  1:1(0) ack 58401 win 29200
+.08   A > B  .  58401:73001(14600) ack 1
+.0001 A > B  .  73001:87601(14600) ack 1
+.0001 A < B  .  1:1(0) ack 87601 win 29200
+.08   A > B  .  87601:102201(14600) ack 1
+.0001 A > B  .  102201:116801(14600) ack 1
+.0001 A < B  .  1:1(0) ack 116801 win 29200
+.08   A > B  .  116801:131401(14600) ack 1
+.0001 A < B  .  1:1(0) ack 131401 win 29200
finding window_limited endpoint server
)"},
    {"A window of one segment, whose ACK waits for its timer", R"(
handshake <mss 1460>
+.01    A > B  P. 1:101(100) ack 1 win 1460
repeat 80 {
+.0001  A < B  .  1:1461(1460) ack 101
+.04    A > B  .  101:101(0) ack 1461 win 1460
}
finding window_limited endpoint client severity note
)"},
    {"The window is twice as wide as what is under way", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1 win 60000
+.02  A < B  .  1:14601(14600) ack 101
+.001 A < B  .  14601:29201(14600) ack 101
+.05  A > B  .  101:101(0) ack 29201 win 60000
+.02  A < B  .  29201:43801(14600) ack 101
+.001 A < B  .  43801:58401(14600) ack 101
+.05  A > B  .  101:101(0) ack 58401 win 60000
+.02  A < B  .  58401:73001(14600) ack 101
+.001 A < B  .  73001:87601(14600) ack 101
+.05  A > B  .  101:101(0) ack 87601 win 60000
+.02  A < B  .  87601:102201(14600) ack 101
+.001 A < B  .  102201:116801(14600) ack 101
+.05  A > B  .  101:101(0) ack 116801 win 60000
no finding
)",
     true},
    {"A full window, but less than 100 kB", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1 win 29200
+.02  A < B  .  1:14601(14600) ack 101
+.001 A < B  .  14601:29201(14600) ack 101
+.05  A > B  .  101:101(0) ack 29201 win 29200
+.02  A < B  .  29201:43801(14600) ack 101
+.001 A < B  .  43801:58401(14600) ack 101
+.05  A > B  .  101:101(0) ack 58401 win 29200
no finding
)",
     true},
    {"The window scale is unknown", R"(
+0    A > B  P. 1:101(100) ack 1 win 29200
+.02  A < B  .  1:14601(14600) ack 101
+.001 A < B  .  14601:29201(14600) ack 101
+.05  A > B  .  101:101(0) ack 29201 win 29200
+.02  A < B  .  29201:43801(14600) ack 101
+.001 A < B  .  43801:58401(14600) ack 101
+.05  A > B  .  101:101(0) ack 58401 win 29200
+.02  A < B  .  58401:73001(14600) ack 101
+.001 A < B  .  73001:87601(14600) ack 101
+.05  A > B  .  101:101(0) ack 87601 win 29200
+.02  A < B  .  87601:102201(14600) ack 101
+.001 A < B  .  102201:116801(14600) ack 101
+.05  A > B  .  101:101(0) ack 116801 win 29200
no finding
)",
     true},
};

std::string window_text(const WindowLimitFacts& limit) {
  const std::string most = std::to_string(limit.largest_window);
  if (limit.smallest_window == limit.largest_window) return most + " octets";
  return std::to_string(limit.smallest_window) + " to " + most + " octets";
}

// What a round trip allows is told where it is that which the sender waits for. A window of one segment waits
// for the timer of a delayed ACK (RFC 5681 4.2), and others for a reader.
void tell_bound(Finding& finding, const WindowLimitFacts& limit, TimeNs wait, TimeNs rtt) {
  const double rate = static_cast<double>(limit.largest_window) * 1e9 / static_cast<double>(rtt);
  if (wait / 2 > rtt)
    finding.summary += ": it waited " + duration_text(wait) + " each time over a round trip of " +
                       duration_text(rtt) + ", so that the receiver acknowledges or reads late";
  else
    finding.summary +=
        ": over a round trip of " + duration_text(rtt) + " that allows at most " + rate_text(rate);
  prove(finding, "rtt_ns", rtt);
  prove(finding, "bound_bytes_per_s", static_cast<std::int64_t>(rate));
  prove(finding, "mean_wait_ns", wait);
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const WindowResults& facts = context.transfer->windows[index(side)];
  const WindowLimitFacts& limit = facts.limit;
  if (limit.bytes < kTransfer || !facts.limited || 2 * limit.limited_ns < limit.sending_ns) return;
  const auto rtt = flow.round_trip();
  const double share =
      static_cast<double>(limit.limited_ns) / static_cast<double>(std::max<TimeNs>(limit.sending_ns, 1));
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.limited);
  finding.count = facts.limited.count();
  finding.certainty = Certainty::Likely;
  finding.summary = "The " + std::string(role(flow, other(side))) + " had filled the " +
                    std::string(role(flow, side)) + "'s receive window (" + window_text(limit) + ") for " +
                    std::to_string(std::lround(share * 100)) + " % of the " +
                    duration_text(limit.sending_ns) + " it was sending";
  const TimeNs wait = limit.limited_ns / static_cast<TimeNs>(facts.limited.count());
  if (rtt && *rtt > 0) tell_bound(finding, limit, wait, *rtt);
  finding.summary += ".";
  prove(finding, "limited_ns", limit.limited_ns);
  prove(finding, "sending_ns", limit.sending_ns);
  prove(finding, "share", share);
  prove(finding, "bytes", limit.bytes);
  prove(finding, "smallest_window", limit.smallest_window);
  prove(finding, "largest_window", limit.largest_window);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector window_limited{.doc = kDoc,
                                     .examples = kExamples,
                                     .examine_end = &examine_end,
                                     .needs = Needs::Transfer | Needs::Windows};
}

}  // namespace tcpautopsy
