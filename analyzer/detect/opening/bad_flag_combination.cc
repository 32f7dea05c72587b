#include <algorithm>
#include <array>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "bad_flag_combination",
    .title = "Flags that no TCP sends",
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
    .wireshark = "",
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

struct Kind {
  std::string_view name;
  bool (*is)(std::uint16_t flags);
};

constexpr std::uint16_t kAll = kFin | kSyn | kRst | kPsh | kAck | kUrg;

// In order of what is told first; each segment counts once.
constexpr std::array<Kind, 5> kKinds{{
    {"all flags", [](std::uint16_t f) { return f == kAll; }},
    {"no flags", [](std::uint16_t f) { return f == 0; }},
    {"SYN+FIN", [](std::uint16_t f) { return (f & (kSyn | kFin)) == (kSyn | kFin); }},
    {"SYN+RST", [](std::uint16_t f) { return (f & (kSyn | kRst)) == (kSyn | kRst); }},
    {"FIN without ACK", [](std::uint16_t f) { return (f & (kFin | kAck)) == kFin; }},
}};

const Kind* kind_of(const SegmentRecord& record) {
  const auto flags = static_cast<std::uint16_t>(record.flags & kAll);
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.is(flags); });
  return found == kKinds.end() ? nullptr : &*found;
}

// The same in one look, since nearly all segments are sane.
bool is_odd(std::uint16_t flags) {
  return (flags & (kSyn | kRst | kAck)) == 0 || ((flags & kSyn) != 0 && (flags & (kFin | kRst)) != 0);
}

// Port 0 is reserved: a socket bound to it gets another. Told of the end that began.
bool port_zero(const FlowHistory& flow, Side side) {
  return side == flow.client() &&
         (flow.trace.facts(Side::A).address.port == 0 || flow.trace.facts(Side::B).address.port == 0);
}

void examine_side(const FlowHistory& flow, Side side, Findings& out) {
  const auto bad =
      records_where(flow, [&](const SegmentRecord& r) { return r.side == side && kind_of(r) != nullptr; });
  const bool zero = port_zero(flow, side) && flow.trace.facts(side).packets > 0;
  if (bad.empty() && !zero) return;
  Finding finding = make_finding(kDoc, flow, side);
  std::string kinds;
  for (const Kind& kind : kKinds) {
    const auto count = static_cast<std::uint64_t>(std::count_if(
        bad.begin(), bad.end(), [&](RecordIndex i) { return kind_of(flow.records()[i]) == &kind; }));
    if (count == 0) continue;
    kinds += (kinds.empty() ? "" : ", ") + std::string(kind.name) + " " + times_text(count);
  }
  if (zero) kinds += std::string(kinds.empty() ? "" : ", ") + "port 0";
  cite(finding, flow, bad);
  if (bad.empty()) cite(finding, flow.trace.first);
  finding.count = std::max<std::uint64_t>(1, bad.size());
  finding.summary = count_text(finding.count, "segment") + " from " + endpoint_text(flow, side) + " to " +
                    endpoint_text(flow, other(side)) + " that no TCP sends: " + kinds + ".";
  prove(finding, "kinds", kinds);
  prove(finding, "bad_checksums",
        std::count_if(bad.begin(), bad.end(), [&](RecordIndex i) { return flow.records()[i].bad_checksum; }));
  out.push_back(std::move(finding));
}

void examine(const DetectContext& context, Findings& out) {
  const auto& records = context.history.records();
  if (!port_zero(context.history, context.history.client()) &&
      std::none_of(records.begin(), records.end(), [](const SegmentRecord& r) { return is_odd(r.flags); }))
    return;
  examine_side(context.history, Side::A, out);
  if (!context.history.trace.self_connection) examine_side(context.history, Side::B, out);
}

}  // namespace

namespace detectors_in_files {
extern const Detector bad_flag_combination{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
