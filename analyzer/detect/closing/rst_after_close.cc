#include <algorithm>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "rst_after_close",
    .title = "RST after close",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when = "RST answers data or a FIN that reached an endpoint after it had closed",
    .what =
        "An endpoint closed its socket and sent its FIN. Then data or a FIN of the peer arrived, for which "
        "there was no reader or no connection any more, and its TCP answered with RST. The data is lost, and "
        "the peer's application gets ECONNRESET or EPIPE from its next call.\n\n"
        "After a FIN for which both sides had finished talking this is harmless. Where the peer was still "
        "sending something that mattered, the endpoint closed too early.",
    .how_known =
        "The endpoint's FIN passed first. The RST takes its sequence number from the ACK field of a later "
        "segment of the peer that carried data, a FIN or a keep-alive probe, as RFC 9293 3.5.2 has it for a "
        "segment without a connection, or it follows such a segment at once and does not acknowledge it. "
        "Where only the endpoint's own direction was captured, a RST without ACK after its FIN answers "
        "something that was not.\n\n"
        "Whether the application had called close(), had exited or was killed looks the same: the kernel "
        "sends the FIN for it. If FIN-WAIT-2 or TIME-WAIT had run out before, fin_wait_2_timeout or "
        "lost_final_ack says so as well.",
    .causes =
        "An application that closes before it has read the peer's last message. A process that exits or is "
        "killed in mid-conversation. A server that closes an idle keep-alive connection at the moment the "
        "client sends its next request on it. A client that aborts a download by plain close(). A TIME-WAIT "
        "or FIN-WAIT-2 entry that was gone when the peer's repeat came.",
    .confirm =
        "On the endpoint that reset: nstat -az TcpExtTCPAbortOnData (data after close), TcpOutRsts; the "
        "service's log and the kernel's (OOM killer) at that second. On the peer: the error of the write or "
        "read after it, nstat TcpEstabResets.",
    .remedy =
        "Closing side: shutdown(SHUT_WR), read to end of file, then close(). For idle HTTP connections let "
        "the client's idle timeout be shorter than the server's, and let clients retry requests that are "
        "safe to repeat. That costs the server sockets that idle a little longer.",
    .bad_advice =
        "SO_LINGER with a time does not prevent it: it delays close() until sent data is acknowledged and "
        "does not read anything. Blocking RSTs in a firewall makes the peer repeat for minutes in place of "
        "failing at once.",
    .rfc = "RFC 9293 3.6.1 (SHLD-3), 3.5.2, 3.10.7.1; RFC 1122 4.2.2.13",
    .wireshark = "none (plain [RST])",
};

constexpr Example kExamples[] = {
    {"The server closes, the client sends one more request", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:501(500) ack 101
+.01   A > B  .  101:101(0) ack 501
+5     A < B  F. 501:501(0) ack 101
+.05   A > B  .  101:101(0) ack 502
+.20   A > B  P. 101:401(300) ack 502
+.0001 A > B  F. 401:401(0) ack 502
+.01   A < B  R  502:502(0)
+.0001 A < B  R  502:502(0)
finding rst_after_close frame 11 frame 12 endpoint server severity note count 2 likely none
)"},
    {"The server's idle timeout ends the connection as the next request is on its way", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:501(500) ack 101
+.01   A > B  .  101:101(0) ack 501
+5     A < B  F. 501:501(0) ack 101
+.001  A > B  P. 101:401(300) ack 501
+.01   A < B  R  501:501(0)
finding rst_after_close endpoint server severity note likely closed_idle
)"},
    {"Killed in mid-upload: the data in flight is answered by RSTs", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.01   A < B  .  1:1(0) ack 1461
+.02   A < B  F. 1:1(0) ack 1461
+.005  A > B  .  1461:2921(1460) ack 1
+.01   A < B  R  1:1(0)
finding rst_after_close endpoint server count 1 likely none
)"},
    {"TIME-WAIT is gone when the peer repeats its FIN", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2  !lost
+.21  A < B  F. 1:1(0) ack 2
+.01  A > B  R  2:2(0)
finding rst_after_close frame 7 frame 8 endpoint client
)"},
    {"Only the server's own direction was captured: its RSTs are numbered by what the client acknowledged",
     R"(
+0     A > B  S  0:0(0)              <mss 1460>  !unseen
+.001  A < B  S. 0:0(0) ack 1        <mss 1460>
+.001  A > B  .  1:1(0) ack 1        !unseen
+.001  A > B  P. 1:301(300) ack 1    !unseen
+.001  A < B  .  1:1(0) ack 301
+.005  A < B  P. 1:1001(1000) ack 301
+.001  A > B  .  301:301(0) ack 1001  !unseen
+15    A < B  F. 1001:1001(0) ack 301
+.0004 A > B  P. 301:601(300) ack 1001  !unseen
+.0004 A < B  R  1001:1001(0)
finding rst_after_close frame 5 endpoint server certainty likely
)"},
    {"A RST with no FIN before it", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.20  A < B  R. 1:1(0) ack 101
no finding
)",
     true},
    {"The endpoint took the data after its FIN, and reset later of its own accord", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
+.10  A > B  P. 1:301(300) ack 2
+.01  A < B  .  2:2(0) ack 301
+.50  A < B  R. 2:2(0) ack 301
no finding
)",
     true},
    {"A closed endpoint resets a plain ACK out of TIME-WAIT", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
+5    A > B  .  2:2(0) ack 2
+.01  A < B  R  2:2(0)
no finding
)",
     true},
    {"Normal close with data in both directions", R"(
handshake
+.10  A > B  FP. 1:101(100) ack 1
+.01  A < B  FP. 1:501(500) ack 102
+.01  A > B  .  102:102(0) ack 502
no finding
)",
     true},
};

struct Answered {
  unsigned data = 0, repeats = 0, fins = 0, probes = 0;
  StreamOffset begin = 0, end = 0;  // of the data
};

void note(Answered& answered, const Refused& asked) {
  if (asked.keepalive) {
    ++answered.probes;
  } else if (asked.data_taken_before) {
    ++answered.repeats;
  } else if (asked.end > asked.begin) {
    if (answered.data++ == 0) answered.begin = asked.begin;
    answered.end = asked.end;
  } else {
    ++answered.fins;
  }
}

std::string what_met_it(const Answered& answered) {
  if (answered.data + answered.repeats + answered.fins + answered.probes == 0)
    return "a segment that was not captured";
  if (answered.data > 0)
    return count_text(static_cast<std::uint64_t>(std::max<StreamOffset>(answered.end - answered.begin, 1)),
                      "octet") +
           " of data";
  if (answered.repeats > 0) return "late data that it had taken before";
  return answered.fins > 0 ? "the FIN" : "a keep-alive probe";
}

constexpr TimeNs kIdle = kSecond;

// A connection in use before, closed by an idle timeout just as its peer used it again.
bool closed_idle(const DetectContext& context, Side side, const ResetVerdict& reset) {
  const FinVerdict& fin = *context.verdicts.closing.fin(side);
  return fin.idle_ns >= kIdle && reset.met && fin.crossed_by &&
         reset.met->segment.record == fin.crossed_by.record && context.flow.facts(side).payload_bytes > 0;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const ClosingVerdicts& closing = context.verdicts.closing;
  const auto& resets = closing.resets(side);
  const auto first =
      std::find_if(resets.begin(), resets.end(), [](const ResetVerdict& r) { return r.after_close; });
  if (first == resets.end()) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  Answered answered;
  finding.count = 0;
  // Later ones answer what else was under way, a plain ACK too.
  for (auto reset = first; reset != resets.end(); ++reset) {
    ++finding.count;
    cite(finding, reset->segment);
    if (!reset->after_close) continue;
    if (!reset->answers) finding.certainty = Certainty::Likely;
    if (!reset->met) continue;
    note(answered, *reset->met);
    cite(finding, reset->met->segment);
  }
  const SegmentRef& met = first->met ? first->met->segment : first->segment;
  const TimeNs since = met.time_ns() - closing.fin(side)->first.time_ns();
  // On the way to an endpoint far from the capture point the segment passed first and yet arrived later.
  const bool race = closed_idle(context, side, *first);
  const std::string when =
      since >= 0 ? duration_text(since) + " after its FIN" : std::string("under way when its FIN passed,");
  finding.summary = "The " + std::string(role(context.flow, side)) + " had closed; " + when + " " +
                    what_met_it(answered) + " from the " + std::string(role(context.flow, other(side))) +
                    " drew a RST.";
  if (race)
    finding.summary += " It had closed after " + duration_text(closing.fin(side)->idle_ns) +
                       " without traffic, and the data were sent before that was known.";
  prove(finding, "after_fin_ns", since);
  prove(finding, "data_segments_reset", answered.data);
  prove(finding, "repeats_reset", answered.repeats);
  prove(finding, "octets_lost", answered.end - answered.begin);
  prove(finding, "fins_reset", answered.fins);
  prove(finding, "probes_reset", answered.probes);
  if (race) prove(finding, "likely_cause", "closed_idle");
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_after_close{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::TwoEnds | Needs::Resets};
}

}  // namespace tcpautopsy
