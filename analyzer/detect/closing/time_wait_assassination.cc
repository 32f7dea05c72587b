#include <algorithm>

#include "analyzer/detect/asked_of_flow.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_assassination",
    .title = "TIME-WAIT was ended early by a RST",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when = "old duplicate, ACK, RST: a TIME-WAIT ended early (RFC 1337)",
    .what =
        "A late segment of a closed connection reached the endpoint in TIME-WAIT. It answered with an ACK, "
        "as it must; the other endpoint, long CLOSED, answered that ACK with a RST; and the RST ends "
        "TIME-WAIT before its time. "
        "From then on late duplicates of the old connection may reach a new one on the same ports (RFC 1337 "
        "calls this TIME-WAIT assassination).",
    .how_known =
        "After both FINs and their ACKs: a segment toward the endpoint in TIME-WAIT, its ACK, and a RST "
        "numbered by that ACK. Whether the endpoint obeyed the RST is not on the wire (net.ipv4.tcp_rfc1337 "
        "makes Linux ignore it); hence 'likely'.",
    .causes =
        "A packet duplicated or held up in the network, or repeated by a device on the path after both ends "
        "had closed. A keep-alive of a middlebox. A FIN that was sent again just as its ACK arrived.",
    .confirm =
        "On the endpoint: sysctl net.ipv4.tcp_rfc1337; ss -tan state time-wait shows whether the entry is "
        "gone; nstat -az TcpExtTWKilled counts those gone early. The late segment's IP ID and timestamp show "
        "when it was really sent.",
    .remedy =
        "Usually none: the chance that a new connection is harmed is small with random initial sequence "
        "numbers and timestamps. Where ports are reused fast, sysctl net.ipv4.tcp_rfc1337=1 keeps TIME-WAIT, "
        "at the cost of refusing legitimate RSTs there too, so that entries stay their full time.",
    .bad_advice = "It is no attack in itself and no reason to shorten or lengthen TIME-WAIT.",
    .rfc = "RFC 1337; RFC 9293 3.10.7.4 second check (TIME-WAIT: RST enters CLOSED)",
    .wireshark = "TCP Spurious Retransmission or TCP Dup ACK, then a plain [RST]",
};

constexpr Example kExamples[] = {
    {"A late duplicate of data", R"(
handshake
+.10  A < B  P. 1:101(100) ack 1
+.01  A > B  F. 1:1(0) ack 101
+.01  A < B  F. 101:101(0) ack 2
+.01  A > B  .  2:2(0) ack 102
+8    A < B  P. 1:101(100) ack 1
+.01  A > B  .  2:2(0) ack 102
+.01  A < B  R  102:102(0)
finding time_wait_assassination frame 8 frame 9 frame 10 endpoint client severity note certainty likely
)"},
    {"A late duplicate of the last FIN; the server held TIME-WAIT", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
+20   A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
+.01  A > B  R  2:2(0)
finding time_wait_assassination frame 7 frame 8 frame 9 endpoint server
)"},
    {"The last FIN is repeated since its ACK was lost, and acknowledged again", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The repeat meets a RST: TIME-WAIT was gone before", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  R  2:2(0)
no finding
)",
     true},
    {"Data after a half close meets a RST", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+.10  A < B  P. 1:101(100) ack 2
+.01  A > B  R  2:2(0)
no finding
)",
     true},
};

struct Triple {
  RecordIndex late = kNoRecord, ack = kNoRecord, reset = kNoRecord;
};

// `side` is the one in TIME-WAIT; both FINs had passed and been acknowledged by then.
std::optional<Triple> triple_of(const FlowHistory& flow, Side side, RecordIndex from) {
  const auto& records = flow.records();
  const auto is_ack = [](const SegmentRecord& r) {
    return r.has(kAck) && r.payload == 0 && !r.has(kFin) && !r.has(kRst) && !r.has(kSyn);
  };
  for (RecordIndex late = from; late < records.size(); ++late) {
    const auto& segment = records[late];
    if (segment.side == side || segment.copy || segment.has(kRst) || segment.has(kSyn)) continue;
    const RecordIndex ack = first_after(flow, late, side, [](const SegmentRecord&) { return true; });
    if (ack == kNoRecord || !is_ack(records[ack])) continue;
    if (records[ack].frame.time_ns - segment.frame.time_ns > flow.rtt(side).value_or(0) + kSecond) continue;
    const RecordIndex reset = first_after(flow, ack, other(side), [](const SegmentRecord&) { return true; });
    if (reset == kNoRecord || !records[reset].has(kRst) || records[reset].has(kAck)) continue;
    if (records[reset].seq == records[ack].ack) return Triple{late, ack, reset};
  }
  return std::nullopt;
}

// The first record after which `side` can be in TIME-WAIT: both FINs acknowledged, its own FIN not the last
// ACKed one.
std::optional<RecordIndex> time_wait_from(const DetectContext& context, Side side) {
  const auto& flow = context.history;
  const FinFacts* const mine = context.asked.fin(side);
  const FinFacts* const theirs = context.asked.fin(other(side));
  if (!mine || !theirs || mine->acked_by == kNoRecord || theirs->acked_by == kNoRecord) return std::nullopt;
  const auto& first = flow.records()[mine->first];
  if (first.has(kAck) && first.ack >= theirs->end) return std::nullopt;  // it closed last: LAST-ACK
  return std::max(mine->acked_by, theirs->acked_by) + 1;
}

void examine(const DetectContext& context, Findings& out) {
  const auto& flow = context.history;
  if (flow.trace.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const auto from = time_wait_from(context, side);
    if (!from) continue;
    const auto triple = triple_of(flow, side, *from);
    if (!triple) continue;
    const TimeNs age = time_of(flow, triple->reset) - time_of(flow, *from - 1);
    Finding finding = make_finding(kDoc, flow, side);
    finding.certainty = Certainty::Likely;
    cite(finding, flow, triple->late);
    cite(finding, flow, triple->ack);
    cite(finding, flow, triple->reset);
    finding.summary = "A late segment made the " + std::string(role(flow, side)) +
                      " send an ACK from TIME-WAIT, and the RST that answered it ends TIME-WAIT after " +
                      duration_text(age) + " of " + duration_text(flow.profile.time_wait) + ".";
    prove(finding, "time_wait_age_ns", age);
    prove(finding, "late_segment_octets", flow.records()[triple->late].payload);
    prove(finding, "late_segment_is_fin", flow.records()[triple->late].has(kFin));
    out.push_back(std::move(finding));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_assassination{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
