#include "analyzer/detect/evidence.h"
#include "analyzer/detect/icmp_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "connection_refused",
    .title = "Connection refused",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "RST that acknowledges the SYN (SEG.ACK = ISS+1: RFC 9293 3.10.7.3) answers the SYN; any other RST "
        "is to be ignored (rst_ignored); an ICMP error that quotes the SYN is told as its own cause "
        "(filtered, host or port unreachable)",
    .what =
        "The SYN was answered by a RST that acknowledges it, or by an ICMP error that quotes it. A RST "
        "says that the host is up and nothing listens on this address and port, or that something on the "
        "way rejects: the application sees ECONNREFUSED. ICMP says who stopped it and why: filtered "
        "(administratively prohibited), host, network or port unreachable, or a hop limit that ran out; "
        "Linux fails the connect with EHOSTUNREACH, ENETUNREACH, EACCES or ECONNREFUSED at once.",
    .how_known =
        "RST with ACK whose acknowledgment covers the SYN and no SYN-ACK in the flow (or only to a "
        "SYN sent again later, as Windows does: then it is a note; or one that did not arrive, for the SYN "
        "came again; or one behind the RST, which the client reset since its socket was gone), or an ICMP "
        "destination unreachable, time exceeded or parameter problem whose quoted header has the SYN's "
        "sequence number. The evidence names type, code and the sender of the ICMP error.\n\n"
        "A RST does not say who made it: a firewall with a reject rule, a load balancer without a healthy "
        "target and a host without a listener all send the same. The time from SYN to RST against that of "
        "other connections to the host, and the TTL, tell the distance.",
    .causes =
        "The service is down, restarting, or listens on another address (127.0.0.1 only) or port. A load "
        "balancer or proxy without a target. A firewall with a reject rule (REJECT --reject-with tcp-reset "
        "or icmp-...). A container port that is not published. A client that starts before its server.",
    .confirm =
        "On the server: ss -ltn 'sport = :PORT' (is there a listener, and on which address?), systemctl "
        "status, nstat -az TcpOutRsts. nft list ruleset or iptables -nvL for reject rules and their "
        "counters. For ICMP: the address that sent the error is the device to ask; nstat -az "
        "IcmpInDestUnreachs on the client.",
    .remedy =
        "Start the service, correct address or port, or change the rule that rejects. Clients should retry "
        "with growing waits: a refusal costs one round trip, and tight loops load the host and use up "
        "ports.",
    .bad_advice =
        "A refusal is an answer: the network works. Longer connect timeouts, more retries or a larger "
        "backlog change nothing, since a full accept queue on Linux drops SYNs and does not refuse them.",
    .rfc = "RFC 9293 3.5.2 group 1, 3.9.2.2, 3.10.7.1, 3.10.7.3; RFC 5461",
    .wireshark = "Connection reset (RST); ICMP Destination unreachable",
};

constexpr Example kExamples[] = {
    {"Nothing listens", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
finding connection_refused frame 1 frame 2 endpoint server severity warning certainty certain count 1 likely none
)"},
    {"Filtered: an ICMP error quotes the SYN", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0 from 10.0.0.254
finding connection_refused frame 1 frame 2 endpoint server severity warning certainty certain likely filtered
)"},
    {"The host's own firewall rejects", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  icmp to A type 3 code 3 quotes 0 from 10.0.0.2
finding connection_refused frame 1 frame 2 endpoint server severity warning likely rejected_by_host
)"},
    {"A router on the way has no route to the host", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  icmp to A type 3 code 1 quotes 0 from 10.0.0.254
finding connection_refused frame 1 frame 2 endpoint server severity warning likely unreachable
)"},
    {"Refused three times by a stack that tries again", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+.50  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+.50  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
finding connection_refused frame 2 frame 4 frame 6 endpoint server count 3
)"},
    {"Refused, tried again half a second later, and accepted", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+.50  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
finding connection_refused frame 1 frame 2 frame 3 endpoint server severity note count 1
)"},
    {"The SYN-ACK was lost, and a small stack resets the SYN sent again", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
finding connection_refused frame 1 frame 2 frame 4 endpoint server severity warning count 1
final A CLOSED B CLOSED
)"},
    {"A RST in the server's name before its SYN-ACK, which finds the socket gone: another's", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.001 A < B  R.  0:0(0) ack 1
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
finding connection_refused frame 1 frame 2 frame 3 endpoint server severity warning count 1
)"},
    {"A SYN-ACK, then RSTs, and the client says nothing: it may have had either", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+3    A < B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"Reset after the handshake", R"(
handshake
+.01  A < B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"A forged RST that does not acknowledge the SYN", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 5000
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"Fragmentation needed is no refusal", R"(
handshake
+.01  A > B  .   1:1461(1460) ack 1  !lost
+.01  icmp to A type 3 code 4 quotes 1 mtu 1400
no finding
)",
     true},
    {"Unreachable for a moment, then open", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  icmp to A type 3 code 1 quotes 0
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
};

// A SYN-ACK that passed behind the RSTs, and found the client's socket gone.
SegmentRef too_late(const Opening& opening) {
  const Refusals& refusals = opening.refusals;
  return refusals.syn_ack || refusals.accepted ? SegmentRef{} : opening.syn_acks.first;
}

std::string why_reset(const Opening& opening) {
  const Refusals& refusals = opening.refusals;
  if (refusals.syn_ack)
    return "its SYN-ACK had not arrived before, and it takes the SYN sent again for an error, or nothing "
           "listens there any more.";
  if (const SegmentRef syn_ack = too_late(opening)) {
    const std::string later = duration_text(syn_ack.time_ns() - refusals.resets.front().time_ns());
    if (refusals.overtook_syn_ack)
      return "it stands behind the SYN-ACK that passed " + later +
             " after it, and overtook it: the application, or a full accept queue, took the connection back.";
    return "a SYN-ACK from there came " + later +
           " after it, so that a firewall or another device, or another host with the address, sent the RST.";
  }
  if (!refusals.accepted) return "nothing listens there, or a firewall or load balancer rejects for it.";
  const TimeNs later = refusals.accepted.time_ns() - refusals.resets.back().time_ns();
  std::string text =
      "its backlog was full, nothing listened yet, or a firewall or load balancer rejected for it; the ";
  text += "SYN sent again " + duration_text(later) + " later was answered.";
  return text;
}

void tell_reset(const FlowFacts& flow, const Opening& opening, Finding& finding) {
  const Refusals& refusals = opening.refusals;
  const TimeNs after = refusals.resets.front().time_ns() - refusals.reset_syn.time_ns();
  finding.summary = endpoint_text(flow, flow.server()) + " answered the SYN with RST ";
  if (finding.count > 1) finding.summary += times_text(finding.count) + ", first ";
  finding.summary += duration_text(after) + " after it: " + why_reset(opening);
  if (refusals.syn_ack) {
    cite(finding, refusals.syn_ack);
    prove(finding, "after_lost_syn_ack", true);
  }
  if (const SegmentRef syn_ack = too_late(opening)) {
    cite(finding, syn_ack);
    prove(finding, refusals.overtook_syn_ack ? "overtook_syn_ack" : "syn_ack_too_late", true);
  }
  if (refusals.accepted) {
    finding.severity = Severity::Note;
    cite(finding, refusals.accepted);
    prove(finding, "accepted_later", true);
  }
  prove(finding, "cause", "reset");
  prove(finding, "answer_after_ns", after);
  prove(finding, "ttl", refusals.reset_ttl);
}

void tell_icmp(const FlowFacts& flow, const Opening& opening, Finding& finding) {
  const RefusingError& icmp = opening.refusals.errors.front();
  const TimeNs after = icmp.frame.time_ns - opening.syns.first.time_ns();
  // The same SYN again: the kernel kept the error for later, and went on trying (RFC 1122 4.2.3.9).
  const bool went_on = opening.syns.last().time_ns() > icmp.frame.time_ns;
  finding.summary = "The connect to " + endpoint_text(flow, flow.server()) +
                    (went_on ? " was answered after " : " was stopped after ") + duration_text(after) +
                    " by an ICMP" + (icmp.v6 ? "v6" : "") + " error from " + to_string(icmp.reporter) + ": " +
                    std::string(icmp_text(icmp)) + (is_filter(icmp) ? ", that is, filtered" : "") +
                    (went_on ? "; the client retransmitted its SYN." : ".");
  const std::string_view cause = is_filter(icmp) ? "filtered" : "unreachable";
  prove(finding, "cause", cause);
  // A host itself answers by RST, not by ICMP, unless its firewall does it.
  const bool by_host = icmp.reporter == flow.facts(flow.server()).address.ip;
  prove(finding, "likely_cause", by_host ? "rejected_by_host" : cause);
  prove(finding, "icmp", icmp_text(icmp));
  prove(finding, "icmp_type", icmp.type);
  prove(finding, "icmp_code", icmp.code);
  prove(finding, "icmp_from", to_string(icmp.reporter));
  prove(finding, "answer_after_ns", after);
  prove(finding, "went_on", went_on);
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const Refusals& refusals = opening.refusals;
  if (refusals.empty()) return;
  Finding finding = make_finding(kDoc, flow, flow.server());
  cite(finding, opening.syns.first);
  cite(finding, refusals.resets);
  for (const RefusingError& icmp : refusals.errors) cite(finding, icmp.frame);
  finding.count = refusals.resets.empty() ? refusals.errors.size() : refusals.resets.size();
  if (refusals.resets.empty())
    tell_icmp(flow, opening, finding);
  else
    tell_reset(flow, opening, finding);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector connection_refused{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
