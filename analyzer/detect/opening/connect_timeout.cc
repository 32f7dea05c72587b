#include <initializer_list>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "connect_timeout",
    .title = "Connection attempt timed out",
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when =
        "SYNs, never an answer, and either the profile's give-up was reached or no SYN for 1.5 times the "
        "next step",
    .what =
        "The client sent its SYN until it gave up; neither a SYN-ACK, a RST that counts nor an ICMP error "
        "ever passed the capture point. The application saw ETIMEDOUT, or its own shorter limit.\n\n"
        "With the kernel's defaults that takes 127 s on Linux (131 s from 6.5 on); an application limit of "
        "a few seconds shows as fewer SYNs.",
    .how_known =
        "SYNs of one initial sequence number and nothing from the other end, and the next SYN is overdue: "
        "none came for 1.5 times the longest step the back-off could take, or for a full step after the "
        "profile's number of resends, or a new connect from the same port took its place. A capture that "
        "ends earlier proves nothing, and nothing is said. RSTs that a client in SYN-SENT must ignore "
        "(rst_ignored) are no answer: where they are all that came, the summary says so. Where connections "
        "between the two hosts that are over show that the server's direction is not captured, nothing is "
        "said. "
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

// What happened at the service so near tells of its state meanwhile.
constexpr TimeNs kAround = 60 * kSecond;

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
    {"All that comes is RSTs without ACK, which a client in SYN-SENT ignores", R"(
+0    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  R  0:0(0)
+.99  A > B  S  0:0(0)  <mss 1460>
+.01  A < B  R  0:0(0)
end +30
finding connect_timeout frame 1 frame 3 endpoint client severity error certainty certain count 2
finding rst_ignored frame 2 frame 4 endpoint server severity error
)"},
    {"A new connect from the same port takes its place", R"(
+0    A > B  S  0:0(0)        <mss 1460>  !lost
+1    A > B  S  0:0(0)        <mss 1460>  !lost
reuse A 90000
+2    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
finding connect_timeout frame 1 frame 2 endpoint client severity error count 2
)"},
    {"A new connect at once: what ended the first was no timeout", R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.001 A < B  R  0:0(0)
reuse A 90000
+.001 A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
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
    {"An earlier connection shows that nothing of the server is captured", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
+.10  A > B  R. 1:1(0) ack 1
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
}
end +60
no finding
)",
     true},
    {"An earlier connection's keep-alives show that its data was acknowledged, though nothing was captured "
     "of that",
     R"(
times 1 every 70 {
+0    A > B  P. 1:173(172) ack 1
+60   A > B  .  172:172(0) ack 1
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
}
end +60
no finding
)",
     true},
    {"An earlier connection was captured in one direction, another in both", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
+.10  A > B  R. 1:1(0) ack 1
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  R. 0:0(0) ack 1
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
}
end +60
finding connect_timeout endpoint client
)"},
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

// A flood has one such sentence for each SYN: they are put together in one piece.
void add_all(std::string& to, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) to += word;
}

void add_what_came(std::string& to, const FlowFacts& flow, const Verdicts& verdicts) {
  const std::size_t ignored = verdicts.opening.ignored_resets.size();
  const std::size_t strays = verdicts.odd_segments.stray_syn_acks.met.size();
  const std::string server = endpoint_text(flow, flow.server());
  if (strays > 0)
    return add_all(to, {", and all that came back from ", server, " was ", count_text(strays, "SYN-ACK"),
                        " that acknowledge", strays == 1 ? "s" : "", " a number that the client never sent"});
  if (ignored == 0) return add_all(to, {", no answer from ", server, " ever passed"});
  add_all(to, {", and all that came back from ", server, " was ", count_text(ignored, "RST"),
               " that a client in SYN-SENT must ignore"});
}

// The server's silence may have its cause in the connection before.
std::string possible_cause(const Verdicts& verdicts) {
  const auto& blocked = verdicts.opening.blocked;
  if (!blocked || !verdicts.previous) return "";
  return " By the last packets of the connection before from this port (flow " +
         std::to_string(verdicts.previous->flow) + ") the server still holds that, in " +
         std::string(name(blocked->state)) + ", which may be why.";
}

void add_how_it_ended(std::string& to, const ConnectGivenUp& given_up) {
  const std::string silence = duration_text(given_up.silence_ns);
  if (given_up.tried_anew)
    return add_all(to, {"; ", silence, " later a new connect from the same port began."});
  add_all(to, {"; it was not retransmitted in the ", silence, " after: the client gave up",
               given_up.by_profile ? " by its kernel's count." : "."});
}

// What it is then not: a host that is down, a port that is filtered for all.
std::string opened_meanwhile(std::uint64_t others) {
  if (others == 0) return "";
  return " " + count_text(others, "other connection") +
         " to the port opened less than a minute before or after the first SYN: unless the service went down "
         "in between, the SYNs were lost, dropped by a full queue or filtered for this client.";
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  // What holds the old connection answered, and is told as the cause.
  if (!opening.given_up || (opening.blocked && !opening.blocked->acks.empty())) return;
  const IpAddress &client = flow.facts(flow.client).address.ip,
                  &server = flow.facts(flow.server()).address.ip;
  if (context.services.not_captured(server, client)) return;
  const Sendings& syns = opening.syns;
  const auto steps = syns.steps();
  const bool retried = !steps.empty();
  Finding finding = make_finding(kDoc, flow, flow.client);
  finding.certainty = retried ? Certainty::Certain : Certainty::Possible;
  cite(finding, syns);
  finding.count = syns.count();
  finding.summary.reserve(160);
  add_all(finding.summary, {"SYN sent ", times_text(syns.count())});
  if (retried)
    finding.summary += " in " + duration_text(syns.span_ns()) + " (" + durations_text(steps) + " apart)";
  const std::uint64_t others = context.services.completed_near(flow.facts(flow.server()).address, flow.number,
                                                               finding.time_ns, kAround);
  add_what_came(finding.summary, flow, context.verdicts);
  add_how_it_ended(finding.summary, *opening.given_up);
  add_all(finding.summary, {possible_cause(context.verdicts), opened_meanwhile(others)});
  prove(finding, "syns", syns.count());
  prove(finding, "intervals_ns", steps);
  prove(finding, "steps", name(steps_of(steps)));
  prove(finding, "silence_ns", opening.given_up->silence_ns);
  prove(finding, "next_step_ns", opening.given_up->next_step_ns);
  prove(finding, "profile_count_reached", opening.given_up->by_profile);
  prove(finding, "tried_anew", opening.given_up->tried_anew);
  if (opening.blocked) prove(finding, "held_in", name(opening.blocked->state));
  prove(finding, "others_opened", others);
  prove(finding, "ignored_resets", opening.ignored_resets.size());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector connect_timeout{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
