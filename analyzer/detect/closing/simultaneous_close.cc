#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "simultaneous_close",
    .title = "Simultaneous close",
    .severity = Severity::Info,
    .phase = "Closing",
    .said_when = "both send FIN before receiving the other's: CLOSING",
    .what =
        "Each endpoint sent its FIN before it had received the other's. Both pass through CLOSING in place "
        "of FIN-WAIT-2 or CLOSE-WAIT, and both end in TIME-WAIT. It is correct and harmless; it is rare "
        "enough to surprise whoever reads it first.",
    .how_known =
        "The first FIN of each endpoint does not acknowledge the other's FIN. That each FIN was sent in "
        "ignorance of the other holds wherever the capture was taken, also when one of them was lost and "
        "repeated. "
        "If the first sending of a FIN was lost before the capture point, a simultaneous close may look like "
        "an ordinary one.",
    .causes =
        "A protocol in which both ends know that the last message was the last (both close after it), the "
        "same idle timeout on both ends, a proxy that closes both of its connections at once.",
    .confirm =
        "ss -tan state closing shows it only for a round trip, unless an ACK is lost; ss -tan state "
        "time-wait then shows the connection on both hosts.",
    .remedy =
        "None needed. Both hosts keep a TIME-WAIT entry; where the server's count matters, let one end be "
        "the one that closes first.",
    .bad_advice = "CLOSING sockets are no sign of an attack or a broken stack.",
    .rfc = "RFC 9293 3.6 case 3, Figure 13",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"The FINs cross", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1
+.002  A < B  F. 1:1(0) ack 1
+.008  A < B  .  2:2(0) ack 2
+.002  A > B  .  2:2(0) ack 2
finding simultaneous_close frame 4 frame 5 severity info endpoint none
)"},
    {"The FINs cross with data, after an exchange", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:501(500) ack 101
+.01   A > B  FP. 101:201(100) ack 501
+.004  A < B  FP. 501:601(100) ack 101
+.006  A < B  .  602:602(0) ack 202
+.004  A > B  .  202:202(0) ack 602
finding simultaneous_close frame 6 frame 7
)"},
    {"The first FIN is lost and the peer closes on its own", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1  !lost
+.10   A < B  F. 1:1(0) ack 1
+.01   A > B  .  2:2(0) ack 2
+.12   A > B  F. 1:1(0) ack 2
+.01   A < B  .  2:2(0) ack 2
finding simultaneous_close frame 4 frame 5
)"},
    {"Normal close", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1
+.01   A < B  F. 1:1(0) ack 2
+.01   A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"The second FIN is sent in the same millisecond, but knowing of the first", R"(
handshake
+.10    A > B  F. 1:1(0) ack 1
+.0101  A < B  .  1:1(0) ack 2
+.0001  A < B  F. 1:1(0) ack 2
+.01    A > B  .  2:2(0) ack 2
no finding
)",
     true},
    {"A FIN is repeated after the other's FIN, as at first", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1
+.01   A < B  F. 1:1(0) ack 2  !lost
+.19   A > B  F. 1:1(0) ack 1
+.01   A < B  .  2:2(0) ack 2
+.02   A < B  F. 1:1(0) ack 2
+.01   A > B  .  2:2(0) ack 2
no finding
)",
     true},
};

// When one FIN was lost its receiver acknowledges only the repeat, and the sender of the other goes by
// FIN-WAIT-2; a RST may end it before TIME-WAIT.
std::string path(const DetectContext& context) {
  PerSide<bool> closing{}, time_wait{};
  for (const Transition& t : context.verdicts.transitions) {
    closing[index(t.side)] = closing[index(t.side)] || t.to == TcpState::Closing;
    time_wait[index(t.side)] = time_wait[index(t.side)] || t.to == TcpState::TimeWait;
  }
  if (!closing[0] && !closing[1]) return "";
  const std::string who = closing[0] && closing[1]
                              ? ": both pass through CLOSING"
                              : ": the " + std::string(role(context.flow, closing[0] ? Side::A : Side::B)) +
                                    " passes through CLOSING";
  return who + (time_wait[0] && time_wait[1] ? ", and both end in TIME-WAIT" : "");
}

void examine(const DetectContext& context, Findings& out) {
  const FinVerdict* const a = context.verdicts.closing.fin(Side::A);
  const FinVerdict* const b = context.verdicts.closing.fin(Side::B);
  if (a == nullptr || b == nullptr || a->knew_of_peers || b->knew_of_peers) return;
  // A capture of several queues may not be in order of time.
  const bool a_first = a->first.time_ns() <= b->first.time_ns();
  const TimeNs apart =
      a_first ? b->first.time_ns() - a->first.time_ns() : a->first.time_ns() - b->first.time_ns();
  Finding finding = make_finding(kDoc, context.flow, std::nullopt);
  cite(finding, a->first);
  cite(finding, b->first);
  finding.summary = "Both endpoints sent their FIN before receiving the other's, " + duration_text(apart) +
                    " apart at the capture point" + path(context) + ".";
  prove(finding, "apart_ns", apart);
  prove(finding, "first", role(context.flow, a_first ? Side::A : Side::B));
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector simultaneous_close{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::TwoEnds | Needs::OddFins};
}

}  // namespace tcpautopsy
