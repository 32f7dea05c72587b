#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "challenge_ack",
    .title = "Challenge ACK",
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
        "that forges RSTs or SYNs. A RST that came before data sent earlier (out of order).",
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

std::string_view text(Challenged asked) {
  switch (asked) {
    case Challenged::Syn: return "a SYN on a connection that it holds";
    case Challenged::InexactReset: return "a RST whose sequence number is not the expected one";
    case Challenged::AckOfUnsent: return "an ACK of what it never sent";
  }
  return "";
}

std::string_view word(Challenged asked) {
  switch (asked) {
    case Challenged::Syn: return "syn";
    case Challenged::InexactReset: return "inexact_rst";
    case Challenged::AckOfUnsent: return "ack_of_unsent";
  }
  return "";
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& challenges = context.verdicts.closing.of(side).challenges;
  if (challenges.empty()) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.certainty = Certainty::Likely;
  finding.count = challenges.size();
  for (const ChallengeAck& challenge : challenges) {
    cite(finding, challenge.asked);
    cite(finding, challenge.ack);
  }
  const ChallengeAck& first = challenges.front();
  finding.summary = "The " + std::string(role(context.flow, side)) + " answered " +
                    std::string(text(first.kind)) + " by an ACK, " +
                    (challenges.size() > 1 ? times_text(challenges.size()) + " in all"
                                           : std::string("a challenge (RFC 5961)")) +
                    (first.peer_reset ? "; the peer replied with RST." : ".");
  prove(finding, "answered", word(first.kind));
  prove(finding, "challenges", challenges.size());
  prove(finding, "peer_reset", first.peer_reset);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector challenge_ack{.doc = kDoc,
                                    .examples = kExamples,
                                    .examine_end = &examine_end,
                                    .needs = Needs::TwoEnds | Needs::OddClose};
}

}  // namespace tcpautopsy
