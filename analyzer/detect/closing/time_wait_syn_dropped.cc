#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_syn_dropped",
    .title = "SYN dropped in TIME-WAIT",
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
        "by the profile, and the SYN was retransmitted without any answer having passed between. "
        "It is 'likely' when the SYN's timestamp, or without timestamps its sequence number, lies behind "
        "what the old connection used: then a server must not take it for a new connection. Otherwise "
        "'possible': the SYN or its answer may simply be lost.\n\n"
        "A server with tcp_tw_recycle keeps the last timestamp of each address, whatever the port: there the "
        "SYN of a new port is dropped if its timestamp lies behind that of a connection from the same "
        "address that the server closed within the last minute. It is 'likely' then too, and names that "
        "connection; not said where that address's timestamps begin anew with each connection, or where the "
        "server answered one from behind.\n\n"
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
    {"Another port of the address, behind its timestamps: tcp_tw_recycle and NAT", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500000000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500000000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500000020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500000020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500000040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500000040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500001000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500001000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500001020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500001020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500001040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500001040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 3000000 ecr 0>
+1    A > B  S  0:0(0)        <mss 1460,TS val 3001000 ecr 0>
+2    A > B  S  0:0(0)        <mss 1460,TS val 3003000 ecr 0>
}
end +3
finding time_wait_syn_dropped endpoint server severity warning certainty likely count 3
)"},
    {"Another port, and its timestamps go on: lost, not dropped for them", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500000000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500000000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500000020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500000020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500000040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500000040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500001000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500001000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500001020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500001020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500001040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500001040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500009000 ecr 0>
+1    A > B  S  0:0(0)        <mss 1460,TS val 500010000 ecr 0>
+2    A > B  S  0:0(0)        <mss 1460,TS val 500012000 ecr 0>
}
end +3
no finding
)",
     true},
    {"Behind, but answered on the second try: such a server would not", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500000000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500000000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500000020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500000020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500000040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500000040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500001000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500001000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500001020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500001020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500001040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500001040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 3000000 ecr 0>
+1    A > B  S  0:0(0)        <mss 1460,TS val 3001000 ecr 0>
+2    A > B  S  0:0(0)        <mss 1460,TS val 3003000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 900 ecr 3003000>
+.01  A > B  .  1:1(0) ack 1  <TS val 3003020 ecr 900>
}
no finding
)",
     true},
    {"Timestamps of the address begin anew with each connection: they tell nothing", R"(
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 500000000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 500000000>
+.01  A > B  .  1:1(0) ack 1  <TS val 500000020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 500000020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 500000040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 500000040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 70000 ecr 0>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460,TS val 700 ecr 70000>
+.01  A > B  .  1:1(0) ack 1  <TS val 70020 ecr 700>
+.01  A < B  F. 1:1(0) ack 1  <TS val 720 ecr 70020>
+.01  A > B  F. 1:1(0) ack 2  <TS val 70040 ecr 720>
+.01  A < B  .  2:2(0) ack 2  <TS val 740 ecr 70040>
}
times 1 every 1 {
+0    A > B  S  0:0(0)        <mss 1460,TS val 3000 ecr 0>
+1    A > B  S  0:0(0)        <mss 1460,TS val 4000 ecr 0>
+2    A > B  S  0:0(0)        <mss 1460,TS val 6000 ecr 0>
}
end +3
no finding
)",
     true},
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

// The SYNs of a port of its own are unanswered, and behind what the server keeps of that address.
void examine_address(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const auto& stamp = context.verdicts.first_stamp[index(flow.client)];
  if (!opening.only_syns || opening.both || opening.syns.count() < 2 || !stamp) return;
  const auto kept = context.services.kept_timestamp(
      flow.facts(flow.client).address.ip, flow.facts(flow.server()).address.ip, opening.syns.first.time_ns());
  if (!kept) return;
  const auto behind = static_cast<std::int32_t>(kept->stamp.value - stamp->value);
  if (behind <= 1) return;  // TCP_PAWS_WINDOW of Linux
  Finding finding = make_finding(kDoc, flow, flow.server());
  finding.certainty = Certainty::Likely;
  cite(finding, opening.syns);
  finding.count = opening.syns.count();
  finding.summary = "The client sent its SYN " + times_text(finding.count) +
                    " without any answer; its timestamp lies " + std::to_string(behind) +
                    " behind that of flow " + std::to_string(kept->flow) +
                    ", of the same address, which the server closed " +
                    duration_text(opening.syns.first.time_ns() - kept->stamp.time_ns) +
                    " before: a server with tcp_tw_recycle drops such SYNs, of several clients behind a NAT.";
  prove(finding, "syns", finding.count);
  prove(finding, "timestamp_behind", behind);
  prove(finding, "behind_old_connection", true);
  prove(finding, "answered_later", false);
  prove(finding, "previous_flow", kept->flow);
  out.push_back(std::move(finding));
}

void examine(const DetectContext& context, Findings& out) {
  const auto& reuse = context.verdicts.closing.reuse;
  if (!reuse) return examine_address(context, out);
  if (reuse->unanswered.size() < 2 || reuse->holder == reuse->opener) return;
  Finding finding = make_finding(kDoc, context.flow, reuse->holder);
  finding.certainty = reuse->behind ? Certainty::Likely : Certainty::Possible;
  cite(finding, reuse->unanswered);
  cite(finding, reuse->answer);
  finding.count = reuse->unanswered.size();
  const std::string fate = reuse->answer
                               ? "before the first answer, " +
                                     duration_text(reuse->answer.time_ns() - reuse->syn.time_ns()) + " later"
                               : "without any answer";
  finding.summary = "The client sent its SYN " + times_text(reuse->unanswered.size()) + " " + fate +
                    ", on ports that the server had held in TIME-WAIT for " + duration_text(reuse->age_ns) +
                    (reuse->behind ? "; its timestamp or sequence number lies behind the old connection's."
                                   : "; the SYNs or their answers may also be lost.");
  prove(finding, "syns", reuse->unanswered.size());
  prove(finding, "time_wait_age_ns", reuse->age_ns);
  prove(finding, "behind_old_connection", reuse->behind);
  prove(finding, "answered_later", static_cast<bool>(reuse->answer));
  prove(finding, "previous_flow", context.verdicts.previous->flow);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_syn_dropped{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::TwoEnds | Needs::OddOpening};
}

}  // namespace tcpautopsy
