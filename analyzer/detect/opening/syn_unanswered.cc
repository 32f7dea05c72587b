#include <algorithm>
#include <cstdlib>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "syn_unanswered",
    .title = "SYN retransmitted: no answer came",
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "a SYN was retransmitted (same ISN) before any answer passed T; evidence: count, intervals, flat "
        "(Linux from 6.5: 1 s steps first) or doubling",
    .what =
        "The client sent its SYN, waited, and retransmitted the same SYN before anything from the server "
        "passed the capture point. The connection opened late by the sum of these waits, or not at all "
        "(connect_timeout).\n\n"
        "The waits are fixed before any round trip is known: 1 s first on current stacks (RFC 6298), so "
        "one lost SYN costs a user a full second whatever the distance.",
    .how_known =
        "Same addresses, ports and initial sequence number, SYN without ACK, and no segment of the server "
        "and no ICMP error between them. A packet merely captured twice (same IP ID, or same bytes at "
        "once) is not counted. Where every SYN is answered after the same delay, nothing was lost: the "
        "round trip is longer than the client's timer, and the summary says so.\n\n"
        "The capture cannot tell a SYN lost on the way from one the server dropped (full accept or SYN "
        "queue, firewall) or from a SYN-ACK lost before it reached the capture point; syn_ack_lost is said "
        "where the SYN-ACK did pass. The step pattern tells the stack: 1, 2, 4 s doubles from the start; "
        "four or five steps of 1 s before doubling is Linux 6.5 or later "
        "(net.ipv4.tcp_syn_linear_timeouts).",
    .causes =
        "A firewall or security group that drops instead of rejecting. The listener's accept queue is "
        "full: Linux then drops further SYNs. Plain loss on the path. A route, NAT or load balancer that "
        "leads nowhere for some of its targets (one of several addresses of a name is dead). On the "
        "server: TIME-WAIT, or a reused port with an older timestamp.",
    .confirm =
        "On the client: ss -tno state syn-sent shows timer:(on,...,N); nstat -az TcpExtTCPSynRetrans. On "
        "the server: nstat -az TcpExtListenDrops TcpExtListenOverflows TcpExtTCPReqQFullDrop "
        "TcpExtPAWSActive, ss -ltn (Recv-Q against Send-Q is the accept queue), and a capture there: does "
        "the SYN arrive?",
    .remedy =
        "Find the hop where the SYN disappears: capture on both sides of each firewall or balancer. If the "
        "queue is full, see accept_queue_overflow. Clients with several addresses should try the next "
        "after 250 ms (RFC 8305) instead of waiting for the timer; that costs the servers some connections "
        "that are dropped.",
    .bad_advice =
        "Raising net.ipv4.tcp_syn_retries makes a client wait longer; it repairs no path. Raising "
        "tcp_max_syn_backlog does not help when it is the accept queue (the listen() backlog, capped by "
        "net.core.somaxconn) that is full.",
    .rfc = "RFC 9293 3.8.1, 3.8.3; RFC 6298 2.1, 5.7",
    .wireshark = "TCP Retransmission (on SYN)",
};

constexpr Example kExamples[] = {
    {"Four SYNs with doubling steps, then an answer", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !lost
+1    A > B  S   0:0(0)        <mss 1460>  !lost
+2    A > B  S   0:0(0)        <mss 1460>  !lost
+4    A > B  S   0:0(0)        <mss 1460>
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.02  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:101(100) ack 1
+.04  A < B  .   1:1(0) ack 101
finding syn_unanswered frame 1 frame 2 frame 4 endpoint client severity note certainty certain count 3
)"},
    {"Linux 6.5 steps of one second, never an answer", R"(
+0    A > B  S   0:0(0)  <mss 1460>  !lost
+1    A > B  S   0:0(0)  <mss 1460>  !lost
+1    A > B  S   0:0(0)  <mss 1460>  !lost
+1    A > B  S   0:0(0)  <mss 1460>  !lost
end +1
finding syn_unanswered frame 1 frame 4 endpoint client count 3
)"},
    {"A round trip longer than the timer: each SYN has its answer", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+.50  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.99  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
finding syn_unanswered frame 1 frame 2 endpoint client count 1 likely long_round_trip
)"},
    {"Two SYN-ACKs long after three SYNs: which each of them answers is not told", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
+3.3  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
+.50  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
finding syn_unanswered frame 1 frame 2 frame 3 endpoint client count 2 likely none
)"},
    {"Refused, and tried again by the stack: answered each time", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+.50  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
no finding
)",
     true},
    {"The SYN-ACK passed before the SYN came again", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.02  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"One SYN captured twice", R"(
+0      A > B  S   0:0(0)        <mss 1460>  id 7
+.00001 A > B  S   0:0(0)        <mss 1460>  id 7
+.01    A < B  S.  0:0(0) ack 1  <mss 1460>
+.02    A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"Another attempt with another ISN", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !lost
reuse
+3    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.02  A > B  .   1:1(0) ack 1
no finding
)",
     true},
};

// Each SYN was answered, each after the same delay: none was lost, the way is just longer than the timer. Of
// delays that differ by the steps of the SYNs, each SYN-ACK may answer another SYN.
bool only_late(const Sendings& syns, const Sendings& syn_acks) {
  if (syn_acks.again.empty()) return false;
  const TimeNs first = syn_acks.first.time_ns() - syns.first.time_ns();
  if (first <= kSecond / 2 || syns.again.front().record > syn_acks.first.record) return false;
  const TimeNs step = syns.again.front().time_ns() - syns.first.time_ns();
  const std::size_t both = std::min(syns.again.size(), syn_acks.again.size());
  for (std::size_t i = 0; i < both; ++i) {
    const TimeNs delay = syn_acks.again[i].time_ns() - syns.again[i].time_ns();
    if (std::abs(delay - first) >= std::min(first, step) / 10) return false;
  }
  return true;
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const std::size_t sent = opening.syns_unanswered;
  if (sent < 2) return;
  const Sendings &all = opening.syns, &syn_acks = opening.syn_acks;
  const Sendings syns{all.first,
                      {all.again.begin(), all.again.begin() + static_cast<std::ptrdiff_t>(sent) - 1}};
  const auto steps = syns.steps();
  const bool answered = !syn_acks.empty() || opening.both || opening.server_rst;
  const bool late = answered && only_late(all, syn_acks);
  Finding finding = make_finding(kDoc, flow, flow.client);
  cite(finding, syns);
  finding.count = sent - 1;
  const std::string server = endpoint_text(flow, flow.server());
  finding.summary = "SYN sent " + times_text(sent) + " in " + duration_text(syns.span_ns()) + " (" +
                    durations_text(steps) + " apart)";
  if (late)
    finding.summary += "; " + server + " answered each after the same " +
                       duration_text(syn_acks.first.time_ns() - syns.first.time_ns()) +
                       ": the round trip is longer than the client's timer.";
  else if (answered)
    finding.summary += " before " + server + " answered.";
  else if (!opening.ignored_resets.empty())
    finding.summary += "; all that came back from " + server + " was " +
                       count_text(opening.ignored_resets.size(), "RST") +
                       " that a client in SYN-SENT must ignore.";
  else
    finding.summary += "; nothing from " + server + " passed the capture point.";
  prove(finding, "syns", sent);
  prove(finding, "intervals_ns", steps);
  prove(finding, "steps", name(steps_of(steps)));
  prove(finding, "answered", answered);
  if (!syn_acks.empty()) prove(finding, "answer_after_ns", syn_acks.first.time_ns() - syns.first.time_ns());
  prove(finding, "round_trip_longer_than_timer", late);
  if (late) prove(finding, "likely_cause", "long_round_trip");
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector syn_unanswered{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::TwoEnds | Needs::OddOpening};
}

}  // namespace tcpautopsy
