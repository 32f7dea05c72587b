#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "stray_syn_ack",
    .title = "Unsolicited SYN-ACK",
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "a SYN-ACK that answers no SYN of this client and is answered by RST: backscatter, or the old "
        "duplicate SYN "
        "of RFC 9293 figure 9",
    .what =
        "A SYN-ACK reached a host that had sent no such SYN, and the host reset it. Two kinds: "
        "backscatter, where somebody forges this host's address in SYNs to others and the answers land "
        "here; or an old duplicate SYN that surfaced late, so that the server acknowledges a number that "
        "the client is no longer using, and the client's RST puts it right (RFC 9293 figure 8).",
    .how_known =
        "A SYN-ACK with no SYN before it, or one whose ack number fits none of the client's SYNs, and a "
        "RST of the client that takes its number from that ack. Without the RST nothing is said: the SYN "
        "may just not have been captured. A connect that the client took back has a SYN that fits; that is "
        "connect_aborted. Where two or more each follow a SYN of the client, they answer these by another "
        "number, and the client goes on sending its SYN until its connect times out.\n\n"
        "At the very start of a capture the SYN may have passed before it: certainty is `likely` where no "
        "SYN was seen at all.",
    .causes =
        "Backscatter of a SYN flood on the other host with forged sources. A NAT or load balancer that "
        "sends the SYN-ACK to the wrong host, or whose entry has run out. A firewall that changes sequence "
        "numbers (randomisation) and has lost count, after a failover say. A packet delayed for seconds. "
        "Reflection: somebody uses open ports elsewhere to hit this host.",
    .confirm =
        "How many hosts send such SYN-ACKs, and how many per second (port_scan and syn_flood tell more). "
        "On the client: nstat -az TcpOutRsts TcpExtTCPACKSkippedSynRecv; ss -tan for a connection on that "
        "port; conntrack counts them as invalid (conntrack -S).",
    .remedy =
        "A few are harmless. For a stream of them drop SYN-ACKs without state at the edge (conntrack state "
        "INVALID); that also hides asymmetric routing. If a NAT is the cause, lengthen its timer for "
        "half-open entries.",
    .bad_advice =
        "The sender of the SYN-ACKs is not the attacker, most often it is the victim: blocking it cuts off "
        "a service.",
    .rfc = "RFC 9293 3.5 (figure 8), 3.5.2 groups 1 and 2, 3.10.7.1, 3.10.7.3",
    .wireshark = "Connection reset (RST)",
};

constexpr Example kExamples[] = {
    {"Backscatter: no SYN at all", R"(
+0    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
finding stray_syn_ack frame 1 frame 2 endpoint client severity note certainty likely count 1
)"},
    {"Repeated backscatter", R"(
+0    A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
finding stray_syn_ack frame 2 frame 3 endpoint client
)"},
    {"The old duplicate of RFC 9293 figure 8", R"(
+0    A > B  S   100:100(0)        <mss 1460>  !late 100ms
+.01  A < B  S.  0:0(0) ack 91     <mss 1460>
+.01  A > B  R   91:91(0)
finding stray_syn_ack frame 2 frame 3 endpoint client severity note certainty certain count 1
)"},
    {"Each SYN is answered, by a SYN-ACK that acknowledges another number", R"(
+0    A > B  S   0:0(0)           <mss 1460>
+.01  A < B  S.  0:0(0) ack 5001  <mss 1460>
+.001 A > B  R   5001:5001(0)
+1    A > B  S   0:0(0)           <mss 1460>
+.01  A < B  S.  0:0(0) ack 5001  <mss 1460>
+.001 A > B  R   5001:5001(0)
end +1
finding stray_syn_ack endpoint client severity note likely other_numbers certainty certain count 2
)"},
    {"The client aborted the connection attempt", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.08  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
no finding
)",
     true},
    {"The SYN was not captured, and the handshake completes", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !unseen
+.08  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"A SYN-ACK without a RST proves nothing", R"(
+0    A < B  S.  0:0(0) ack 1  <mss 1460>
end +60
no finding
)",
     true},
};

std::string_view whose_text(const StraySynAcks& strays) {
  if (strays.of_each_syn)
    return " each of its SYNs, but acknowledge a number that it never sent (a device on the path changes "
           "sequence numbers, or another host answers in that one's name),";
  return strays.other_syn ? " none of its SYNs (an old duplicate was answered)"
                          : " no SYN of it (backscatter)";
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const StraySynAcks& strays = context.verdicts.odd_segments.stray_syn_acks;
  if (strays.met.empty()) return;
  const Side client = other(strays.sender);
  const std::size_t count = strays.met.size();
  Finding finding = make_finding(kDoc, flow, client);
  finding.certainty = strays.other_syn ? Certainty::Certain : Certainty::Likely;
  for (const StraySynAcks::Met& stray : strays.met) {
    cite(finding, stray.syn_ack);
    cite(finding, stray.rst);
  }
  finding.count = count;
  const TimeNs after = strays.met.front().rst.time_ns() - strays.met.front().syn_ack.time_ns();
  finding.summary = count_text(count, "SYN-ACK") + " from " + endpoint_text(flow, strays.sender) + " to " +
                    endpoint_text(flow, client) + (count == 1 ? " answers" : " answer") +
                    std::string(whose_text(strays)) + " and " + (count == 1 ? "was" : "were") +
                    " answered by RST after " + duration_text(after) + ".";
  prove(finding, "syn_acks", count);
  prove(finding, "kind",
        strays.of_each_syn ? "other numbers"
        : strays.other_syn ? "old duplicate SYN"
                           : "backscatter");
  if (strays.of_each_syn) prove(finding, "likely_cause", "other_numbers");
  prove(finding, "reset_after_ns", after);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector stray_syn_ack{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddSegments};
}

}  // namespace tcpautopsy
