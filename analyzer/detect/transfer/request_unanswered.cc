#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "request_unanswered",
    .title = "Request never answered",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "data of one end is acknowledged, the other end's application sends nothing for 3 s or more (the "
        "network's share taken off), and the asker closes, resets, or the capture ends: the application did "
        "not answer, and how long it was waited for. It goes before linger and the like as a cause of the "
        "asker's RST",
    .what =
        "One end sent a request, the other end's TCP acknowledged all of it, and then its application sent "
        "nothing, until the end that had asked gave up (closed or reset the connection) or the capture "
        "ended.\n\n"
        "The network is not at fault: the request arrived, and the acknowledgment came back. What failed is "
        "the application that should have answered, or it was not given the time it needs.",
    .how_known =
        "The last data of the connection is the client's, sent in one go, an ACK covers all of it, and no "
        "data of the server passes for 3 s or more after that ACK. If the client then resets, its time limit "
        "is the likeliest cause of that RST, before SO_LINGER 0 or unread data. If the client closes, or the "
        "capture ends, it is only possible: not every message wants an answer. Messages far smaller than the "
        "connection's first, and senders that pause within the turn (logs, feeds), are left out; not so "
        "pollers, whose messages are all of one size and were answered soon and one by one before.\n\n"
        "The same is said of a server that speaks first, is never answered, and ends the connection itself. "
        "An answer that waits by design (long polling) looks the same until it comes. It is not said where "
        "the capture missed data of the end that should have answered, or has one direction only.",
    .causes =
        "An application that hangs: a lock, a full pool of workers or database connections, a backend that "
        "does not answer it in turn, a name look-up, garbage collection. A client's time limit shorter than "
        "the work takes. A request that the server does not take for complete (a wrong Content-Length, TLS "
        "spoken to a plain port, a message without its end mark). A process stopped or swapped out: its "
        "kernel goes on acknowledging.",
    .confirm =
        "On the server: ss -tnp shows Recv-Q: above 0, the application has not even read the request; 0, it "
        "has it and works on it, or has lost it. A stack trace of the process (gdb, jstack, py-spy), its log "
        "of requests under way, strace -p. On the client: the time limit that it is configured with, against "
        "the time told here.",
    .remedy =
        "Find what the server's application waits for. Where the work is just long, raise the client's time "
        "limit above it, at the price of noticing failures later, or let the server answer at once and "
        "deliver later.",
    .bad_advice =
        "Nothing in TCP mends it: retransmission settings, keep-alives, buffers and TCP_NODELAY do not make "
        "an application answer. Looking for packet loss is in vain: the request was acknowledged.",
    .rfc = "RFC 9293 3.8.6.3, 3.10.7.4 (an ACK says that TCP has the data, not that the application read it)",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"The client's time limit runs out, and it resets", R"(
handshake
+.001  A > B  P. 1:448(447) ack 1
+.001  A < B  .  1:1(0) ack 448
+3.14  A > B  R. 448:448(0) ack 1
finding request_unanswered frame 4 frame 6 endpoint client severity warning certainty likely
finding rst_abort severity info
)"},
    {"The second request on a connection is not answered, and the client closes", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.02   A < B  P. 1:801(800) ack 301
+.01   A > B  .  301:301(0) ack 801
+1     A > B  P. 301:551(250) ack 801
+.04   A < B  .  801:801(0) ack 551
+10    A > B  F. 551:551(0) ack 801
+.01   A < B  F. 801:801(0) ack 552
+.01   A > B  .  552:552(0) ack 802
finding request_unanswered frame 7 frame 9 endpoint client certainty possible
)"},
    {"The capture ends while the client waits", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  .  1:1(0) ack 301
end +8
finding request_unanswered endpoint client certainty possible
)"},
    {"A greeting that the client never answers: the server ends it", R"(
handshake
+.01   A < B  P. 1:41(40) ack 1
+.01   A > B  .  1:1(0) ack 41
+30    A < B  R. 41:41(0) ack 1
finding request_unanswered endpoint server
)"},
    {"A device is polled, answers four times and then no more", R"(
handshake
repeat 4 {
+3     A > B  P. 1:13(12) ack 1
+.02   A < B  P. 1:14(13) ack 13
+.04   A > B  .  13:13(0) ack 14
}
repeat 3 {
+3     A > B  P. 49:61(12) ack 53
+.04   A < B  .  53:53(0) ack 61
}
+2     A > B  R. 85:85(0) ack 53
finding request_unanswered endpoint client certainty likely
finding rst_abort severity info
)"},
    {"Heartbeats between ticks that come when they will, until no more do", R"(
handshake
repeat 5 {
+5     A > B  P. 1:13(12) ack 1
+.04   A < B  .  1:1(0) ack 13
+2     A < B  P. 1:14(13) ack 13
+.04   A > B  .  13:13(0) ack 14
}
repeat 4 {
+5     A > B  P. 61:73(12) ack 66
+.04   A < B  .  66:66(0) ack 73
}
+2     A > B  F. 109:109(0) ack 66
no finding
)",
     true},
    {"Idle after the answer: nobody waits", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.02   A < B  P. 1:801(800) ack 301
+.01   A > B  .  301:301(0) ack 801
+60    A > B  R. 301:301(0) ack 801
no finding
)",
     true},
    {"Answered after two seconds", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  .  1:1(0) ack 301
+2     A < B  P. 1:801(800) ack 301
+.01   A > B  .  301:301(0) ack 801
+5     A > B  F. 301:301(0) ack 801
no finding
)",
     true},
    {"A TLS session taken up again and never used: the client's Finished wants no answer", R"(
handshake
+.01   A > B  P. 1:518(517) ack 1
+.02   A < B  P. 1:138(137) ack 518
+.01   A > B  P. 518:569(51) ack 138  !ccs
+.04   A < B  .  138:138(0) ack 569
+4.1   A > B  F. 569:569(0) ack 138
+.01   A < B  F. 138:138(0) ack 570
+.01   A > B  .  570:570(0) ack 139
no finding
)",
     true},
    {"The capture begins with a keep-alive of one octet", R"(
+0     A > B  .  1:2(1) ack 1
+.02   A < B  .  1:1(0) ack 2 <sack 1:2>
+45    A > B  .  1:2(1) ack 1
+.02   A < B  .  1:1(0) ack 2 <sack 1:2>
+45    A > B  F. 2:2(0) ack 1
+.02   A < B  F. 1:1(0) ack 3
+.01   A > B  .  3:3(0) ack 2
no finding
)",
     true},
    {"A log that is sent as it comes up wants no answer", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.04   A < B  .  1:1(0) ack 101
+7     A > B  P. 101:201(100) ack 1
+.04   A < B  .  1:1(0) ack 201
+9     A > B  P. 201:301(100) ack 1
+.04   A < B  .  1:1(0) ack 301
end +20
no finding
)",
     true},
    {"A small message after the answer, such as a window update of a protocol above", R"(
handshake
+.01   A > B  P. 1:518(517) ack 1
+.02   A < B  P. 1:801(800) ack 518
+.01   A > B  P. 518:557(39) ack 801
+.04   A < B  .  801:801(0) ack 557
+30    A > B  F. 557:557(0) ack 801
no finding
)",
     true},
    {"The request is not acknowledged: the network or the host, not the application", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1  !lost
+.22   A > B  P. 1:301(300) ack 1  !lost
+.44   A > B  P. 1:301(300) ack 1  !lost
+4     A > B  R. 301:301(0) ack 1
no finding
)",
     true},
    {"The server's window is closed: it has not taken the whole request", R"(
handshake
+.01   A > B  .  1:1461(1460) ack 1
+.001  A > B  .  1461:2921(1460) ack 1
+.04   A < B  .  1:1(0) ack 2921 win 0
+.30   A > B  .  2920:2920(0) ack 1
+.01   A < B  .  1:1(0) ack 2921 win 0
+.60   A > B  .  2920:2920(0) ack 1
+.01   A < B  .  1:1(0) ack 2921 win 0
end +5
no finding
)",
     true},
    {"The server closes without an answer: it did not leave the client waiting", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  .  1:1(0) ack 301
+.5    A < B  F. 1:1(0) ack 301
+.01   A > B  F. 301:301(0) ack 2
+.01   A < B  .  2:2(0) ack 302
no finding
)",
     true},
    {"The client closes first, and the server has nothing to say", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.001  A > B  F. 301:301(0) ack 1
+.04   A < B  F. 1:1(0) ack 302
+.01   A > B  .  302:302(0) ack 2
no finding
)",
     true},
    {"The capture missed the answer: the FIN comes after it", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  P. 1:801(800) ack 301  !unseen
+.001  A < B  F. 801:801(0) ack 301
+.01   A > B  F. 301:301(0) ack 802
+.01   A < B  .  802:802(0) ack 302
no finding
)",
     true},
    {"An upload that the server takes whole and closes", R"(
handshake <mss 1460>
repeat 20 {
+.001  A > B  .  1:1461(1460) ack 1
+.001  A < B  .  1:1(0) ack 1461
}
+.02   A < B  F. 1:1(0) ack 29201
+.01   A > B  F. 29201:29201(0) ack 2
+.01   A < B  .  2:2(0) ack 29202
no finding
)",
     true},
    {"A farewell after an answer wants none", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  P. 1:101(100) ack 301
+.01   A > B  P. 301:311(10) ack 101
+.04   A < B  F. 101:101(0) ack 311
+.01   A > B  F. 311:311(0) ack 102
+.01   A < B  .  102:102(0) ack 312
no finding
)",
     true},
    {"The FIN crosses the request: it knew nothing of it", R"(
handshake
+.2    A > B  P. 1:301(300) ack 1
+.001  A < B  F. 1:1(0) ack 1
+.02   A > B  .  301:301(0) ack 2
+.02   A < B  R  1:1(0)
no finding
)",
     true},
    {"A log's connection is closed for idleness", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.04   A < B  .  1:1(0) ack 301
+60    A < B  F. 1:1(0) ack 301
+.01   A > B  F. 301:301(0) ack 2
+.01   A < B  .  2:2(0) ack 302
no finding
)",
     true},
};

std::string end_text(WaitedUntil until, const std::string& asker, const Verdicts& verdicts) {
  switch (until) {
    case WaitedUntil::Reset: return "the " + asker + " reset the connection";
    case WaitedUntil::Close: return "the " + asker + " closed";
    case WaitedUntil::CaptureEnd: return std::string(watch_end_text(verdicts));
  }
  return "";
}

std::string asked_text(const UnansweredRequest& request) {
  const std::string octets = " (" + count_text(request.octets, "octet") + ") ";
  if (request.polls > 0) return count_text(request.polls, "request") + octets + "were";
  return (request.greeting ? "greeting" : "request") + octets + "was";
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& request = context.verdicts.answers.unanswered[index(side)];
  if (!request) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, request->first);
  cite(finding, request->ended_by);
  finding.certainty = request->until == WaitedUntil::Reset ? Certainty::Likely : Certainty::Possible;
  if (request->until == WaitedUntil::CaptureEnd) finding.end_ns = context.verdicts.watched_until_ns;
  const std::string who(role(context.flow, side)), peer(role(context.flow, other(side)));
  finding.summary = "The " + who + "'s " + asked_text(*request) + " acknowledged and never answered: the " +
                    peer + "'s application sent nothing in the " + duration_text(request->waited_ns) +
                    " until " + end_text(request->until, who, context.verdicts) + ".";
  prove(finding, "waited_ns", request->waited_ns);
  prove(finding, "octets", request->octets);
  prove(finding, "answered_before", request->answered_before);
  prove(finding, "until",
        request->until == WaitedUntil::Reset   ? "reset"
        : request->until == WaitedUntil::Close ? "close"
                                               : "capture_end");
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector request_unanswered{.doc = kDoc,
                                         .examples = kExamples,
                                         .examine_end = &examine_end,
                                         .needs = Needs::BothDirections | Needs::LateAnswers};
}

}  // namespace tcpautopsy
