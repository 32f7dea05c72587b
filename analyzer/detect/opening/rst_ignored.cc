#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "rst_ignored",
    .title = "Invalid RST, to be ignored",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "a RST that its receiver must ignore: to SYN-SENT without ACK or with an ack other than ISS+1 "
        "(3.10.7.3), or outside the window (3.10.7.4); e when the connect fails for it; the sender's stack, "
        "or what forged it, is at fault",
    .what =
        "A RST came, and by its numbers it ends nothing. A client that waits for a SYN-ACK takes a RST only "
        "if it acknowledges the SYN; an established connection takes one only inside its window. Whatever "
        "sent it meant to refuse or to end the connection, and did not: the client goes on sending its SYN "
        "until its connect times out, or the other end retransmits data over and over into a connection that "
        "is "
        "gone.\n\nTo the application a refusal that would take one round trip becomes a timeout of a minute "
        "or two.",
    .how_known =
        "In the opening: a RST to a client that has sent nothing but its SYN, from an end that has sent "
        "nothing else, without ACK or with an acknowledgment that does not lie just beyond the SYN (a SYN "
        "that carries data: or within it). Later: a RST below the window, by which its sender does not go "
        "on, while its receiver does. RSTs that do not fit their alleged sender are told as rst_injected.\n\n"
        "Whether a stack takes such a RST in spite of the RFC shows in the SYNs that follow it: if they go "
        "on, it was ignored. After the last SYN nothing shows it.",
    .causes =
        "A firewall, load balancer or intrusion prevention system that makes RSTs of its own and gets the "
        "number wrong (acknowledges the SYN's number and not the one after it, or leaves the ACK out). A "
        "device that rewrites sequence numbers in one direction only. An embedded stack with a fault. A "
        "blind attempt to break the connection.",
    .confirm =
        "TTL and time of the RST against those of other connections to the same host tell how far away it "
        "was made. Capture at both ends: a RST that one end receives and the other never sent was made on "
        "the way. On the client: nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts; the counters of the "
        "firewall's reject rules.",
    .remedy =
        "Mend or update what sends it: to refuse a SYN, a RST must carry ACK and acknowledge ISS+1 (RFC 9293 "
        "3.10.7.1). Until then let it drop in place of rejecting, or reject by ICMP: both are told as they "
        "are. A connect timeout of a few seconds in the clients bounds the damage.",
    .bad_advice =
        "The client's stack is right to go on: taking any RST would let everyone who can guess an address "
        "break connects (RFC 5961). More SYN retries only make the wait longer.",
    .rfc = "RFC 9293 3.5.3, 3.10.7.1, 3.10.7.3, 3.10.7.4; RFC 5961 3",
    .wireshark = "Connection reset (RST)",
};

constexpr Example kExamples[] = {
    {"The RST acknowledges the SYN's own number: the connect times out", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 0
+.99  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 0
+1.99 A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 0
end +60
finding rst_ignored frame 2 frame 4 frame 6 endpoint server severity error certainty certain count 3
finding connect_timeout frame 1 frame 3 frame 5 endpoint client
)"},
    {"A RST without ACK, then the server's answer: the connection opens", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.002 A < B  R   1:1(0)
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  P.  1:101(100) ack 1
+.02  A < B  .   1:1(0) ack 101
finding rst_ignored frame 1 frame 2 endpoint server severity warning count 1
)"},
    {"A RST that acknowledges more than the SYN", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 5000
+.99  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
finding rst_ignored frame 2 endpoint server severity warning count 1
finding connection_refused frame 1 frame 4 endpoint server count 1
)"},
    {"Below the window of an established connection, whose client goes on", R"(
handshake
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  P.  1:201(200) ack 101
+.01  A > B  .   101:101(0) ack 201
+1    A < B  R.  100:100(0) ack 101
+1    A > B  P.  101:201(100) ack 201
+.3   A > B  P.  101:201(100) ack 201
finding rst_ignored frame 7 endpoint server severity warning count 1
)"},
    {"Refused as it should be", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
no finding
)",
     true},
    {"Fast Open: the RST acknowledges the SYN, not its data", R"(
+0    A > B  S   0:100(100)    <mss 1460,tfo 8>
+.01  A < B  R.  0:0(0) ack 1
no finding
)",
     true},
    {"Both ends have sent a SYN: the client may be in SYN-RECEIVED", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.001 A < B  S   0:0(0)        <mss 1460>
+.01  A < B  R   1:1(0)
no finding
)",
     true},
    {"An abort, and segments that crossed it draw RSTs with lower numbers", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1461(1460) ack 101
+.001  A < B  .  1461:2921(1460) ack 101
+.001  A < B  R. 2921:2921(0) ack 101
+.006  A > B  .  101:101(0) ack 1461
+.001  A > B  .  101:101(0) ack 2921
+.009  A < B  R  1461:1461(0)
no finding
)",
     true},
};

bool not_heeded(const ResetVerdict& reset) {
  return reset.not_heeded && !reset.misfit.any();  // what does not fit its sender is told as forged
}

std::string fault_of(const IgnoredReset& reset) {
  if (reset.bare) return "without ACK";
  if (reset.acknowledges == 0) return "acknowledging the SYN's own number and not the one after it";
  return "acknowledging a number that is not the SYN's";
}

void tell_opening(const DetectContext& context, Finding& finding) {
  const Opening& opening = context.verdicts.opening;
  const FlowFacts& flow = context.flow;
  const IgnoredReset& first = opening.ignored_resets.front();
  const TimeNs after = first.syn ? first.segment.time_ns() - first.syn.time_ns() : 0;
  finding.summary = "The SYN to " + endpoint_text(flow, flow.server()) + " was answered by RST ";
  if (finding.count > 1) finding.summary += times_text(finding.count) + ", first ";
  finding.summary +=
      duration_text(after) + " after it, " + fault_of(first) + ": a client in SYN-SENT must ignore that";
  finding.summary += opening.given_up ? ", and the connect timed out in place of being refused."
                                      : ", whatever it was meant to say.";
  if (opening.given_up) finding.severity = Severity::Error;
  prove(finding, "state", "SYN-SENT");
  prove(finding, "answer_after_ns", after);
  prove(finding, "acknowledges", !first.bare);
  if (!first.bare) prove(finding, "ack_beyond_iss", first.acknowledges);
  prove(finding, "ttl", first.ttl);
  prove(finding, "connect_failed", opening.given_up.has_value());
}

void tell_later(const DetectContext& context, Side side, const ResetVerdict& first, Finding& finding) {
  finding.summary = "A RST of the " + std::string(role(context.flow, side)) +
                    " lay outside the window of its receiver, which dropped it and went on " +
                    duration_text(first.not_heeded.time_ns() - first.segment.time_ns()) + " later.";
  prove(finding, "ttl", first.ttl);
  prove(finding, "went_on_after_ns", first.not_heeded.time_ns() - first.segment.time_ns());
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const Opening& opening = context.verdicts.opening;
  const bool at_opening = side == context.flow.server() && !opening.ignored_resets.empty();
  const auto& later = context.verdicts.closing.resets(side);
  const auto first = std::find_if(later.begin(), later.end(), not_heeded);
  if (!at_opening && first == later.end()) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.count = 0;
  if (at_opening) {
    cite(finding, opening.syns.first);
    for (const IgnoredReset& reset : opening.ignored_resets) cite(finding, reset.segment);
    finding.count = opening.ignored_resets.size();
    tell_opening(context, finding);
  } else {
    tell_later(context, side, *first, finding);
  }
  for (auto reset = first; reset != later.end(); ++reset) {
    if (!not_heeded(*reset)) continue;
    cite(finding, reset->segment);
    ++finding.count;
  }
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_ignored{.doc = kDoc,
                                  .examples = kExamples,
                                  .examine_end = &examine_end,
                                  .needs = Needs::BothDirections | Needs::Resets};
}

}  // namespace tcpautopsy
