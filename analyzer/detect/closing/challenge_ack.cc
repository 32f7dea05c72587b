#include <algorithm>

#include "analyzer/detect/close_facts.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "challenge_ack",
    .title = "A challenge ACK",
    .severity = Severity::Info,
    .phase = "Closing",
    .said_when =
        "ACK answers an in-window SYN, an inexact RST, or an ACK far outside the window (RFC 5961); it is "
        "rate-limited, so its absence proves nothing",
    .what =
        "An endpoint received a SYN, an inexact RST or an impossible ACK on a connection that it holds open "
        "(or in TIME-WAIT). It did not obey; it answered with an ACK that states what it expects: if the "
        "sender has really lost the connection, it answers that with an exact RST.\n\n"
        "This protects against forged segments. It also slows down an honest peer that restarted and opens "
        "the same 4-tuple again: its SYN is answered by an ACK, which it must reset before it can try once "
        "more.",
    .how_known =
        "A pure ACK that acknowledges nothing new follows, within about a round trip, a SYN in a "
        "synchronised state, a RST inside the window but not at RCV.NXT, or a segment that acknowledges what "
        "was never sent. "
        "Linux limits challenge ACKs (per connection and, before 5.x and again per namespace, per second), "
        "so that their absence proves nothing.",
    .causes =
        "A client that crashed or was restarted and reuses its port. Port reuse against a connection that "
        "the other end still holds, for example behind a NAT. An old duplicate SYN. A middlebox or attacker "
        "that forges RSTs or SYNs. A RST that overtook data.",
    .confirm =
        "On the endpoint: nstat -az TcpExtTCPChallengeACK (sent), TcpExtTCPSYNChallenge (for SYNs), "
        "TcpExtTCPACKSkippedChallenge (suppressed); sysctl net.ipv4.tcp_challenge_ack_limit, "
        "net.ipv4.tcp_invalid_ratelimit. ss -tn there shows the connection that the peer no longer knows.",
    .remedy =
        "None for single ones. If clients hang on reconnecting, find why the server still holds the old "
        "connection (no keep-alive, a FIN or RST that a firewall dropped) and let the firewall pass "
        "challenge ACKs: some drop an ACK that answers a SYN as out of state, and then the client waits for "
        "its SYN timer.",
    .bad_advice =
        "Raising net.ipv4.tcp_challenge_ack_limit to silence alarms treats the sign, not the cause, and weak "
        "limits helped a known side-channel attack (CVE-2016-5696).",
    .rfc = "RFC 9293 3.10.7.4 (second, fourth and fifth checks), 3.5.1 Figure 9; RFC 5961 3, 4, 5, 7",
    .wireshark =
        "TCP ACKed unseen segment or TCP Dup ACK (on the challenge ACK), TCP Port numbers reused (on the "
        "SYN)",
};

constexpr Example kExamples[] = {
    {"A SYN on an established connection", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.50  A > B  S  50:50(0)  <mss 1460>
+.01  A < B  .  1:1(0) ack 101
+.50  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 201
finding challenge_ack endpoint server severity info
)"},
    {"A RST inside the window that is not exact", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.50  A > B  R  5000:5000(0)
+.01  A < B  .  1:1(0) ack 101
+.50  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 201
finding challenge_ack frame 6 frame 7 endpoint server
)"},
    {"A restarted client meets its old connection", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
reuse A 500000000 B 0
+5    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  .  1:1(0) ack -499999899
+.01  A > B  R  -499999899:-499999899(0)
+1    A > B  S  0:0(0)  <mss 1460>
finding challenge_ack endpoint server
)"},
    {"An exact RST, and an ACK that was already under way", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
+.10   A > B  R  101:101(0)
+.004  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"A keep-alive probe and its answer", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+60   A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"Port reuse that is accepted out of TIME-WAIT", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 100000 B 200000
+2    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
};

enum class Asked : std::uint8_t { Syn, Reset, Ack };

std::string_view text(Asked asked) {
  switch (asked) {
    case Asked::Syn: return "a SYN on a connection that it holds";
    case Asked::Reset: return "a RST whose sequence number is not the expected one";
    case Asked::Ack: return "an ACK of what it never sent";
  }
  return "";
}

bool pure_ack(const SegmentRecord& r) {
  return r.has(kAck) && !r.has(kSyn) && !r.has(kFin) && !r.has(kRst) && r.payload == 0 &&
         !r.standing.keepalive;
}

// In an incarnation that begins with the SYN nothing but that SYN was sent: an ACK that does not cover it is
// of the connection before.
bool answers_syn(const FlowHistory& flow, const SegmentRecord& syn, RecordIndex i, const SegmentRecord& ack) {
  if (ack.ack == syn.end()) return false;
  const bool synchronised = last_before(flow, i, other(syn.side), [](const SegmentRecord& r) {
                              return r.has(kAck) && !r.has(kRst);
                            }) != kNoRecord;
  return synchronised ? ack.ack == acked_before(flow, i, ack.side) : true;
}

bool answers_reset(const FlowHistory& flow, const SegmentRecord& rst, RecordIndex i,
                   const SegmentRecord& ack) {
  const StreamOffset expected = acked_before(flow, i, ack.side);
  return rst.seq > expected && ack.ack == expected && rst.seq != ack.ack;
}

// Far outside: neither seen sent until the end of the capture nor a hole of some packets in it.
bool answers_ack(const FlowHistory& flow, const SegmentRecord& odd, RecordIndex i, const SegmentRecord& ack) {
  constexpr StreamOffset kFar = 1 << 16;
  return odd.has(kAck) && !odd.has(kSyn) && !odd.has(kRst) && odd.standing.acks_unseen &&
         odd.ack > flow.trace.facts(ack.side).sent_max + kFar && ack.ack == acked_before(flow, i, ack.side);
}

struct Challenge {
  RecordIndex asked = kNoRecord, ack = kNoRecord;
  Asked kind = Asked::Syn;
};

std::optional<Challenge> challenge_to(const FlowHistory& flow, RecordIndex i) {
  const auto& asked = flow.records()[i];
  const bool syn = asked.has(kSyn) && !asked.has(kAck) && !asked.has(kRst);
  if (asked.copy || (!syn && !asked.has(kRst) && !asked.standing.acks_unseen)) return std::nullopt;
  const Side side = other(asked.side);
  const TimeNs limit = 2 * flow.rtt(side).value_or(0) + 100 * kMillisecond;
  const RecordIndex k = first_after(flow, i, side, [](const SegmentRecord&) { return true; });
  if (k == kNoRecord) return std::nullopt;
  const auto& ack = flow.records()[k];
  if (!pure_ack(ack) || ack.frame.time_ns - asked.frame.time_ns > limit) return std::nullopt;
  if (syn && answers_syn(flow, asked, i, ack)) return Challenge{i, k, Asked::Syn};
  if (asked.has(kRst) && answers_reset(flow, asked, i, ack)) return Challenge{i, k, Asked::Reset};
  if (!syn && !asked.has(kRst) && answers_ack(flow, asked, i, ack)) return Challenge{i, k, Asked::Ack};
  return std::nullopt;
}

void examine(const DetectContext& context, Findings& out) {
  const auto& flow = context.history;
  if (flow.trace.self_connection) return;
  PerSide<std::vector<Challenge>> challenges;
  for (RecordIndex i = 0; i < flow.records().size(); ++i)
    if (const auto challenge = challenge_to(flow, i))
      challenges[index(flow.records()[challenge->ack].side)].push_back(*challenge);
  for (const Side side : {Side::A, Side::B}) {
    const auto& mine = challenges[index(side)];
    if (mine.empty()) continue;
    Finding finding = make_finding(kDoc, flow, side);
    finding.certainty = Certainty::Likely;
    finding.count = mine.size();
    for (const Challenge& challenge : mine) {
      cite(finding, flow, challenge.asked);
      cite(finding, flow, challenge.ack);
    }
    const Challenge& first = mine.front();
    const RecordIndex reset = first_after(flow, first.ack, other(side), is_rst);
    finding.summary =
        "The " + std::string(role(flow, side)) + " answered " + std::string(text(first.kind)) +
        " by an ACK, " +
        (mine.size() > 1 ? times_text(mine.size()) + " in all" : std::string("a challenge (RFC 5961)")) +
        (reset == kNoRecord ? "." : "; the peer replied with RST.");
    prove(finding, "answered",
          first.kind == Asked::Syn     ? "syn"
          : first.kind == Asked::Reset ? "inexact_rst"
                                       : "ack_of_unsent");
    prove(finding, "challenges", mine.size());
    prove(finding, "peer_reset", reset != kNoRecord);
    out.push_back(std::move(finding));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector challenge_ack{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
