#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "half_open_abandoned",
    .title = "Half-open connection timed out on the server",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "the SYN-ACK repeats stop (none for 1.5 times the next step) and nothing completed; an error when "
        "the client was in ESTABLISHED, with the RST that answers its data if seen",
    .what =
        "The server repeated its SYN-ACK, stopped, and the handshake never completed: its entry in "
        "SYN-RECEIVED is gone, and its application never heard of the attempt.\n\n"
        "It is an error where the client had sent its ACK: the client is ESTABLISHED alone. Its data goes "
        "unanswered or is answered by RST, which the application sees as `connection reset by peer` on its "
        "first "
        "request.",
    .how_known =
        "SYN-ACK repeats without any other segment of the server, then none for 1.5 times the longest step "
        "the next could take; the time of one step is enough where the client stopped sending SYNs as "
        "well. Or, soonest and surest, a RST without ACK that answers a segment of the client: a host "
        "sends that only for a connection it does not know; or, where the client said nothing, a RST of the "
        "server's own after the repeats, as stacks other than Linux send when they give up. After a last ACK "
        "of the client that drew no "
        "answer the server may have accepted silently; then nothing is said unless later data was ignored "
        "too or the profile's number of repeats was used up.\n\n"
        "Whether the client's segments were lost after the capture point or dropped by the server is not "
        "told here: see accept_dropped and handshake_ack_lost. Not said where only one direction was "
        "captured.",
    .causes =
        "A full accept queue (Linux ignores the ACK, then forgets the entry). The client's answers do not "
        "reach the server (firewall, asymmetric routing). The client gave up, vanished, or never existed: "
        "a forged source address, a scan.",
    .confirm =
        "On the server: nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPTimeouts "
        "TcpAttemptFails TcpOutRsts; ss -ltn for Recv-Q at its limit; sysctl net.ipv4.tcp_synack_retries "
        "(5: 63 s). On the client: ss -tan shows the connection ESTABLISHED with a growing Send-Q; nstat "
        "-az TcpEstabResets.",
    .remedy =
        "If the client's ACK passed: treat the accept queue or the path to the server first. If not: find "
        "where the client's answers go. Let clients retry a first request that is reset only if it may be "
        "sent twice; here the application never saw it, but a client cannot know that.",
    .bad_advice =
        "More tcp_synack_retries keeps entries longer and makes a flood worse. A client keep-alive does "
        "not help: the server has nothing to keep.",
    .rfc = "RFC 9293 3.5.1, 3.5.2 group 1, 3.8.3, 3.10.8",
    .wireshark = "TCP Retransmission (on SYN, ACK), Connection reset (RST)",
};

constexpr Example kExamples[] = {
    {"The client is in ESTABLISHED, and its data is answered by RST", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+6     A > B  P.  1:101(100) ack 1
+.01   A < B  R   1:1(0)
finding half_open_abandoned frame 2 frame 6 frame 9 endpoint server severity error certainty certain
)"},
    {"No answer of the client ever passed", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
end +6.1
finding half_open_abandoned frame 2 frame 4 endpoint server severity warning certainty certain count 3
)"},
    {"The server resets what nobody completed", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.05   A < B  S.  0:0(0) ack 1  <mss 1460>
+7     A < B  S.  0:0(0) ack 1  <mss 1460>
+14    A < B  S.  0:0(0) ack 1  <mss 1460>
+14    A < B  R.  1:1(0) ack 1
finding half_open_abandoned frame 2 frame 5 endpoint server severity warning certainty certain count 3
)"},
    {"Data ignored to the end", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+.20   A > B  P.  1:101(100) ack 1  !lost
+.22   A > B  P.  1:101(100) ack 1  !lost
+.44   A > B  P.  1:101(100) ack 1  !lost
end +60
finding half_open_abandoned frame 4 endpoint server severity error certainty likely
)"},
    {"The capture ends before the next repeat was due", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
end +3.9
no finding
)",
     true},
    {"The repeat was answered, and the connection is idle", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
end +300
no finding
)",
     true},
    {"Reset by the client: aborted, not abandoned", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  R   1:1(0)
end +300
no finding
)",
     true},
    {"Only the server's direction was captured", R"(
+0     A > B  S   0:0(0)        <mss 1460>  !unseen
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !unseen !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !unseen
end +300
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const auto& end = opening.abandoned;
  if (!end) return;
  const bool alone = static_cast<bool>(opening.completing);
  const Sendings& syn_acks = opening.syn_acks;
  Finding finding = make_finding(kDoc, flow, flow.server());
  if (alone) finding.severity = Severity::Error;
  finding.certainty = end->certain ? Certainty::Certain : Certainty::Likely;
  cite(finding, syn_acks);
  cite(finding, opening.completing);
  cite(finding, end->reset);
  finding.count = syn_acks.count();
  finding.summary = endpoint_text(flow, flow.server()) + " sent its SYN-ACK " + times_text(syn_acks.count()) +
                    " in " + duration_text(syn_acks.span_ns()) + " and gave up; ";
  if (alone)
    finding.summary += "the client had acknowledged it and is in ESTABLISHED";
  else
    finding.summary += "no ACK of the client passed";
  if (end->reset && !alone)
    finding.summary +=
        ", which the server reset " + duration_text(end->silence_ns) + " after the last SYN-ACK.";
  else if (end->reset)
    finding.summary +=
        ", what it sent was answered by RST " + duration_text(end->silence_ns) + " after the last SYN-ACK.";
  else
    finding.summary += ", and nothing more came from the server for " + duration_text(end->silence_ns) + ".";
  prove(finding, "syn_acks", syn_acks.count());
  prove(finding, "intervals_ns", syn_acks.steps());
  prove(finding, "silence_ns", end->silence_ns);
  prove(finding, "next_step_ns", end->next_step_ns);
  prove(finding, "client_established", alone);
  prove(finding, "reset", static_cast<bool>(end->reset));
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector half_open_abandoned{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
