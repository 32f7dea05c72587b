#include <algorithm>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "fin_wait_2_timeout",
    .title = "FIN-WAIT-2 timeout",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when =
        "the peer sends no FIN for the profile's FIN-WAIT-2 time after a close (a socket only shut down "
        "stays: certainty possible), or later new data from the peer is answered by RST; never from a "
        "retransmitted FIN",
    .what =
        "An endpoint closed, its FIN was acknowledged, and the peer did not send its own FIN within the "
        "FIN-WAIT-2 time. A host that closed the socket for good does not wait for ever: it drops the "
        "connection without a word. "
        "The peer, in CLOSE-WAIT, does not learn of it until it sends something and is answered by RST.",
    .how_known =
        "Either the FIN was acknowledged and no FIN of the peer came for the profile's FIN-WAIT-2 time "
        "(Linux, BSD 60 s; Windows 120 s; RFC 9293 knows none). Then the certainty is 'possible': a socket "
        "that was only shut down for sending stays in FIN-WAIT-2, and nothing on the wire tells it from a "
        "closed one. "
        "Data that the endpoint acknowledged after its FIN shows that it was only shut down, as do "
        "keep-alives of the peer that it answers after that time, and silences this.\n\n"
        "Or a later segment of the peer is answered by RST. A FIN or keep-alive probe that would have been "
        "welcome "
        "in FIN-WAIT-2 and draws a RST proves that the state was gone, however early, but not one that had "
        "been sent before, which met TIME-WAIT; data draws a RST from any closed socket, so it counts only "
        "after the FIN-WAIT-2 time.",
    .causes =
        "The peer's application does not close its socket (close_wait_stuck on the other endpoint), or takes "
        "longer than the FIN-WAIT-2 time to do so. A FIN of the peer that is blocked on the way. A short "
        "TCP_LINGER2 or net.ipv4.tcp_fin_timeout on the endpoint that closed.",
    .confirm =
        "On the endpoint: ss -tano state fin-wait-2 (timer:(timewait,...) or no process: an orphan that will "
        "expire; with a process: only shut down), sysctl net.ipv4.tcp_fin_timeout. On the peer: ss -tanp "
        "state close-wait names the process that must close. nstat -az TcpExtTCPAbortOnData for data that "
        "was answered by RST.",
    .remedy =
        "Mend the peer's application so that it closes on end of file. If its answer legitimately takes "
        "longer, the closing side should use shutdown(SHUT_WR) and keep reading in place of close(); that "
        "keeps a descriptor open meanwhile.",
    .bad_advice =
        "Raising net.ipv4.tcp_fin_timeout keeps orphans longer and does not make the peer close. It has "
        "nothing to do with TIME-WAIT, which on Linux is a fixed 60 s.",
    .rfc = "RFC 9293 3.6.1 (half-duplex close), 3.3.2 (FIN-WAIT-2); the timer is not in the RFC",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"The peer does not close for 70 s", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:501(500) ack 101
+.01  A > B  F. 101:101(0) ack 501
+.05  A < B  .  501:501(0) ack 102
end +70
finding fin_wait_2_timeout frame 6 frame 7 endpoint client severity note certainty possible
)"},
    {"The peer's data after 65 s is answered by RST", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+65   A < B  P. 1:101(100) ack 2
+.01  A > B  R  2:2(0)
finding fin_wait_2_timeout frame 6 frame 7 endpoint client certainty likely
)"},
    {"The peer's FIN after 30 s is answered by RST: a shorter timer than the profile's", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
+30   A > B  F. 1:1(0) ack 2
+.01  A < B  R  2:2(0)
finding fin_wait_2_timeout frame 6 frame 7 endpoint server certainty certain
)"},
    {"A FIN that was sent before is answered by RST: TIME-WAIT was gone, not FIN-WAIT-2", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+20   A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+70   A < B  F. 1:1(0) ack 2
+.01  A > B  R  2:2(0)
no finding
)",
     true},
    {"The peer closes in time", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+50   A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
end +100
no finding
)",
     true},
    {"Only shut down: it takes data after its FIN", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+5    A < B  P. 1:501(500) ack 2
+.01  A > B  .  2:2(0) ack 501
end +70
no finding
)",
     true},
    {"The capture ends after 40 s", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
end +40
no finding
)",
     true},
    {"Data is answered by RST at once: a closed socket, not a timer", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
+1    A < B  P. 1:501(500) ack 2
+.01  A > B  R  2:2(0)
end +70
no finding
)",
     true},
    {"It answers keep-alives after its time: only shut down", R"(
handshake
+.10  A < B  P. 1:101(100) ack 1
+.01  A > B  F. 1:1(0) ack 101
+.05  A < B  .  101:101(0) ack 2
+75   A < B  .  100:100(0) ack 2
+.01  A > B  .  2:2(0) ack 101
end +5
no finding
)",
     true},
    {"A FIN and its ACK from the middle: the peer may have closed before the capture began", R"(
+0    A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
end +70
no finding
)",
     true},
    {"A profile without such a timer", R"(
profile rfc9293
handshake
+.10  A > B  F. 1:1(0) ack 1
+.05  A < B  .  1:1(0) ack 2
end +200
no finding
)",
     true},
};

// Who has left FIN-WAIT-2 sooner was not there by a timer: its socket was gone at once (TCP_LINGER2 below 0,
// too many orphans), or was never there.
constexpr TimeNs kShortestTimer = kSecond;

struct Refusal {
  SegmentRef segment, reset;
  bool proves = false;  // the segment would have been welcome in FIN-WAIT-2
};

// The first RST after the FIN; later ones answer what was sent before the peer knew.
std::optional<Refusal> refusal_of(const ClosingVerdicts& closing, Side side, const SegmentRef& fin_acked) {
  for (const ResetVerdict& reset : closing.resets(side)) {
    if (!reset.fin_sent) continue;
    if (!reset.answers || reset.answers->segment.record < fin_acked.record) return std::nullopt;
    const Refused& asked = *reset.answers;
    // Its first sending had ended FIN-WAIT-2: the RST tells of TIME-WAIT.
    if (asked.fin_again) return std::nullopt;
    return Refusal{asked.segment, reset.segment, asked.fin_taken_before || asked.keepalive};
  }
  return std::nullopt;
}

void tell(const DetectContext& context, Side side, const std::optional<Refusal>& refusal, TimeNs wait,
          Findings& out) {
  const FlowFacts& flow = context.flow;
  const FinVerdict& fin = *context.verdicts.closing.fin(side);
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, fin.first);
  cite(finding, fin.acked_by);
  const std::string who(role(flow, side)), peer(role(flow, other(side)));
  if (refusal) {
    cite(finding, refusal->segment);
    cite(finding, refusal->reset);
    finding.certainty = refusal->proves ? Certainty::Certain : Certainty::Likely;
    finding.summary = "The " + who + " closed and left FIN-WAIT-2 before the " + peer + " closed: the " +
                      peer + "'s next segment, " + duration_text(wait) +
                      " after the FIN was acknowledged, was answered by RST.";
  } else {
    finding.certainty = Certainty::Possible;
    finding.end_ns = context.verdicts.watched_until_ns;
    finding.summary =
        "The " + who + "'s FIN was acknowledged " + duration_text(wait) + " before " +
        std::string(watch_end_text(context.verdicts)) + " and the " + peer +
        " has sent no FIN: FIN-WAIT-2 has run out if the socket was closed, and lasts if it was only "
        "shut down.";
  }
  const auto& limit = context.verdicts.profile.fin_wait_2;
  prove(finding, "wait_ns", wait);
  prove(finding, "met_reset", refusal.has_value());
  if (limit) prove(finding, "profile_fin_wait_2_ns", *limit);
  out.push_back(std::move(finding));
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const ClosingVerdicts& closing = context.verdicts.closing;
  const FinVerdict* const fin = closing.fin(side);
  if (fin == nullptr || !fin->acked_by || fin->acked_by_reset) return;
  const FinVerdict* const peers = closing.fin(other(side));
  if (peers != nullptr && peers->first.record <= fin->acked_by.record) return;  // not there for long
  const TimeNs since = fin->acked_by.time_ns();
  const auto& limit = context.verdicts.profile.fin_wait_2;
  if (const auto refusal = refusal_of(closing, side, fin->acked_by)) {
    const TimeNs wait = refusal->segment.time_ns() - since;
    if ((refusal->proves && wait >= kShortestTimer) || (limit && wait >= *limit && !fin->took_data_after))
      tell(context, side, refusal, wait, out);
    return;
  }
  if (peers != nullptr || !limit || closing.any_reset || fin->took_data_after) return;
  if (closing.of(other(side)).may_have_closed_first) return;
  const TimeNs until = context.verdicts.watched_until_ns;
  // One that answers keep-alives when its time is over was only shut down.
  const auto& possible = context.verdicts.outcome(side).final_possible;
  const bool may_be_over = std::find(possible.begin(), possible.end(), TcpState::Closed) != possible.end();
  if (until - since >= *limit && may_be_over) tell(context, side, std::nullopt, until - since, out);
}

}  // namespace

namespace detectors_in_files {
extern const Detector fin_wait_2_timeout{.doc = kDoc,
                                         .examples = kExamples,
                                         .examine_end = &examine_end,
                                         .needs = Needs::BothDirections | Needs::OddClose};
}

}  // namespace tcpautopsy
