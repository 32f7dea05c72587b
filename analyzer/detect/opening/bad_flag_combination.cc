#include <algorithm>
#include <array>

#include "analyzer/decode/flags_text.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "bad_flag_combination",
    .title = "Invalid TCP flags",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when = "SYN+FIN, SYN+RST, no flags, FIN without ACK, all flags, port 0",
    .what =
        "Segments whose flags contradict each other or mean nothing: SYN with FIN, SYN with RST, no flag "
        "at all, FIN without ACK, all six flags; or port 0. No sane stack makes them. They come from "
        "scanners that learn from the answers which ports are open and which stack answers, from tools "
        "that slip past simple filters, or from a damaged header.",
    .how_known =
        "The header of each segment; ECN bits are ignored. A FIN without ACK is never right once a "
        "connection exists, because every segment after the first SYN carries ACK (RFC 9293 3.1). Payload "
        "and checksum are not judged here; a bad checksum on the same segment points to damage in place of "
        "intent and is told in the evidence.",
    .causes =
        "Port scanners (nmap -sF, -sN, -sX, OS fingerprinting), hping3 and alike, intrusion test tools. "
        "Faulty packet generators, broken middleboxes or offload firmware. T/TCP of old sent SYN with FIN "
        "and data.",
    .confirm =
        "Is the sender's address expected to scan? Its other flows: port_scan. On the target: nstat -az "
        "TcpInErrs TcpInCsumErrors TcpOutRsts; conntrack -S (invalid); netfilter log of INVALID packets.",
    .remedy =
        "Drop them at the edge: nft `tcp flags & (fin|syn) == (fin|syn) drop` and alike, or ct state "
        "invalid; that costs a rule for each packet. Nothing has to be done on the hosts: Linux ignores or "
        "resets such segments.",
    .bad_advice = "Filtering URG, PSH, ECE, CWR or data in a SYN with the same rule breaks real connections.",
    .rfc = "RFC 9293 3.1, 3.10.7.2, 3.10.7.4",
};

constexpr Example kExamples[] = {
    {"SYN with FIN", R"(
+0    A > B  SF  0:0(0)
+.01  A < B  R.  0:0(0) ack 2
finding bad_flag_combination frame 1 severity warning certainty certain count 1
)"},
    {"Xmas and null scan on one port", R"(
+0    A > B  FPU  1:1(0)
+.01  A < B  R.   0:0(0) ack 2
+.10  A > B  -    1:1(0)
+.01  A < B  R.   0:0(0) ack 1
finding bad_flag_combination frame 1 frame 3 count 2
)"},
    {"A FIN without ACK inside a connection", R"(
handshake
+.01  A > B  F    1:1(0)
finding bad_flag_combination frame 4 endpoint client count 1
)"},
    {"Port 0", R"(
ends A 10.0.0.1:0 B 10.0.0.2:80
+0    A > B  S    0:0(0)  <mss 1460>
finding bad_flag_combination frame 1 endpoint client count 1
)"},
    {"ECN setup: SYN with ECE and CWR", R"(
+0    A > B  SEC   0:0(0)        <mss 1460>
+.01  A < B  S.E   0:0(0) ack 1  <mss 1460>
+.01  A > B  .     1:1(0) ack 1
no finding
)",
     true},
    {"FIN with data, PSH and URG, and ACK", R"(
handshake
+.01  A > B  FPU.  1:101(100) ack 1
+.01  A < B  .     1:1(0) ack 102
no finding
)",
     true},
    {"RST without ACK is the rule", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.08  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
no finding
)",
     true},
};

// By OddFlags.
constexpr std::array<std::string_view, kOddFlags> kKinds{"all flags", "no flags", "SYN+FIN", "SYN+RST",
                                                         "FIN without ACK"};

// Port 0 is reserved: a socket bound to it gets another. Told of the end that began.
bool port_zero(const FlowFacts& flow, Side side) {
  return side == flow.client && flow.facts(side).packets > 0 &&
         (flow.facts(Side::A).address.port == 0 || flow.facts(Side::B).address.port == 0);
}

std::string kinds_of(const OddlyFlagged& bad, bool zero) {
  std::string kinds;
  for (std::size_t i = 0; i < kOddFlags; ++i)
    if (bad.of_kind[i] > 0)
      kinds += (kinds.empty() ? "" : ", ") + std::string(kKinds[i]) + " " + times_text(bad.of_kind[i]);
  if (zero) kinds += std::string(kinds.empty() ? "" : ", ") + "port 0";
  return kinds;
}

// The flags of the first, where the name of its kind is not all of them.
std::string flags_of(const OddlyFlagged& bad) {
  constexpr std::array<std::uint16_t, 4> kNamed{0, kFin, kSyn | kFin, kSyn | kRst};
  const bool named = std::find(kNamed.begin(), kNamed.end(), bad.flags) != kNamed.end();
  if (bad.segments.empty() || (bad.alike && (named || odd_flags(bad.flags) == OddFlags::All))) return "";
  return (bad.alike ? " (" : " (the first ") + flags_text(bad.flags) + ")";
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const OddlyFlagged& bad = context.verdicts.odd_segments.flagged[index(side)];
  const bool zero = port_zero(flow, side);
  if (bad.segments.empty() && !zero) return;
  Finding finding = make_finding(kDoc, flow, side);
  const std::string kinds = kinds_of(bad, zero);
  cite(finding, bad.segments);
  if (bad.segments.empty()) cite(finding, flow.first);
  finding.count = std::max<std::uint64_t>(1, bad.segments.size());
  finding.summary = count_text(finding.count, "segment") + " from " + endpoint_text(flow, side) + " to " +
                    endpoint_text(flow, other(side)) + " that no TCP sends: " + kinds + flags_of(bad) + ".";
  prove(finding, "kinds", kinds);
  if (!bad.segments.empty()) prove(finding, "flags", flags_text(bad.flags));
  prove(finding, "bad_checksums", bad.bad_checksums);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector bad_flag_combination{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::OddSegments};
}

}  // namespace tcpautopsy
