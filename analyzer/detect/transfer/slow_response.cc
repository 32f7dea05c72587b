#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// From so many turns on slow_server judges the service.
constexpr std::uint64_t kTurnsOfSlowServer = 20;
constexpr TimeNs kVeryLate = 10 * kSecond;

constexpr Doc kDoc{
    .id = "slow_response",
    .title = "Slow response",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "an answer to a request, or the greeting of a service that speaks first, comes 3 s or more late "
        "(network's share taken off) on a flow of a service with fewer turns than slow_server needs; w from "
        "10 s",
    .what =
        "The server's application took 3 s or more to begin its answer, or, where the service speaks first "
        "(SMTP, FTP, MySQL, SSH), to greet the client once the connection was open. The time is the "
        "application's: the round trip to it is taken off.",
    .how_known =
        "The wait is from the client's last data to the first data of the server after it, both at the "
        "capture point, less the least round trip between that point and the server; for a greeting it is "
        "from the ACK that completes the handshake. Requests that overlap answers, and messages far smaller "
        "than the client's first, are left out, and so is an answer whose first sendings were lost before "
        "the capture point, as the server's IP IDs tell.\n\n"
        "A service that holds a request open until something happens (long polling, IMAP IDLE) waits by "
        "design and looks slow. Of services with 20 turns or more only slow_server speaks, which knows what "
        "is usual there.",
    .causes =
        "For a greeting: the server looks up the client's name (reverse DNS) or asks it who it is (ident, "
        "port 113), and the look-up runs into its time limit of 5 or 10 s: typical of mail, FTP, SSH and "
        "database servers. For an answer: a slow query or backend, locks, garbage collection, too few "
        "workers, a look-up or call of another service with a time limit of some seconds, a cold start. "
        "Round numbers (5, 10, 30 s) speak for a time limit that ran out.",
    .confirm =
        "On the server: its log of connection and request times; dig -x CLIENT-ADDRESS timed there; tcpdump "
        "port 53 or port 113 in that second; strace -tt -p. ss -tlni: a Recv-Q above 0 on the listener means "
        "that connections wait to be accepted.",
    .remedy =
        "For greetings: mend reverse DNS for the clients, or switch the look-up off (skip_name_resolve, "
        "UseDNS no, HostnameLookups Off), which costs names in the logs and rules that go by names. For "
        "answers: find what the application waits for.",
    .bad_advice =
        "Tuning TCP buffers, congestion control or TCP_NODELAY: none of it shortens the application's "
        "thinking.",
    .rfc = "RFC 9293 3.8 (data communication); response time is above TCP",
    .wireshark = "none (http.time and its like are by protocol)",
};

constexpr Example kExamples[] = {
    {"The greeting comes ten seconds after the handshake", R"(
handshake
+10.01 A < B  P. 1:88(87) ack 1
+.01   A > B  P. 1:200(199) ack 88
+.01   A < B  P. 88:99(11) ack 200
+.01   A > B  F. 200:200(0) ack 99
+.01   A < B  F. 99:99(0) ack 201
+.01   A > B  .  201:201(0) ack 100
finding slow_response frame 3 frame 4 endpoint server severity warning
)"},
    {"One answer takes five seconds", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+.02   A < B  P. 1:801(800) ack 301
+.01   A > B  P. 301:551(250) ack 801
+.04   A < B  .  801:801(0) ack 551
+5     A < B  P. 801:1601(800) ack 551
+.01   A > B  .  551:551(0) ack 1601
finding slow_response frame 6 frame 8 endpoint server severity note
)"},
    {"The client is slow to ask", R"(
handshake
+10    A > B  P. 1:301(300) ack 1
+.02   A < B  P. 1:801(800) ack 301
+15    A > B  P. 301:551(250) ack 801
+.02   A < B  P. 801:1601(800) ack 551
+.01   A > B  .  551:551(0) ack 1601
no finding
)",
     true},
    {"Two seconds", R"(
handshake
+.01   A > B  P. 1:301(300) ack 1
+2     A < B  P. 1:801(800) ack 301
+.01   A > B  .  301:301(0) ack 801
no finding
)",
     true},
    {"A push after a small message of the client, which asked for nothing", R"(
handshake
+.01   A > B  P. 1:518(517) ack 1
+.02   A < B  P. 1:801(800) ack 518
+.01   A > B  P. 518:557(39) ack 801
+.04   A < B  .  801:801(0) ack 557
+20    A < B  P. 801:1001(200) ack 557
+.01   A > B  .  557:557(0) ack 1001
no finding
)",
     true},
    {"Begun in the middle: the first data captured are no greeting", R"(
+0     A < B  P. 1:801(800) ack 518
+.01   A > B  .  518:518(0) ack 801
+20    A < B  P. 801:1601(800) ack 518
+.01   A > B  .  518:518(0) ack 1601
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const auto& late = context.verdicts.answers.late;
  const Side server = context.flow.server();
  if (!late || context.transfer->turns.turns[index(server)] >= kTurnsOfSlowServer ||
      context.services.answered(context.flow.facts(server).address) >= kTurnsOfSlowServer)
    return;
  Finding finding = make_finding(kDoc, context.flow, server);
  if (late->asked) cite(finding, *late->asked);
  cite(finding, late->answer);
  finding.count = late->count;
  finding.certainty = late->greeting ? Certainty::Certain : Certainty::Likely;
  if (late->longest_ns >= kVeryLate) finding.severity = Severity::Warning;
  finding.summary =
      "The server took " + duration_text(late->longest_ns) +
      (late->greeting ? " to greet the client once the connection was open" : " to begin an answer") +
      (late->count > 1 ? " (" + times_text(late->count) + " 3 s or more)" : "") +
      (late->network_ns >= 0
           ? "; the network's round trip, " + duration_text(late->network_ns) + ", is taken off."
           : ".");
  prove(finding, "wait_ns", late->longest_ns);
  prove(finding, "greeting", late->greeting);
  if (late->network_ns >= 0) prove(finding, "network_ns", late->network_ns);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector slow_response{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::Transfer | Needs::LateAnswers};
}

}  // namespace tcpautopsy
