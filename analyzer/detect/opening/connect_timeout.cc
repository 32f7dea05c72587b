#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "connect_timeout",
    .title = "A connect was never answered",
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when =
        "SYNs, never an answer, and either the profile's give-up was reached or no SYN for 1.5 times the "
        "next step",
    .what =
        "The client sent its SYN until it gave up; neither a SYN-ACK, a RST nor an ICMP error ever passed "
        "the capture point. The application saw ETIMEDOUT, or its own shorter limit.\n\n"
        "With the kernel's defaults that takes 127 s on Linux (131 s from 6.5 on); an application limit of "
        "a few seconds shows as fewer SYNs.",
    .how_known =
        "SYNs of one initial sequence number and nothing from the other end, and the next SYN is overdue: "
        "none came for 1.5 times the longest step the back-off could take, or for a full step after the "
        "profile's number of resends. A capture that ends earlier proves nothing, and nothing is said. "
        "After a single SYN certainty is `possible`: the client never showed that it was still waiting, "
        "and a RST that took a way past the capture point would leave the same picture.\n\n"
        "Where the SYNs end up cannot be seen from here: lost on the way, dropped by the server or a "
        "firewall, or answered by SYN-ACKs that never came as far as the capture point.",
    .causes =
        "A firewall, security group or ACL that drops. The server or its address is gone (instance "
        "terminated, stale DNS or service discovery, wrong subnet). Return path broken (asymmetric routing "
        "through a stateful firewall, missing route back). The accept queue stays full, and the server "
        "drops SYNs.",
    .confirm =
        "On the client: ss -tno state syn-sent; nstat -az TcpExtTCPTimeouts TcpExtTCPSynRetrans "
        "TcpAttemptFails; sysctl net.ipv4.tcp_syn_retries. ip route get ADDRESS, and ip neigh for a FAILED "
        "next hop. On the server: tcpdump for the SYN; nstat -az TcpExtListenDrops TcpExtListenOverflows; "
        "nft list ruleset with counters. traceroute -T -p PORT shows the last hop that answers.",
    .remedy =
        "Repair the path or the rule that drops. Let firewalls inside one administration reject (RST or "
        "ICMP) in place of dropping: clients then fail in one round trip; it costs hiding which ports are "
        "filtered. Give clients a connect timeout that fits the service (1 to 5 s) and a second address to "
        "try.",
    .bad_advice =
        "Raising tcp_syn_retries or the application's timeout only delays the error. Disabling "
        "tcp_timestamps or tcp_window_scaling 'for firewalls' costs throughput and is hardly ever the "
        "cause.",
    .rfc = "RFC 9293 3.8.3 (R2 for a SYN), 3.10.8; RFC 6298 2.1, 5.7",
    .wireshark = "TCP Retransmission (on SYN); Conversation completeness: Incomplete, SYN_SENT",
};

constexpr Example kExamples[] = {
    {"Given up by the profile's count", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
+2    A > B  S  0:0(0)  <mss 1460>  !lost
+4    A > B  S  0:0(0)  <mss 1460>  !lost
+8    A > B  S  0:0(0)  <mss 1460>  !lost
+16   A > B  S  0:0(0)  <mss 1460>  !lost
+32   A > B  S  0:0(0)  <mss 1460>  !lost
end +70
finding connect_timeout frame 1 frame 7 endpoint client severity error certainty certain count 7
)"},
    {"The application gives up after three seconds", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
end +30
finding connect_timeout frame 1 frame 3 endpoint client severity error count 3
)"},
    {"One SYN and then nothing", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
end +10
finding connect_timeout frame 1 endpoint client severity error certainty possible count 1
)"},
    {"The capture ends before the next step was due", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
+2    A > B  S  0:0(0)  <mss 1460>  !lost
end +5.5
no finding
)",
     true},
    {"Flat steps may double next: two seconds of silence are not enough", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>  !lost
end +2.5
no finding
)",
     true},
    {"Answered by an ICMP error", R"(
+0    A > B  S  0:0(0)  <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0
end +60
no finding
)",
     true},
    {"Only the client's direction was captured", R"(
+0    A > B  S  0:0(0)        <mss 1460>  !lost
+1    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
end +60
no finding
)",
     true},
};

// A Linux timer runs late by at most an eighth of its step (the timer wheel), measured up to 7 %.
constexpr TimeNs due(TimeNs step) { return step + step / 16; }

bool gave_up(const Profile& profile, std::span<const TimeNs> steps, TimeNs silence) {
  const TimeNs next = next_step(steps);
  if (steps.size() >= profile.syn_retries && silence >= due(next)) return true;
  return silence >= next + next / 2;
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  // Nothing else passed, in either direction, and no ICMP error.
  if (!flow.one_sided() || !opening.only_syns || opening.syns.empty() || flow.icmp_total > 0) return;
  const Profile& profile = context.verdicts.profile;
  const Sendings& syns = opening.syns;
  const auto steps = syns.steps();
  const TimeNs silence = context.verdicts.capture_end_ns - syns.last().time_ns();
  if (!gave_up(profile, steps, silence)) return;
  const bool by_profile = steps.size() >= profile.syn_retries, retried = !steps.empty();
  Finding finding = make_finding(kDoc, flow, flow.client);
  finding.certainty = retried ? Certainty::Certain : Certainty::Possible;
  cite(finding, syns);
  finding.count = syns.count();
  finding.summary = "SYN sent " + times_text(syns.count());
  if (retried)
    finding.summary += " in " + duration_text(syns.span_ns()) + " (" + durations_text(steps) + " apart)";
  finding.summary += ", no answer from " + endpoint_text(flow, flow.server()) +
                     " ever passed, and no further SYN in the " + duration_text(silence) +
                     " after: the client gave up" +
                     (by_profile ? " by its kernel's count." : " sooner than its kernel would.");
  prove(finding, "syns", syns.count());
  prove(finding, "intervals_ns", steps);
  prove(finding, "steps", name(steps_of(steps)));
  prove(finding, "silence_ns", silence);
  prove(finding, "next_step_ns", next_step(steps));
  prove(finding, "profile_count_reached", by_profile);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector connect_timeout{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
