#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "pmtu_blackhole",
    .title = "Path MTU black hole",
    .severity = Severity::Error,
    .phase = "Transfer",
    .said_when =
        "large segments retransmitted and never acknowledged while small ones pass; ICMP \"fragmentation "
        "needed\" where seen, and then also the resend at a smaller size",
    .what =
        "An endpoint's large segments do not arrive while its small ones do. Some link on the path carries "
        "only smaller packets, and the ICMP message that should say so is not sent, is filtered, or is not "
        "heeded.\n\n"
        "What users see: the connection opens, small requests work, and it hangs as soon as a page, a query "
        "result or a key exchange fills a packet.",
    .how_known =
        "One large segment is retransmitted three times or more (twice, if a smaller resend of the same data "
        "then gets through) and not acknowledged, and no segment of that size of this endpoint has ever been "
        "acknowledged; smaller ones that it sent after it arrive, as SACK tells, or the peer goes on "
        "answering without news of it. Where segments of that size had been acknowledged before, the path "
        "has changed, or all was lost for a while: it is said as likely if small ones beside it arrive, it "
        "is retransmitted four times or more, and the first smaller resend gets through.\n\n"
        "An ICMP 'fragmentation needed' (IPv4) or 'packet too big' (IPv6) about this connection in the "
        "capture makes it certain, and its MTU is told. Without it, plain loss of one segment several times "
        "over looks the same at first; if a segment of that size got through in the end, the summary says "
        "so.",
    .causes =
        "A firewall that drops all ICMP in front of a tunnel (VPN, GRE, VXLAN, PPPoE) with a smaller MTU. A "
        "tunnel or switch that drops oversized frames without a word. Hosts of one segment with different "
        "MTUs (jumbo frames on one side only). A load balancer that does not pass ICMP errors on to the "
        "server concerned.",
    .confirm =
        "From the sending host: ping -M do -s 1472 PEER (IPv4) or tracepath PEER finds the largest size that "
        "passes and the hop where it ends. ip route get PEER shows a cached PMTU. nstat -az "
        "IcmpInDestUnreachs "
        "Icmp6InPktTooBigs tells whether ICMP errors arrive; nstat -az "
        "TcpExtTCPMTUPFail TcpExtTCPMTUPSuccess whether probing is at work. ss -ti shows mss and pmtu.",
    .remedy =
        "Let ICMP type 3 code 4 and ICMPv6 type 2 through, everywhere on the path: that is the cure. Until "
        "then clamp the MSS at the tunnel (iptables -t mangle ... TCPMSS --clamp-mss-to-pmtu), which costs "
        "some octets a segment and helps TCP only; or set net.ipv4.tcp_mtu_probing=1 on the senders, which "
        "finds the size after some timeouts; or lower the MTU of the interface or route.",
    .bad_advice =
        "Switching the Don't Fragment bit off (net.ipv4.ip_no_pmtu_disc=1) trades the hang for fragments, "
        "which many firewalls drop too, and does nothing for IPv6. Longer timeouts change nothing.",
    .rfc = "RFC 1191; RFC 8201; RFC 2923 2.1; RFC 4821; RFC 9293 3.7.2",
    .wireshark = "TCP Retransmission",
};

constexpr Example kExamples[] = {
    {"Large segments vanish, the small last one arrives", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  .  201:1661(1460) ack 1    !lost
+0    A > B  .  1661:3121(1460) ack 1   !lost
+0    A > B  P. 3121:3321(200) ack 1
+.01  A < B  .  1:1(0) ack 201 <sack 3121:3321>
+.22  A > B  .  201:1661(1460) ack 1    !lost
+.44  A > B  .  201:1661(1460) ack 1    !lost
+.88  A > B  .  201:1661(1460) ack 1    !lost
end +5
finding pmtu_blackhole frame 10 frame 11 frame 12 endpoint client severity error certainty likely
)"},
    {"Cut up, the same data get through", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1461(1460) ack 201    !lost
+0    A < B  P. 1461:1561(100) ack 201
+.01  A > B  .  201:201(0) ack 1 <sack 1461:1561>
+.22  A < B  .  1:1461(1460) ack 201    !lost
+.44  A < B  .  1:1461(1460) ack 201    !lost
+.88  A < B  .  1:513(512) ack 201
+.01  A > B  .  201:201(0) ack 513 <sack 1461:1561>
+.01  A < B  .  513:1461(948) ack 201
+.01  A > B  .  201:201(0) ack 1561
finding pmtu_blackhole frame 8 frame 9 endpoint server certainty certain
)"},
    {"ICMP tells of it, and is not heeded", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  .  201:1661(1460) ack 1    !lost
+.01  icmp to A type 3 code 4 quotes 201 mtu 1400
+.22  A > B  .  201:1661(1460) ack 1    !lost
+.44  A > B  .  201:1661(1460) ack 1    !lost
+.88  A > B  .  201:1661(1460) ack 1    !lost
end +5
finding pmtu_blackhole endpoint client certainty certain
)"},
    {"ICMP tells of it, and the sender cuts the data at once", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  .  201:1661(1460) ack 1    !lost
+.01  icmp to A type 3 code 4 quotes 201 mtu 1400
+.001 A > B  .  201:1561(1360) ack 1
+0    A > B  .  1561:1661(100) ack 1
+.01  A < B  .  1:1(0) ack 1661
no finding
)",
     true},
    {"An outage: the smaller segment that gets through in the end was lost before as well", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1461(1460) ack 201    !lost
+.22  A < B  .  1:1461(1460) ack 201    !lost
+.44  A < B  .  1:1461(1460) ack 201    !lost
+.88  A < B  .  1:1249(1248) ack 201    !lost
+1.76 A < B  .  1:1249(1248) ack 201
+.01  A > B  .  201:201(0) ack 1249
+.01  A < B  .  1249:1461(212) ack 201
+.01  A > B  .  201:201(0) ack 1461
no finding
)",
     true},
    {"The peer answers nothing at all", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
+.10  A > B  .  201:1661(1460) ack 1    !lost
+0    A > B  P. 1661:1761(100) ack 1    !lost
+.22  A > B  .  201:1661(1460) ack 1    !lost
+.44  A > B  .  201:1661(1460) ack 1    !lost
+.88  A > B  .  201:1661(1460) ack 1    !lost
end +5
no finding
)",
     true},
    {"The peer repeats its SYN-ACK: small segments do not arrive either", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:501(500) ack 1     !lost
+.22  A > B  P. 1:501(500) ack 1     !lost
+.44  A > B  P. 1:501(500) ack 1     !lost
+.30  A < B  S. 0:0(0) ack 1  <mss 1460,sackOK>
+.01  A > B  .  501:501(0) ack 1     !lost
+.57  A > B  P. 1:501(500) ack 1     !lost
+1.43 A < B  S. 0:0(0) ack 1  <mss 1460,sackOK>
+.01  A > B  .  501:501(0) ack 1     !lost
+.33  A > B  P. 1:501(500) ack 1     !lost
end +5
no finding
)",
     true},
    {"The path changes: large segments passed before, and pass no more", R"(
handshake <mss 1460,sackOK>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461
+.10  A > B  .  1461:2921(1460) ack 1   !lost
+0    A > B  P. 2921:3021(100) ack 1
+.01  A < B  .  1:1(0) ack 1461 <sack 2921:3021>
+.22  A > B  .  1461:2921(1460) ack 1   !lost
+.44  A > B  .  1461:2921(1460) ack 1   !lost
+.88  A > B  .  1461:2921(1460) ack 1   !lost
+1.76 A > B  .  1461:2921(1460) ack 1   !lost
+3.52 A > B  .  1461:1973(512) ack 1
+.01  A < B  .  1:1(0) ack 1973 <sack 2921:3021>
+.01  A > B  .  1973:2921(948) ack 1
+.01  A < B  .  1:1(0) ack 3021
finding pmtu_blackhole endpoint client certainty likely count 4
)"},
    {"A path that carried them, lost for a while: nothing smaller arrives beside them", R"(
handshake <mss 1460,sackOK>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461
+.10  A > B  .  1461:2921(1460) ack 1   !lost
+0    A > B  P. 2921:3021(100) ack 1    !lost
+.22  A > B  .  1461:2921(1460) ack 1   !lost
+.44  A > B  .  1461:2921(1460) ack 1   !lost
+.88  A > B  .  1461:2921(1460) ack 1   !lost
+1.76 A > B  .  1461:2921(1460) ack 1   !lost
+3.52 A > B  .  1461:1973(512) ack 1
+.01  A < B  .  1:1(0) ack 1973
+.01  A > B  .  1973:3021(1048) ack 1
+.01  A < B  .  1:1(0) ack 3021
no finding
)",
     true},
    {"They arrive, and are refused for a clock that was set back (PAWS)", R"(
handshake <mss 1440,sackOK,TS,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900000100 ecr 1>
+.01  A < B  P. 1:101(100) ack 101    <TS val 2000 ecr 900000100>
+.01  A > B  .  101:101(0) ack 101    <TS val 900000120 ecr 2000>
+2    A > B  .  101:1501(1400) ack 101  <TS val 400002000 ecr 2000>
+.01  A < B  .  101:101(0) ack 101      <TS val 4010 ecr 900000120>
+.22  A > B  .  101:1501(1400) ack 101  <TS val 400002220 ecr 2000>
+.01  A < B  .  101:101(0) ack 101      <TS val 4240 ecr 900000120>
+.44  A > B  .  101:1501(1400) ack 101  <TS val 400002660 ecr 2000>
+.01  A < B  .  101:101(0) ack 101      <TS val 4690 ecr 900000120>
+.88  A > B  .  101:1501(1400) ack 101  <TS val 400003540 ecr 2000>
+.01  A < B  .  101:101(0) ack 101      <TS val 5580 ecr 900000120>
end +2
no finding
)",
     true},
    {"Segments of that size have arrived before", R"(
handshake <mss 1460,sackOK>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461
+.10  A > B  .  1461:2921(1460) ack 1   !lost
+0    A > B  P. 2921:3021(100) ack 1
+.01  A < B  .  1:1(0) ack 1461 <sack 2921:3021>
+.22  A > B  .  1461:2921(1460) ack 1   !lost
+.44  A > B  .  1461:2921(1460) ack 1   !lost
+.88  A > B  .  1461:2921(1460) ack 1   !lost
end +5
no finding
)",
     true},
};

Certainty certainty_of(const StuckSizeFacts& facts, bool icmp) {
  const bool cut = facts.freed && facts.freed_by < facts.size;
  if (icmp || (cut && !facts.passed_before)) return Certainty::Certain;
  if (cut) return Certainty::Likely;
  return facts.small_sacked && !facts.freed ? Certainty::Likely : Certainty::Possible;
}

// They arrived, and their receiver refused them: retransmission_timeout tells why.
bool refused_by_clock(const DetectContext& context, Side side, const StuckSizeFacts& facts) {
  const Incidents& refused = context.transfer->marks[index(side)].paws.refused;
  return refused.count() >= 2 && refused.last().time_ns >= facts.sendings.first().time_ns;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const StuckSizeFacts& facts = context.transfer->probes[index(side)].stuck;
  if (facts.size == 0 || refused_by_clock(context, side, facts)) return;
  const auto& icmp = context.verdicts.too_big[index(side)];
  const bool cut = facts.freed && facts.freed_by < facts.size;
  if (!icmp && !cut && !facts.small_sacked && !facts.heard) return;
  // Without SACK, silence about one segment that arrives in the end is plain loss.
  if (!icmp && !cut && !facts.small_sacked && facts.freed) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.sendings);
  if (icmp) cite(finding, icmp->frame);
  finding.count = facts.sendings.count();
  finding.certainty = certainty_of(facts, icmp.has_value());
  finding.summary = "The " + std::string(role(flow, side)) + " sent a segment of " +
                    count_text(facts.size, "octet") + " again " + times_text(facts.sendings.count());
  if (cut) {
    finding.summary += ", and only " + std::to_string(facts.freed_by) +
                       " octets of it at a time got through: the path carries no larger packets";
    if (facts.passed_before) finding.summary += " any more";
  } else if (facts.freed) {
    finding.summary += " while a smaller one arrived; after " + duration_text(facts.lasted_ns) +
                       " it was acknowledged all the same: a path MTU that mended, or repeated loss";
  } else {
    finding.summary +=
        " and never got it acknowledged, while " +
        std::string(facts.passed > 0 ? "segments of up to " + std::to_string(facts.passed) + " octets arrived"
                                     : "the peer went on answering") +
        ": large packets seem to be lost on the path";
  }
  if (icmp) {
    finding.summary += "; ICMP reported a packet too big";
    if (icmp->mtu > 0) finding.summary += " for an MTU of " + std::to_string(icmp->mtu);
  }
  finding.summary += ".";
  prove(finding, "segment_octets", facts.size);
  prove(finding, "largest_arrived_octets", facts.passed);
  prove(finding, "resends", facts.sendings.count());
  prove(finding, "lasted_ns", facts.lasted_ns);
  prove(finding, "icmp", icmp.has_value());
  if (icmp && icmp->mtu > 0) prove(finding, "mtu", icmp->mtu);
  if (facts.freed) prove(finding, "freed_by_octets", facts.freed_by);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector pmtu_blackhole{.doc = kDoc,
                                     .examples = kExamples,
                                     .examine_end = &examine_end,
                                     .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
