#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "syn_ack_lost",
    .title = "SYN-ACK lost on the way to the client",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "a SYN-ACK passed T, then the same SYN again, and the SYN-ACK is repeated: lost between T and the "
        "client. Not where a RST at the SYN-ACK's ack number proves that it arrived (connect_aborted)",
    .what =
        "The server's SYN-ACK passed the capture point, yet the client retransmitted the same SYN and the "
        "server repeated its SYN-ACK: the client never took the first one. The loss lies between the "
        "capture point and the client, in the direction of the client. Each costs the client one step of "
        "its SYN timer, 1 s or more.",
    .how_known =
        "SYN, SYN-ACK that acknowledges it, the same SYN again (same initial sequence number), SYN-ACK "
        "again. A SYN that was already under way when the SYN-ACK passed is not counted: it must come at "
        "least the round trip to the client after it, and a timestamp echo of the first SYN-ACK in the "
        "client's ACK disproves the loss. Where the round trip was never measured and the SYN came only "
        "once more, certainty is `likely`.\n\n"
        "`Lost` includes dropped by the client's own host: a capture on the path cannot see inside it.",
    .causes =
        "Loss on the path to the client. A stateful firewall that saw only one direction (asymmetric "
        "routing) and drops the SYN-ACK. The client's host firewall, a full conntrack table, or "
        "reverse-path filtering. A NAT whose entry leads to another host. A SYN with a forged source "
        "address, when the SYN never comes again (half_open_abandoned).",
    .confirm =
        "Capture at the client: does the SYN-ACK arrive? If so: nstat -az TcpInErrs TcpExtTCPReqQFullDrop "
        "IpInDiscards TcpExtIPReversePathFilter, sysctl net.ipv4.conf.all.rp_filter, conntrack -S "
        "(insert_failed, drop), nft list ruleset. On the server: nstat -az TcpExtTCPSynRetrans "
        "TcpRetransSegs; ss -tan state syn-recv.",
    .remedy =
        "Follow the SYN-ACK hop by hop towards the client. Make routing symmetric through stateful "
        "devices, or share their state. Loosening rp_filter (2 in place of 1) lets asymmetric replies in "
        "at the price of weaker spoofing protection.",
    .bad_advice =
        "Raising tcp_max_syn_backlog or enabling SYN cookies treats the server, which did answer. Fewer "
        "tcp_synack_retries only makes connections fail that would have opened late.",
    .rfc = "RFC 9293 3.5, 3.8.1, 3.10.7.3, 3.10.7.4 (SYN-RECEIVED, fourth: SYN)",
    .wireshark = "TCP Retransmission (on SYN and on SYN, ACK)",
};

constexpr Example kExamples[] = {
    {"Lost once, the second one arrives", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.03  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1(0) ack 101
finding syn_ack_lost frame 2 frame 3 frame 4 endpoint client severity warning count 1
)"},
    {"Every one is lost, server and client repeat on their own timers", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+.02  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1.99 A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
finding syn_ack_lost frame 2 frame 3 frame 4 frame 6 endpoint client certainty certain count 3
)"},
    {"The round trip is longer than the client's timer: nothing was lost", R"(
+0    A > B  S   0:0(0)        <mss 1460,TS>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460,TS val 100 ecr 1>
+.99  A > B  S   0:0(0)        <mss 1460,TS>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460,TS val 1100 ecr 1>
+.30  A > B  .   1:1(0) ack 1  <TS val 1310 ecr 100>
+.01  A > B  P.  1:101(100) ack 1  <TS val 1320 ecr 100>
+.01  A < B  .   1:1(0) ack 101    <TS val 1330 ecr 1320>
no finding
)",
     true},
    {"The SYN was only held up: the ACK comes before another SYN-ACK could", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.90   A < B  S.  0:0(0) ack 1  <mss 1460>
+.132  A > B  S   0:0(0)        <mss 1460>
+.003  A > B  .   1:1(0) ack 1
+.108  A < B  S.  0:0(0) ack 1  <mss 1460>
+.001  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"The SYN-ACK did not come as far as the capture point", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !unseen !lost
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.03  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"The server repeats its SYN-ACK, the client never its SYN", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.03  A > B  .   1:1(0) ack 1
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const IgnoredSynAcks& ignored = opening.ignored_syn_acks;
  if (ignored.syns.empty()) return;
  Finding finding = make_finding(kDoc, flow, flow.client);
  if (!ignored.timed && ignored.syns.size() < 2) finding.certainty = Certainty::Likely;
  cite(finding, ignored.syn_acks);
  cite(finding, ignored.syns);
  cite(finding, opening.syn_acks.last());
  finding.count = ignored.syn_acks.size();
  const TimeNs waited = ignored.syns.back().time_ns() - ignored.syn_acks.front().time_ns();
  const bool opened = static_cast<bool>(opening.completing);
  const std::size_t lost = ignored.syn_acks.size(), again = ignored.syns.size();
  finding.summary = count_text(lost, "SYN-ACK") + " of " + endpoint_text(flow, flow.server()) +
                    " passed the capture point, yet the client retransmitted its SYN " +
                    (again > 1 ? times_text(again) + " within " : std::string()) + duration_text(waited) +
                    (again > 1 ? "" : " later") + ": lost between the capture point and the client" +
                    (opened ? "." : ", and the handshake never completed.");
  prove(finding, "syn_acks_lost", lost);
  prove(finding, "syns_resent", again);
  prove(finding, "delay_ns", waited);
  prove(finding, "syn_ack_intervals_ns", opening.syn_acks.steps());
  prove(finding, "completed", opened);
  if (const auto rtt = flow.rtt(flow.client)) prove(finding, "rtt_to_client_ns", *rtt);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector syn_ack_lost{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
