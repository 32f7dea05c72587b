#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "syn_option_blackhole",
    .title = "SYNs with an option dropped on the path",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "SYNs with ECN setup, Fast Open or another option are unanswered, and the same connect without it is "
        "answered at once: something on the path drops them; evidence `option`",
    .what =
        "The client's SYN asked for something more than the connection (ECN, TCP Fast Open, Multipath TCP, "
        "timestamps), and "
        "nothing answered it, however often it was sent. Then the client sent the same SYN without it, and "
        "the SYN-ACK came in a round trip. The connection opens, seconds late, each time again.",
    .how_known =
        "Two or more SYNs of one ISN with the feature and no SYN-ACK, then one without it whose SYN-ACK "
        "passes at once. Loss alone would have to hit each of the first and spare the last, so certainty is "
        "`likely`, never `certain`: the evidence has the number of SYNs.\n\n"
        "After a single one with the feature nothing is said: kernels leave the feature out of the first "
        "resend (net.ipv4.tcp_ecn_fallback), and one lost SYN looks the same.",
    .causes =
        "An old firewall, load balancer or intrusion prevention system that takes the ECN bits or an option "
        "it does not know for an attack. A NAT that drops SYNs with data. A router that reads the old TOS "
        "octet.",
    .confirm =
        "Send one SYN with and one without it to the same address: hping3 -S -X -Y for the ECN bits, or "
        "sysctl net.ipv4.tcp_ecn (0 and 1), net.ipv4.tcp_fastopen, net.ipv4.tcp_timestamps, "
        "net.mptcp.enabled on a test "
        "client. tracebox shows the hop from which on nothing comes back. On the client: nstat -az "
        "TcpExtTCPSynRetrans TcpExtTCPFastOpenActiveFail.",
    .remedy =
        "Repair or update the device that drops. Until then turn the feature off toward that destination "
        "only (ip route ... features; net.ipv4.tcp_fastopen_blackhole_timeout_sec does so by itself), at the "
        "price of what it is for.",
    .bad_advice =
        "Turning timestamps, SACK or window scaling off for all destinations costs every other connection. "
        "Longer connect timeouts only hide the seconds lost.",
    .rfc = "RFC 3168 6.1.1.1; RFC 7413 4.4.2, 7.1; RFC 9293 3.1 (unknown options are ignored)",
    .wireshark = "TCP Retransmission (on SYN)",
};

constexpr Example kExamples[] = {
    {"ECN setup is dropped, the plain SYN answered", R"(
+0    A > B  SEC 0:0(0)        <mss 1460>
+1    A > B  SEC 0:0(0)        <mss 1460>
+2    A > B  SEC 0:0(0)        <mss 1460>
+4    A > B  S   0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
finding syn_option_blackhole frame 1 frame 2 frame 3 frame 4 frame 5 endpoint client severity warning certainty likely count 3
finding syn_unanswered
)"},
    {"Fast Open is dropped", R"(
+0    A > B  S   0:0(0)        <mss 1460,tfo 8>
+1    A > B  S   0:0(0)        <mss 1460,tfo 8>
+2    A > B  S   0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
finding syn_option_blackhole frame 1 frame 2 frame 3 frame 4 endpoint client certainty likely count 2
)"},
    {"Multipath TCP is dropped, and the client falls back", R"(
+0    A > B  S   0:0(0)        <mss 1460,mptcp>
+1    A > B  S   0:0(0)        <mss 1460,mptcp>
+2    A > B  S   0:0(0)        <mss 1460,mptcp>
+4    A > B  S   0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
finding syn_option_blackhole frame 1 frame 2 frame 3 frame 4 frame 5 endpoint client certainty likely count 3
)"},
    {"Multipath TCP is asked for to the last: loss", R"(
+0    A > B  S   0:0(0)        <mss 1460,mptcp>
+1    A > B  S   0:0(0)        <mss 1460,mptcp>
+2    A > B  S   0:0(0)        <mss 1460,mptcp>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"One SYN lost, and the resend is without ECN as usual", R"(
+0    A > B  SEC 0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"The SYN that is answered has it too: loss", R"(
+0    A > B  SEC 0:0(0)        <mss 1460>
+1    A > B  SEC 0:0(0)        <mss 1460>
+2    A > B  SEC 0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"Without it the SYN is not answered either", R"(
+0    A > B  SEC 0:0(0)        <mss 1460>
+1    A > B  SEC 0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
+4    A > B  S   0:0(0)        <mss 1460>
+.03  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const auto& dropped = context.verdicts.opening.feature_dropped;
  if (!dropped) return;
  const FlowFacts& flow = context.flow;
  Finding finding = make_finding(kDoc, flow, flow.client);
  finding.certainty = Certainty::Likely;
  cite(finding, dropped->with);
  cite(finding, dropped->without);
  cite(finding, dropped->answer);
  finding.count = dropped->with.size();
  const TimeNs answered_after = dropped->answer.time_ns() - dropped->without.time_ns();
  const TimeNs lost = dropped->without.time_ns() - dropped->with.front().time_ns();
  finding.summary = count_text(finding.count, "SYN") + " with " + std::string(name(dropped->feature)) +
                    " had no answer from " + endpoint_text(flow, flow.server()) +
                    "; the same SYN without it was answered " + duration_text(answered_after) +
                    " later: something on the path drops them, which cost " + duration_text(lost) + ".";
  prove(finding, "option", name(dropped->feature));
  prove(finding, "syns_with_it", finding.count);
  prove(finding, "answer_after_ns", answered_after);
  prove(finding, "time_lost_ns", lost);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector syn_option_blackhole{.doc = kDoc,
                                           .examples = kExamples,
                                           .examine = &examine,
                                           .needs = Needs::BothDirections | Needs::OddOpening};
}

}  // namespace tcpautopsy
