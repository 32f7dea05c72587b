#include <cmath>
#include <optional>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "slow_server",
    .title = "Slow server",
    .scope = Scope::Host,
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "a service whose time from request to first response byte (or from the handshake to its greeting, "
        "where it speaks first) has p95 of 1 s or more over 20 or more turns, or five times its own median "
        "at another time; the network's share told apart",
    .what =
        "The time from the end of a request to the first octet of its answer is 1 s or more for at least "
        "one turn in twenty; or at one time it was five times what it was at another. The time is the "
        "application's: TCP and the network take the round trip, which is told apart.",
    .how_known =
        "A turn is all data of one end until the other sends some; the wait is from the last data segment "
        "of the client's turn to the first of the service's, both at the capture point. Where the service "
        "speaks first, the wait from the handshake's ACK to its greeting counts as well. It holds one "
        "round trip between the capture point and the service, whose least value over the connections is "
        "told as the network's share. Turns that overlap are left out, and so is the wait for a request "
        "that was lost beyond the capture point, up to when it was retransmitted.\n\n"
        "TCP has no messages. A service that pushes, or holds a request open until something happens "
        "(long polling, a shell, IMAP IDLE), waits by design and looks slow here. A single connection is "
        "not judged if more than one turn in ten of its client is of several writes: two peers that push "
        "messages to each other look so. Nor does a connection count whose service sends at intervals that "
        "differ less than half as much as these waits: it keeps a pace of its own (readings), nor one "
        "whose ends send each other messages of one size, neither at once (heartbeats). Of one  connection "
        "alone it is likely at most.",
    .causes =
        "A slow query or backend, locks, garbage collection, a full disk or processor, too few workers "
        "(requests wait in line: accept_dropped and large Recv-Q go with it), DNS look-ups or calls to "
        "other services with a time limit of some seconds. Swapping or a throttled container. If it is "
        "slow only at times: jobs, backups, cache expiry, load.",
    .confirm =
        "The application's own log of request times: if it agrees, the time is inside it; if it says "
        "fast, requests wait before it reads them: ss -tlni (Recv-Q of the listener), ss -tni (Recv-Q of "
        "connections). Capture at the server to leave the network out. perf, a profiler, the database's "
        "slow query log. `history --turns` shows the turns of one connection.",
    .remedy =
        "It is not TCP's to mend. Find what the application waits for; add workers if requests wait in "
        "line and the processors are idle. Where the network's share is the larger part, move the service "
        "nearer or save round trips.",
    .bad_advice =
        "Tuning TCP buffers, congestion control or TCP_NODELAY on a server that thinks for a second: none "
        "of it shortens the thinking.",
    .rfc = "RFC 9293 3.8 (data communication); response time is above TCP",
    .wireshark = "none (http.time and its like are by protocol)",
};

constexpr Example kExamples[] = {
    {"One answer in ten takes two seconds", R"(
times 27 every .2 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.02   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
times 3 every .2 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+2   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
finding slow_server severity note count 30 flows 30
)"},
    {"Sixteen times as slow as before", R"(
times 40 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.03   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
times 200 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.5   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
finding slow_server flows 240
)"},
    {"A service that greets late: a name look-up that runs into its time limit", R"(
times 20 every .2 {
handshake
+10   A < B  P. 1:88(87) ack 1
+.01  A > B  P. 1:200(199) ack 88
+.01  A < B  P. 88:99(11) ack 200
+.01  A > B  .  200:200(0) ack 99
}
finding slow_server count 40 flows 20
finding slow_response part_of slow_server
)"},
    {"Heartbeats of either end by a clock of its own", R"(
handshake
repeat 12 {
+1.9  A > B  P. 1:20(19) ack 1
+.01  A < B  .  1:1(0) ack 20
+.99  A < B  P. 1:20(19) ack 20
+.01  A > B  .  20:20(0) ack 20
+3    A > B  P. 20:39(19) ack 20
+.01  A < B  .  20:20(0) ack 39
+3.99 A < B  P. 20:39(19) ack 39
+.01  A > B  .  39:39(0) ack 39
+.09  A > B  P. 39:58(19) ack 39
+.01  A < B  .  39:39(0) ack 58
+5.9  A < B  P. 39:58(19) ack 58
+.01  A > B  .  58:58(0) ack 58
}
no finding
)",
     true},
    {"A client that asks every ten seconds, and waits one to seven for the answer", R"(
handshake
repeat 8 {
+1    A > B  P. 1:101(100) ack 1
+1    A < B  P. 1:201(200) ack 101
+9    A > B  P. 101:201(100) ack 201
+7    A < B  P. 201:401(200) ack 201
+3    A > B  P. 201:301(100) ack 401
+4    A < B  P. 401:601(200) ack 301
+5    A > B  .  301:301(0) ack 601
}
finding slow_server certainty likely count 24
)"},
    {"Nineteen turns tell too little", R"(
times 19 every .2 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+2   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
no finding
)",
     true},
    {"Half a second, but always", R"(
times 100 every .5 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.5   A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
no finding
)",
     true},
    {"The client is slow to ask", R"(
times 30 every .2 {
handshake
+3    A > B  P. 1:101(100) ack 1
+.02  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
}
no finding
)",
     true},
};

constexpr std::string_view kParts[] = {"slow_response"};

constexpr Threshold kP95{"min_p95_seconds", 1, "s", "95th percentile of the time to the first octet"};
constexpr Threshold kTurns{"min_turns", 20, "", "turns, of the whole or of each of the times compared"};
constexpr Threshold kTimes{"min_times", 5, "", "times the median at another time"};
constexpr Threshold kLeast{"min_median_seconds", 0.1, "s", "the slower of the two medians compared"};
constexpr Threshold kThresholds[]{kP95, kTurns, kTimes, kLeast};

using Known = BusyTable<EndpointAddress, Answers>::Known;

struct Slower {
  TimeNs fast_ns = 0, slow_ns = 0;  // medians
  TimeNs slow_at_ns = 0;            // begin of the slowest span
  std::uint64_t turns = 0;          // in it
};

std::optional<Slower> slower(const TimedSketch& times, std::uint64_t least_turns) {
  std::optional<Slower> found;
  times.each([&](TimeNs at_ns, const LogSketch& sketch) {
    if (sketch.count() < std::max<std::uint64_t>(least_turns, 1)) return;
    const TimeNs median = sketch.median();
    if (!found) found = Slower{median, median, at_ns, sketch.count()};
    found->fast_ns = std::min(found->fast_ns, median);
    if (median > found->slow_ns) {
      found->slow_ns = median;
      found->slow_at_ns = at_ns;
      found->turns = sketch.count();
    }
  });
  return found;
}

// Two peers that push messages to each other, not requests and answers.
bool looks_like_talk(const Answers& answers) {
  return answers.connections == 1 && answers.of_several_writes * 10 > answers.requests;
}

Finding begin(const Known& known) {
  const Answers& answers = *known.value;
  Finding f = make_host_finding(kDoc, known.key.ip, known.key.port, known.flows, known.sample());
  if (known.share < 1 || answers.connections == 1) f.certainty = Certainty::Likely;
  f.time_ns = answers.span.first_ns;
  f.end_ns = answers.span.last_ns;
  f.count = answers.waits.count();
  prove(f, "turns", answers.waits.count());
  prove(f, "median_ns", answers.waits.median());
  prove(f, "p95_ns", answers.waits.quantile(0.95));
  prove(f, "longest_ns", answers.waits.greatest());
  if (answers.network) prove(f, "network_ns", answers.network.median());
  return f;
}

std::string network_text(const Answers& answers) {
  if (!answers.network) return ".";
  return "; the network between it and the capture point takes " + duration_text(answers.network.median()) +
         " of that.";
}

void examine_hosts(const HostContext& context, Findings& out) {
  const auto seconds = [&](const Threshold& t) {
    return static_cast<TimeNs>(context.thresholds.of(kDoc.id, t) * static_cast<double>(kSecond));
  };
  const auto turns = static_cast<std::uint64_t>(std::max(1.0, context.thresholds.of(kDoc.id, kTurns)));
  const auto answers_often = [&](const Known& known) {
    return known.value->waits.count() >= turns && !looks_like_talk(*known.value);
  };
  for (const Known& known : context.book.exchanges().answers().known(answers_often)) {
    const Answers& answers = *known.value;
    const TimeNs p95 = answers.waits.quantile(0.95);
    if (p95 >= seconds(kP95)) {
      Finding f = begin(known);
      f.summary = endpoint_text(known.key) + " took " + duration_text(p95) +
                  " or more to begin one answer in twenty (median " + duration_text(answers.waits.median()) +
                  ", " + number_text(answers.waits.count()) + " turns)" + network_text(answers);
      if (answers.connections == 1)
        f.summary += " A service that sends when it has news, not in answer, looks the same.";
      out.push_back(std::move(f));
      continue;
    }
    const auto found = slower(answers.times, turns);
    if (!found || found->slow_ns < seconds(kLeast) ||
        static_cast<double>(found->slow_ns) <
            context.thresholds.of(kDoc.id, kTimes) * static_cast<double>(found->fast_ns))
      continue;
    Finding f = begin(known);
    f.time_ns = std::max(f.time_ns, found->slow_at_ns);
    f.end_ns = std::min(f.end_ns, found->slow_at_ns + answers.times.span_ns());
    f.count = found->turns;
    f.summary = endpoint_text(known.key) + " took " + duration_text(found->slow_ns) +
                " to begin an answer (median of " + number_text(found->turns) + " turns within " +
                duration_text(answers.times.span_ns()) + "), and " + duration_text(found->fast_ns) +
                " at another time" + network_text(answers);
    prove(f, "slowest_median_ns", found->slow_ns);
    prove(f, "fastest_median_ns", found->fast_ns);
    out.push_back(std::move(f));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector slow_server{.doc = kDoc,
                                  .examples = kExamples,
                                  .examine_hosts = &examine_hosts,
                                  .thresholds = kThresholds,
                                  .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
