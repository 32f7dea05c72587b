#include "analyzer/detect/evidence.h"
#include "analyzer/detect/icmp_words.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "peer_unresponsive",
    .title = "Peer not responding",
    .severity = Severity::Error,
    .phase = "Transfer",
    .said_when =
        "three or more resends with back-off and nothing at all from the peer since, to the give-up or the "
        "end; whether the time fits the profile's retries or is shorter (TCP_USER_TIMEOUT)",
    .what =
        "An endpoint retransmitted its data over and over, each time after a longer wait, and nothing at all "
        "came "
        "from the peer any more: no ACK, no data, no RST. It went on until it gave up or the capture "
        "ended.\n\n"
        "The application sees a write or read that hangs; on Linux with its usual 15 retries for some 15 "
        "minutes, then ETIMEDOUT.",
    .how_known =
        "Three or more resends of data by the timer, at least one step about twice the one before (RFC 6298 "
        "5.5), and not one segment from the peer after the first of them, to the capture's end. That the "
        "endpoint gave up is taken from a step of the back-off that was due and did not come; Linux sends "
        "nothing when it gives up.\n\n"
        "If it gave up after fewer resends than the profile has, something shorter was set: "
        "TCP_USER_TIMEOUT, "
        "or the application closed the socket. Whether the data or all that answers it is lost cannot be "
        "told "
        "from one capture point. It is not said where only one direction was captured, nor where unanswered "
        "keep-alives or window probes say it better.",
    .causes =
        "The peer's host is gone: crash, power, a virtual machine stopped or moved, a mobile out of reach. "
        "The path is broken in one direction at least: a route, a link, a firewall rule that was reloaded. A "
        "firewall or NAT lost the connection's state (restart, failover, table full) and drops what it does "
        "not know. If only large segments go unanswered, see pmtu_blackhole.",
    .confirm =
        "On the sender: ss -tio shows timer:(on,time,count), backoff:N and unacked; nstat -az "
        "TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout; sysctl net.ipv4.tcp_retries2. A new connection or ping "
        "to the peer at the same time tells whether the host is gone or only this connection. On the peer: "
        "does its capture show the segments arrive?",
    .remedy =
        "Find where the segments end: capture on both sides of each device on the path. To let the "
        "application know sooner set TCP_USER_TIMEOUT on its sockets, or a timeout of its own; too short a "
        "time breaks connections over outages that would have passed.",
    .bad_advice =
        "Lowering net.ipv4.tcp_retries2 for the whole host gives up connections of all applications over "
        "outages of a minute. Keep-alives do not help here: none are sent while data waits for its ACK.",
    .rfc = "RFC 9293 3.8.1, 3.8.3 (R1, R2, user timeout); RFC 6298 5.4-5.7; RFC 5482",
    .wireshark = "TCP Retransmission",
};

constexpr Example kExamples[] = {
    {"Data meets silence to the capture's end", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+1    A > B  P. 101:201(100) ack 101  !lost
+.22  A > B  P. 101:201(100) ack 101  !lost
+.44  A > B  P. 101:201(100) ack 101  !lost
+.88  A > B  P. 101:201(100) ack 101  !lost
end +1
finding peer_unresponsive frame 8 frame 9 frame 10 endpoint client severity error count 3
)"},
    {"The server gives up after a tail loss probe and four timeouts", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1461(1460) ack 101  !lost
+0    A < B  P. 1461:1661(200) ack 101  !lost
+.06  A < B  P. 1461:1661(200) ack 101  !lost
+.25  A < B  .  1:1461(1460) ack 101  !lost
+.50  A < B  .  1:1461(1460) ack 101  !lost
+1    A < B  .  1:1461(1460) ack 101  !lost
+2    A < B  .  1:1461(1460) ack 101  !lost
end +20
finding peer_unresponsive frame 7 frame 11 endpoint server count 5
)"},
    {"An ICMP error tells why", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+1    A > B  P. 101:201(100) ack 101  !lost
+.01  icmp to A type 3 code 1 quotes 101 from 10.0.0.254
+.22  A > B  P. 101:201(100) ack 101  !lost
+.44  A > B  P. 101:201(100) ack 101  !lost
+.88  A > B  P. 101:201(100) ack 101  !lost
end +1
finding peer_unresponsive frame 8 frame 9 frame 10 frame 11 endpoint client
)"},
    {"Acknowledged in the end", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1  !lost
+.88  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
end +10
no finding
)",
     true},
    {"A RST answers in the end", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1  !lost
+.88  A > B  P. 1:101(100) ack 1
+.01  A < B  R  1:1(0)
end +10
no finding
)",
     true},
    {"Two resends only", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1  !lost
end +.50
no finding
)",
     true},
    {"Only one direction was captured", R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1  !lost
+.88  A > B  P. 1:101(100) ack 1  !lost
end +10
no finding
)",
     true},
};

std::string end_text(const Verdicts& verdicts, const DataUnanswered& met, std::uint64_t resends) {
  if (!met.gave_up && met.silence_ns < kMillisecond) return "; no segment passed after the last of these.";
  if (!met.gave_up)
    return "; " + duration_text(met.silence_ns) + " from the last to " +
           std::string(watch_end_text(verdicts)) + ".";
  if (met.by_profile) return "; then it gave up, after as many as the profile has.";
  return "; then it stopped, after " + std::to_string(resends) + " of the " +
         std::to_string(verdicts.profile.data_retries) +
         " that the profile has: a shorter limit (TCP_USER_TIMEOUT), or its application closed.";
}

void tell_refusal(const RefusingError& icmp, Finding& finding) {
  const std::string from = to_string(icmp.reporter), what(icmp_text(icmp));
  cite(finding, icmp.frame);
  finding.summary += " An ICMP error from " + from + " tells why: " + what +
                     (is_filter(icmp) ? ", that is, filtered." : ".");
  prove(finding, "likely_cause", is_filter(icmp) ? "filtered" : "unreachable");
  prove(finding, "icmp", what);
  prove(finding, "icmp_from", from);
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Silence& silence = context.verdicts.silences[index(side)];
  const auto& met = silence.data;
  if (!met || silence.probes || context.verdicts.silences[index(other(side))].window) return;
  const ProbeResults& facts = context.transfer->probes[index(side)];
  const Incidents& resends = facts.unheard.retransmissions;
  const bool large_only = facts.stuck.size > 0 && facts.stuck.small_sacked && !facts.stuck.freed;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, resends);
  finding.count = resends.count();
  if (large_only) finding.certainty = Certainty::Possible;
  const std::string peer(role(flow, other(side)));
  finding.summary = "The " + std::string(role(flow, side)) + " retransmitted data " +
                    times_text(resends.count()) + " in " + duration_text(met->waited_ns) + " and " +
                    (met->refused ? "no segment" : "nothing") + " came from the " + peer + " since" +
                    end_text(context.verdicts, *met, resends.count());
  if (large_only)
    finding.summary +=
        " A smaller segment did arrive: the " + peer + " may live, and only large ones be lost.";
  if (met->refused) tell_refusal(*met->refused, finding);
  prove(finding, "resends", resends.count());
  prove(finding, "waited_ns", met->waited_ns);
  prove(finding, "last_interval_ns", facts.unheard.last_step_ns);
  prove(finding, "silence_ns", met->silence_ns);
  prove(finding, "gave_up", met->gave_up);
  prove(finding, "by_profile", met->by_profile);
  if (facts.unheard.heard_ns > 0)
    prove(finding, "peer_heard_before_ns", resends.first().time_ns - facts.unheard.heard_ns);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector peer_unresponsive{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine_end = &examine_end,
                                        .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
