#include "analyzer/detect/close_facts.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_syn_dropped",
    .title = "SYNs were dropped because of TIME-WAIT",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "SYNs unanswered on a 4-tuple in the server's TIME-WAIT, or with timestamps behind an earlier "
        "connection from the same address (tcp_tw_recycle and NAT)",
    .what =
        "A client opened a connection on addresses and ports that the server still held in TIME-WAIT, and "
        "its SYNs were not answered. The client sees a connect that hangs for seconds, until TIME-WAIT runs "
        "out or it takes another port, while connections from other ports work.",
    .how_known =
        "The earlier connection of the 4-tuple was closed first by the server, its TIME-WAIT had not run out "
        "by the profile, and the SYN was sent again without any answer having passed between. "
        "It is 'likely' when the SYN's timestamp, or without timestamps its sequence number, lies behind "
        "what the old connection used: then a server must not take it for a new connection. Otherwise "
        "'possible': the SYN or its answer may simply be lost.\n\n"
        "Linux answers such a SYN with an ACK; a firewall that takes that ACK for out of state and drops it, "
        "or a server with the old tcp_tw_recycle, leaves the client without any answer.",
    .causes =
        "Several clients behind one NAT address, whose timestamps and sequence numbers do not grow together. "
        "Timestamps randomised per connection (Linux from 4.10 to 4.11, some NATs) against a server that "
        "compares them. "
        "tcp_tw_recycle on servers with Linux before 4.12. A client that binds a fixed source port and "
        "reconnects at once after the server closed. A firewall in between that drops the ACK from "
        "TIME-WAIT.",
    .confirm =
        "On the server: ss -tan state time-wait | grep the client's address and port; nstat -az "
        "TcpExtPAWSPassive TcpExtPAWSEstab TcpExtTCPACKSkippedTimeWait; sysctl net.ipv4.tcp_tw_recycle (only "
        "before 4.12). A capture on the server's interface shows whether it answers with an ACK that gets "
        "lost.",
    .remedy =
        "Let the client close first, or not bind its source port. Turn tcp_tw_recycle off. Let the NAT not "
        "reuse a port within the server's TIME-WAIT, which costs it ports. Let the firewall pass the "
        "server's ACK and the client's RST to it.",
    .bad_advice =
        "Turning timestamps off on the server hides PAWS drops at the cost of RTT measurement and wrap "
        "protection. tcp_tw_reuse on the server changes nothing: it acts on outgoing connections only.",
    .rfc = "RFC 9293 3.6.1, 3.10.7.4 first check; RFC 6191; RFC 7323 5",
    .wireshark = "TCP Port numbers reused, TCP Retransmission (on the SYN)",
};

constexpr Example kExamples[] = {
    {"The SYN's sequence number lies behind the old connection's", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A -1000000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
end +3
finding time_wait_syn_dropped frame 7 frame 8 frame 9 endpoint server severity warning certainty likely count 3
)"},
    {"The SYN's timestamp lies behind (clients behind one NAT); another port would do", R"(
handshake <mss 1460,sackOK,TS,wscale 7>
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 1000000 B 200000
+5    A > B  S  0:0(0)  <mss 1460,sackOK,TS val 5000 ecr 0,wscale 7>
+1    A > B  S  0:0(0)  <mss 1460,sackOK,TS val 6000 ecr 0,wscale 7>
end +1
finding time_wait_syn_dropped frame 7 frame 8 certainty likely
)"},
    {"Accepted at once", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 100000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
    {"The client, not the server, held TIME-WAIT", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
reuse A 100000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
end +3
no finding
)",
     true},
    {"One SYN just before the capture's end", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A -1000000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
end +.5
no finding
)",
     true},
    {"TIME-WAIT was over", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A -1000000 B 200000
+90   A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
end +3
no finding
)",
     true},
};

struct Unanswered {
  std::vector<RecordIndex> syns;  // sent before any answer passed
  RecordIndex answer = kNoRecord;
};

Unanswered unanswered_syns(const FlowHistory& flow) {
  Unanswered found;
  const auto syns = records_where(flow, is_syn);
  if (syns.empty()) return found;
  const Side opener = flow.records()[syns.front()].side;
  found.answer = first_after(flow, syns.front(), other(opener), [](const SegmentRecord&) { return true; });
  for (const RecordIndex syn : syns)
    if (flow.records()[syn].side == opener && syn < found.answer) found.syns.push_back(syn);
  return found;
}

bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

// Whether a server in TIME-WAIT must take the SYN for an old one (RFC 9293 3.6.1, RFC 6191 2).
bool behind(const FlowHistory& flow, const SegmentRecord& syn, const PreviousIncarnation& previous) {
  const auto& facts = flow.trace.facts(syn.side);
  const std::size_t old = previous.address[0] == facts.address ? 0 : 1;
  if (syn.has_timestamps && previous.last_ts_val[old] != 0)
    return before(syn.ts_val, previous.last_ts_val[old]);
  return before(wrap(syn.seq, facts.iss).raw(), previous.next_seq[old].raw());
}

void examine(const DetectContext& context, Findings& out) {
  const auto& flow = context.history;
  const auto& previous = flow.previous;
  if (!previous || !previous->time_wait_since || !previous->time_wait_likely || flow.trace.self_connection)
    return;
  const Unanswered found = unanswered_syns(flow);
  if (found.syns.size() < 2) return;
  const auto& first = flow.records()[found.syns.front()];
  if (flow.trace.facts(other(first.side)).address != previous->time_wait_end) return;
  const TimeNs age = first.frame.time_ns - *previous->time_wait_since;
  if (age < 0 || age >= flow.profile.time_wait) return;
  const bool is_behind = behind(flow, first, *previous);
  Finding finding = make_finding(kDoc, flow, other(first.side));
  finding.certainty = is_behind ? Certainty::Likely : Certainty::Possible;
  cite(finding, flow, found.syns);
  cite(finding, flow, found.answer);
  finding.count = found.syns.size();
  const std::string fate = found.answer == kNoRecord
                               ? "without any answer"
                               : "before the first answer, " +
                                     duration_text(time_of(flow, found.answer) - first.frame.time_ns) +
                                     " later";
  finding.summary = "The client sent its SYN " + times_text(found.syns.size()) + " " + fate +
                    ", on ports that the server had held in TIME-WAIT for " + duration_text(age) +
                    (is_behind ? "; its timestamp or sequence number lies behind the old connection's."
                               : "; the SYNs or their answers may also be lost.");
  prove(finding, "syns", found.syns.size());
  prove(finding, "time_wait_age_ns", age);
  prove(finding, "behind_old_connection", is_behind);
  prove(finding, "answered_later", found.answer != kNoRecord);
  prove(finding, "previous_flow", previous->flow);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_syn_dropped{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
