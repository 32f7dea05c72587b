#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "ecn_congestion",
    .title = "ECN congestion marks",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when = "CE marks, ECE and CWR: how often, whether the sender slowed down",
    .what =
        "Packets of this endpoint met a queue that was filling, and the network told so by ECN instead of "
        "dropping them: a router set Congestion Experienced (CE) in the IP header, the receiver passes that "
        "on with ECE, and the sender answers with CWR and is to slow down as after a loss. Nothing was lost "
        "by it.",
    .how_known =
        "CE is seen in the IP header of the endpoint's packets, if the marking router stands before the "
        "capture point. ECE on its peer's segments tells of marks anywhere on the way; ECE is repeated until "
        "CWR is received, so each run counts once. CWR on the endpoint's own segments says that it has "
        "reduced its congestion window (after a loss too). ECE and CWR in SYN and SYN-ACK only negotiate and "
        "do not count. Where both ends speak AccECN, the flags AE, CWR and ECE are a counter, and its steps "
        "are counted instead.\n\nWhether the sender slowed down is judged by what it sends in the round trip "
        "after its answer to an echo, against the round trips before: at least a tenth less. Without enough "
        "data around an echo nothing is said of it.",
    .causes =
        "A full link on the way with active queue management (RED, CoDel, PIE, or a data-centre switch with "
        "a marking threshold). A host's own fq_codel or a container's traffic shaper. A device that writes "
        "the old TOS octet and so sets CE on packets that are not ECN-capable: then marks come without "
        "negotiation, or on nearly every packet.",
    .confirm =
        "nstat -az IpExtInCEPkts IpExtInECT0Pkts TcpExtTCPDeliveredCE on the hosts; ss -tin shows ecn, "
        "ecnseen and delivered_ce. tc -s qdisc (ecn_mark) on Linux routers, the switch's own counters "
        "elsewhere. sysctl net.ipv4.tcp_ecn tells whether a host asks for ECN.",
    .remedy =
        "None for a few marks: this is congestion control at work, cheaper than loss. Where throughput is "
        "too low, give the link more room or shape the competing traffic. Marks without negotiation: find "
        "the device that rewrites the TOS octet and let it keep the two ECN bits.",
    .bad_advice =
        "Turning ECN off (net.ipv4.tcp_ecn=0) to get rid of the marks turns each mark into a lost packet and "
        "a resend; the congestion stays.",
    .rfc = "RFC 3168 5, 6.1; RFC 8511; RFC 9768 (AccECN)",
    .wireshark = "tcp.flags.ece, tcp.flags.cwr, ip.dsfield.ecn shown one by one",
};

constexpr Example kExamples[] = {
    {"Marked, echoed, and the sender slows down", R"(
+0     A > B  SEC  0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.E 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
+.0100 A > B  .  1:1461(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  1461:2921(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 14601
+.0101 A > B  .  14601:16061(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  16061:17521(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 29201
+.0101 A > B  .  29201:30661(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  30661:32121(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 43801
+.0101 A > B  .  43801:45261(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  45261:46721(1460) ack 1 ect
}
+.0100 A < B  .E  1:1(0) ack 58401
+.0101 A > B  .C  58401:59861(1460) ack 1 ect
repeat 5 {
+.0001 A > B  .  59861:61321(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 67161
+.0101 A > B  .  67161:68621(1460) ack 1 ect
repeat 5 {
+.0001 A > B  .  68621:70081(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 75921
+.0101 A > B  .  75921:77381(1460) ack 1 ect
repeat 5 {
+.0001 A > B  .  77381:78841(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 84681
finding ecn_congestion endpoint client severity info certainty certain count 1
)"},
    {"A router before the capture point marks two packets", R"(
+0     A > B  SEC  0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.E  0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
+.10   A < B  .  1:1461(1460) ack 1 ce
+.0001 A < B  .  1461:2921(1460) ack 1 ce
+.0001 A > B  .E 1:1(0) ack 2921
+.02   A < B  .C 2921:4381(1460) ack 1 ect
+.0001 A > B  .  1:1(0) ack 4381
finding ecn_congestion frame 4 frame 5 frame 6 frame 7 endpoint server count 2
)"},
    {"AccECN: the counter steps by two", R"(
+0     A > B  SECA 0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.C  0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .C   1:1(0) ack 1
+.10   A > B  .EA  1:1461(1460) ack 1 ect
+.020  A < B  .EA  1:1(0) ack 1461
+.0001 A > B  .EA  1461:2921(1460) ack 1 ect
+.0001 A > B  .EA  2921:4381(1460) ack 1 ect
+.020  A < B  .EA  1:1(0) ack 1461
+.0001 A < B  .CEA 1:1(0) ack 4381
+.0001 A > B  .EA  4381:5841(1460) ack 1 ect
+.020  A < B  .CEA 1:1(0) ack 5841
finding ecn_congestion frame 9 endpoint client count 2
)"},
    {"ECN is agreed on in the handshake, and nothing is marked", R"(
+0     A > B  SEC  0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.E 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
+.0100 A > B  .  1:1461(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  1461:2921(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 14601
+.0101 A > B  .  14601:16061(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  16061:17521(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 29201
+.0101 A > B  .  29201:30661(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  30661:32121(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 43801
+.0101 A > B  .  43801:45261(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  45261:46721(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 58401
+.0101 A > B  .  58401:59861(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  59861:61321(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 73001
+.0101 A > B  .  73001:74461(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  74461:75921(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 87601
+.0101 A > B  .  87601:89061(1460) ack 1 ect
repeat 9 {
+.0001 A > B  .  89061:90521(1460) ack 1 ect
}
+.0100 A < B  .  1:1(0) ack 102201
no finding
)",
     true},
    {"AccECN: a counter that stays is no echo", R"(
+0     A > B  SECA 0:0(0) win 64000 <mss 1460,sackOK>
+.020  A < B  S.C  0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .C   1:1(0) ack 1
+.10   A > B  .EA  1:1461(1460) ack 1 ect
+.020  A < B  .EA  1:1(0) ack 1461
+.0001 A > B  .EA  1461:2921(1460) ack 1 ect
+.020  A < B  .EA  1:1(0) ack 2921
no finding
)",
     true},
    {"No ECN was agreed on: the flags mean nothing", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.020  A < B  .E 1:1(0) ack 1461
+.0001 A > B  .C 1461:2921(1460) ack 1
+.020  A < B  .  1:1(0) ack 2921
no finding
)",
     true},
};

std::string_view name(EcnMode mode) {
  switch (mode) {
    case EcnMode::Off: return "off";
    case EcnMode::Classic: return "classic";
    case EcnMode::Accurate: return "accurate";
    case EcnMode::Unknown: break;
  }
  return "unknown";
}

std::string pace_text(const EcnFacts& ecn) {
  const std::uint64_t judged = ecn.slowed + ecn.not_slowed;
  if (judged == 0) return "";
  if (ecn.not_slowed == 0) return "; it slowed down after that";
  return "; after " + std::to_string(ecn.slowed) + " of " + count_text(judged, "echo") +
         " that can be judged it slowed down";
}

std::string marks_text(const EcnFacts& ecn) {
  std::string text;
  const auto append = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (ecn.marked) append(count_text(ecn.marked.count(), "packet") + " passed here with CE");
  if (ecn.echoed_marks > 0) {
    append("its peer counted " + std::to_string(ecn.echoed_marks) + " marked");
  } else if (ecn.echoes) {
    append("its peer echoed congestion " + times_text(ecn.echoes.count()) + " (ECE on " +
           count_text(ecn.echo_segments, "segment") + ")");
  }
  if (ecn.reductions)
    append("it announced a smaller congestion window " + times_text(ecn.reductions.count()) + " (CWR)");
  return text;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const EcnFacts& ecn = context.transfer->marks[index(side)].ecn;
  if (!ecn.marked && !ecn.echoes && !ecn.reductions) return;
  Finding finding = make_finding(kDoc, flow, side);
  for (const Incidents* incidents : {&ecn.marked, &ecn.echoes, &ecn.reductions}) cite(finding, *incidents);
  finding.count = std::max({ecn.marked.count(), ecn.echoes.count(), ecn.echoed_marks, std::uint64_t{1}});
  finding.summary = "Congestion marks on what the " + std::string(role(flow, side)) +
                    " sent: " + marks_text(ecn) + pace_text(ecn) + ".";
  prove(finding, "ecn", name(ecn.mode));
  prove(finding, "ce_packets", ecn.marked.count());
  prove(finding, "echoes", ecn.echoes.count());
  prove(finding, "ece_segments", ecn.echo_segments);
  prove(finding, "marks_counted_by_peer", ecn.echoed_marks);
  prove(finding, "cwr", ecn.reductions.count());
  prove(finding, "slowed_down", ecn.slowed);
  prove(finding, "not_slowed_down", ecn.not_slowed);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector ecn_congestion{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
