#include "analyzer/decode/window_scale.h"
#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "window_scale_ignored",
    .title = "Window scaling lost on the path",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "a sender's bursts stop at the peer's unscaled window, or the scale in the SYN is absent behind a "
        "middlebox though the windows sent only make sense with it",
    .what =
        "The window field has 16 bits; its value is shifted by a scale that both ends announce in their "
        "SYNs. "
        "Here the receiver counts on its scale and the sender does not apply it: it takes a window of 64 kB "
        "for some hundred octets, stops there and waits for each ACK. Where not even a full segment fits, it "
        "waits for a timer on top, 200 ms and more each time.\n\n"
        "The connection opens and small requests pass; anything larger crawls at some kB a second.",
    .how_known =
        "Three or more times new data ended exactly at the acknowledgment number plus the window field as "
        "sent, without the scale, and hardly any went beyond. Said where five or more such stops were seen "
        "and both SYNs carry a scale above 0, or where only one does, the window never closes, and the "
        "first after the SYN is an eighth of the SYN's or less, as only a scaled one is. It is not said "
        "where a SYN was not captured "
        "or "
        "a snap length cut its options.",
    .causes =
        "A firewall, load balancer or NAT that removes or changes the option in one of the two SYNs, or that "
        "follows windows without scaling (old ipfilter and PIX releases). A middlebox that answers the SYN "
        "itself (SYN proxy, SYN cookies without timestamps) and promises another scale than the host behind "
        "it. A stack that forgets the scale.",
    .confirm =
        "Capture at both ends and compare the window scale options of SYN and SYN-ACK. ss -ti shows "
        "wscale:s,r "
        "at each end, and snd_wnd at the sender: the unscaled value proves it. sysctl "
        "net.ipv4.tcp_window_scaling.",
    .remedy =
        "Mend or replace the device that touches the option; let firewalls pass TCP options unchanged. Until "
        "then switch scaling off at one end (net.ipv4.tcp_window_scaling=0 on Linux): windows are then right "
        "but at most 64 kB, which bounds the rate of long paths.",
    .bad_advice =
        "Larger buffers make it worse: a larger buffer has a larger scale and a smaller field. Neither "
        "TCP_NODELAY nor another congestion control changes what the sender may send.",
    .rfc = "RFC 7323 2.2, 2.3; RFC 9293 3.8.6, 3.8.6.2.1",
    .wireshark = "TCP Window Full",
};

constexpr Example kExamples[] = {
    {"The sender takes 65024 octets for 127", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,wscale 9>
+.0001 A > B  .  1:1(0) ack 1 win 502
+.001  A < B  P. 1:41(40) ack 1 win 127
+.001  A > B  .  1:1(0) ack 41 win 502
repeat 8 {
+.204  A > B  .  1:128(127) ack 41 win 502
+.03   A < B  .  41:41(0) ack 128 win 127
}
finding window_scale_ignored endpoint client severity warning certainty likely
)"},
    {"The SYN-ACK's scale was removed on the way to the client", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1 win 502
+.001  A < B  P. 1:41(40) ack 1 win 510
+.001  A > B  .  1:1(0) ack 41 win 502
repeat 8 {
+.001  A > B  .  1:511(510) ack 41 win 502
+.03   A < B  .  41:41(0) ack 511 win 510
}
finding window_scale_ignored endpoint client count 7
)"},
    {"A window that is really small is used up each time", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK>
+.03   A < B  S. 0:0(0) ack 1 win 510 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1 win 64240
+.001  A < B  P. 1:41(40) ack 1 win 510
+.001  A > B  .  1:1(0) ack 41 win 64240
repeat 8 {
+.001  A > B  .  1:511(510) ack 41 win 64240
+.03   A < B  .  41:41(0) ack 511 win 510
}
no finding
)",
     true},
    {"A small receiver that offers no scale, full and read little by little", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 2920 <mss 1460>
+.0001 A > B  .  1:1(0) ack 1 win 502
+.001  A > B  .  1:1461(1460) ack 1 win 502
+.001  A > B  .  1461:2921(1460) ack 1 win 502
+.03   A < B  .  1:1(0) ack 2921 win 0
+.03   A < B  .  1:1(0) ack 2921 win 120
repeat 8 {
+.0002 A > B  P. 2921:3041(120) ack 1 win 502
+.03   A < B  .  1:1(0) ack 3041 win 0
+.03   A < B  .  1:1(0) ack 3041 win 120
}
no finding
)",
     true},
    {"A sender that uses the scaled window", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,wscale 9>
+.0001 A > B  .  1:1(0) ack 1 win 502
+.001  A < B  P. 1:41(40) ack 1 win 127
repeat 8 {
+.001  A > B  .  1:1461(1460) ack 41 win 502
+0     A > B  .  1461:2921(1460) ack 41 win 502
+.03   A < B  .  41:41(0) ack 2921 win 127
}
no finding
)",
     true},
    {"Small requests that by chance end where the window would without its scale: the client waits for "
     "answers",
     R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,wscale 9>
+.0001 A > B  .  1:1(0) ack 1 win 502
+.03   A < B  P. 1:41(40) ack 1 win 127
repeat 8 {
+.001  A > B  P. 1:128(127) ack 41 win 502
+.03   A < B  P. 41:81(40) ack 128 win 127
}
no finding
)",
     true},
    {"Small requests that the window has room for", R"(
+0     A > B  S  0:0(0) win 64240 <mss 1460,sackOK,wscale 7>
+.03   A < B  S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,wscale 9>
+.0001 A > B  .  1:1(0) ack 1 win 502
repeat 8 {
+.1    A > B  P. 1:101(100) ack 1 win 502
+.03   A < B  P. 1:41(40) ack 101 win 127
+.0001 A > B  .  101:101(0) ack 41 win 502
}
no finding
)",
     true},
};

constexpr std::uint64_t kFewest = 5;
constexpr unsigned kFallsTo = 8;  // the first window is this part of the SYN's, or less

// Whether the windows of `receiver` only make sense by a scale that was lost.
bool lost(const FlowFacts& flow, const WindowResults& window, Side receiver) {
  const SideFacts &own = flow.facts(receiver), &peer = flow.facts(other(receiver));
  if (!own.syn_seen || !peer.syn_seen || !window_scale_known(own, peer)) return false;
  if (window_shift(own.syn_options, peer.syn_options) > 0) return true;
  // A window that fills up is as small as it says.
  return own.syn_options.has_window_scale != peer.syn_options.has_window_scale && !window.zero_windows &&
         window.window_first * kFallsTo <= window.window_of_syn;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Side receiver = other(side);
  const WindowResults& window = context.transfer->windows[index(receiver)];
  const Incidents& stops = window.unscaled_stops;
  if (stops.count() < kFewest || !lost(flow, window, receiver)) return;
  const unsigned shift = window_shift(flow.facts(receiver).syn_options, flow.facts(side).syn_options);
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = Certainty::Likely;
  cite(finding, stops);
  finding.count = stops.count();
  finding.summary =
      "The " + std::string(role(flow, side)) + " stopped " + times_text(stops.count()) +
      " at the window field without its scale (" + std::to_string(window.window_first) + " octets at first" +
      (shift > 0 ? ", where " + std::to_string(std::uint64_t{window.window_first} << shift) + " were offered"
                 : ", where the SYN had offered " + std::to_string(window.window_of_syn)) +
      "), " + duration_text(stops.total_ns()) + " in all: it or something on the way lost the window scale.";
  prove(finding, "stops", stops.count());
  prove(finding, "stopped_ns", stops.total_ns());
  prove(finding, "window_sent", window.window_first);
  prove(finding, "scale", shift);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector window_scale_ignored{.doc = kDoc,
                                           .examples = kExamples,
                                           .examine_end = &examine_end,
                                           .needs = Needs::Transfer | Needs::Windows};
}

}  // namespace tcpautopsy
