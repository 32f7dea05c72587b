#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "mss_anomaly",
    .title = "MSS missing, tiny or ignored",
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "no MSS offered (536 assumed), below 536, rewritten on the way (only seen with two captures), or "
        "segments above the peer's MSS without offload",
    .what =
        "Each end offers in its SYN the largest segment it wants to receive. Here an end offered none, so "
        "its peer has to assume 536 octets (1220 over IPv6); or offered less than that; or an end sent "
        "segments larger than its peer's offer.\n\n"
        "Small segments cost throughput and load: 536 in place of 1460 is nearly three times the packets. "
        "Segments above the offer may be dropped without notice, and then transfers hang while small "
        "requests pass.",
    .how_known =
        "The MSS option of SYN and SYN-ACK, once the peer has answered. A missing option counts only where "
        "the SYN was captured whole and the flow shows some TCP option at all: what a snap length cut off is "
        "unknown. "
        "Too large means two or more segments of the same size above the offer that still fit a 1500 octet "
        "packet, while none is larger: super-segments of TSO, GSO and GRO are not real packets and are not "
        "counted.\n\n"
        "An MSS rewritten on the way (clamping by tunnels and DSL routers) shows only by comparing "
        "captures from both sides of the device; one capture shows the value as it was there.",
    .causes =
        "Minimal stacks (boot loaders, embedded devices, scanners) and middleboxes that strip options. MSS "
        "clamping with a wrong value, a tunnel inside a tunnel, net.ipv4.route.min_adv_mss or an advmss on "
        "the route. TCP_MAXSEG set by the application. A load balancer that offers another MSS than the "
        "host behind it.",
    .confirm =
        "ss -tim shows mss, pmtu, rcvmss, advmss. ip route show (advmss, mtu), ip link (mtu), nft or "
        "iptables rules with TCPMSS. sysctl net.ipv4.tcp_base_mss net.ipv4.tcp_min_snd_mss. Compare the "
        "SYN at both hosts.",
    .remedy =
        "Correct the device that clamps or strips, or the MTU that the offer is derived from (MSS = MTU - "
        "40, or - 60 over IPv6). Clamp to the path MTU on tunnels (tcp option maxseg size set rt mtu): "
        "that costs nothing but hides the smaller MTU from everything that is not TCP.",
    .bad_advice =
        "Lowering the MTU of every server to 1400 or below 'to be safe' makes all traffic pay. Subtracting "
        "options from the MSS offered is wrong: the sender does that (RFC 6691).",
    .rfc = "RFC 9293 3.7.1; RFC 6691; RFC 8200 5",
    .wireshark = "The SYN packet does not contain a MSS option",
};

constexpr Example kExamples[] = {
    {"The client offers no MSS", R"(
+0    A > B  S   0:0(0)        <sackOK>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460,sackOK>
+.01  A > B  .   1:1(0) ack 1
finding mss_anomaly frame 1 endpoint client severity note certainty certain likely missing
)"},
    {"The server offers 256", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 256>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1(0) ack 101
finding mss_anomaly frame 2 endpoint server likely tiny
)"},
    {"Segments of 1400 toward an offer of 1300", R"(
+0    A > B  S   0:0(0)        <mss 1300>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1401(1400) ack 101
+.01  A > B  .   101:101(0) ack 1401
+.01  A < B  P.  1401:2801(1400) ack 101
+.01  A > B  .   101:101(0) ack 2801
+.01  A < B  F.  2801:2801(0) ack 101
finding mss_anomaly endpoint server certainty likely likely ignored
)"},
    {"Super-segments of offload", R"(
handshake
+.01  A > B  .   1:2921(2920) ack 1
+.01  A < B  .   1:1(0) ack 2921
+.01  A > B  .   2921:8761(5840) ack 1
+.01  A < B  .   1:1(0) ack 8761
no finding
)",
     true},
    {"No option of either end: the snap length may have cut them", R"(
+0    A > B  S   0:0(0)
+.01  A < B  S.  0:0(0) ack 1
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"536 is what everybody must take", R"(
+0    A > B  S   0:0(0)        <mss 536>
+.01  A < B  S.  0:0(0) ack 1  <mss 536>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:537(536) ack 1
+.01  A < B  .   1:1(0) ack 537
no finding
)",
     true},
    {"A capture that begins after the handshake", R"(
+0    A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1(0) ack 101
+.01  A < B  P.  1:1401(1400) ack 101
+.01  A > B  .   101:101(0) ack 1401
no finding
)",
     true},
};

bool tell_oversized(const FlowFacts& flow, const SynOffers& offers, Side sender, Findings& out) {
  const MssOffer &own = offers.mss[index(sender)], &peer = offers.mss[index(other(sender))];
  if (own.oversized.empty()) return false;
  Finding finding = make_finding(kDoc, flow, sender);
  finding.certainty = Certainty::Likely;
  cite(finding, peer.offer);
  cite(finding, own.oversized);
  finding.count = own.oversized.size();
  finding.summary = endpoint_text(flow, sender) + " sent segments of " +
                    std::to_string(own.oversized_octets) +
                    " octets although its peer had offered an MSS of " + std::to_string(peer.mss) + ".";
  prove(finding, "mss", peer.mss);
  prove(finding, "segment_octets", own.oversized_octets);
  prove(finding, "likely_cause", "ignored");
  out.push_back(std::move(finding));
  return true;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SynOffers& offers = context.verdicts.syn_offers;
  if (tell_oversized(flow, offers, side, out)) return;
  const SegmentRef& offer = offers.mss[index(side)].offer;
  const std::uint32_t mss = offers.mss[index(side)].mss;
  const std::uint32_t least = flow.facts(side).address.ip.is_v4() ? kDefaultMssV4 : kDefaultMssV6;
  if (!offer || mss >= least || (mss == 0 && !offers.options_captured)) return;
  // Before the handshake's ACK nobody minds what was offered, and floods and scans offer anything.
  if (!context.verdicts.opening.completing) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, offer);
  finding.summary = endpoint_text(flow, side) +
                    (mss == 0 ? " offered no MSS: its peer must assume " + std::to_string(least) + " octets."
                              : " offered an MSS of " + std::to_string(mss) + " octets, below the " +
                                    std::to_string(least) + " that every host must take.");
  prove(finding, "offered", mss != 0);
  prove(finding, "mss", mss == 0 ? least : mss);
  prove(finding, "likely_cause", mss == 0 ? "missing" : "tiny");
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector mss_anomaly{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::OddMss};
}

}  // namespace tcpautopsy
