#include <fmt/format.h>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/flood_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "accept_queue_overflow",
    .title = "Accept queue overflow",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when =
        "three or more accept_dropped on a listening port within 60 s; also SYNs unanswered there "
        "meanwhile, since Linux drops the SYN itself when the queue is full",
    .what =
        "The kernel completes handshakes and queues the connections until the application calls accept(). "
        "The application did not keep up, and the queue was full: Linux then ignores the ACK that "
        "completes a handshake, repeats its SYN-ACK, and drops new SYNs. Clients believe in connections "
        "that the server does not have: their requests are retransmitted over and over, and many are "
        "answered by RST once "
        "the half-open entry has run out.",
    .how_known =
        "Three or more connections to one address and port within a minute had their completing ACK or "
        "data ignored, or was answered by RST at once, while others opened (accept_dropped, which tells of "
        "each). "
        "SYNs left without an answer meanwhile are counted with them: Linux drops the SYN itself while the "
        "queue is full. If part of these are a flood, they are told by syn_flood instead.\n\n"
        "Loss of every ACK of several clients in a row would look the same, hence `likely`. How long the "
        "queue is cannot be seen; the Recv-Q of the listening socket tells.",
    .causes =
        "The application accepts too slowly: all workers busy, a blocked event loop, a stopped process, "
        "long garbage collection, a lock or a slow name lookup in the accepting thread. A backlog in "
        "listen() that is small for the bursts that come (many servers ask for 128 or less, some for 5), "
        "or that net.core.somaxconn cuts. A burst after a restart or failover.",
    .confirm =
        "On the server: ss -ltn 'sport = :PORT' (Recv-Q is the queue's length, Send-Q its limit); nstat "
        "-az TcpExtListenOverflows TcpExtListenDrops, growing; sysctl net.core.somaxconn "
        "net.ipv4.tcp_abort_on_overflow; strace -f -e trace=accept,accept4 -p PID or perf trace shows "
        "whether it accepts.",
    .remedy =
        "Let the application accept faster: accept in a thread of its own, more workers, several listeners "
        "with SO_REUSEPORT (each has its own queue, and connections queued on one that stops are lost). "
        "Then raise the backlog in listen() and net.core.somaxconn together, and restart the service: the "
        "limit is taken at listen(). Memory is spent on each queued connection, and a long queue before a "
        "slow application only turns errors into waiting.",
    .bad_advice =
        "net.ipv4.tcp_max_syn_backlog and tcp_syncookies are about the other queue, that of half-open "
        "connections. net.core.somaxconn alone changes nothing if the application asks for less, nor "
        "before it listens anew. net.ipv4.tcp_abort_on_overflow=1 makes errors of bursts that a repeated "
        "ACK would have survived. net.core.netdev_max_backlog is about packets, not connections.",
    .rfc = "RFC 9293 3.9.1.1, 3.10.7.4 (SYN-RECEIVED, fifth: ACK)",
    .wireshark = "TCP Retransmission (on SYN, ACK and on data)",
};

constexpr Example kExamples[] = {
    {"Four handshakes completed and ignored while others are served", R"(
services 5
times 10 every .5 {
handshake
+.01   A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
}
meanwhile
times 4 every 1 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1      !lost
+.30   A > B  P.  1:101(100) ack 1  !lost
+.70   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   101:101(0) ack 1  !lost
+.30   A > B  P.  1:101(100) ack 1  !lost
+1.7   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   101:101(0) ack 1  !lost
+5.3   A > B  P.  1:101(100) ack 1
+.01   A < B  R   1:1(0)
}
finding accept_queue_overflow severity error certainty likely count 4 flows 4
finding accept_dropped part_of accept_queue_overflow
finding half_open_abandoned part_of accept_queue_overflow
)"},
    {"Reset at once (tcp_abort_on_overflow), and SYNs dropped", R"(
services 5
times 6 every .5 {
handshake
+.01   A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
}
meanwhile
times 3 every 1 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
+.01   A < B  R   1:1(0)
}
meanwhile
times 2 every 1 {
+.1    A > B  S   0:0(0)        <mss 1460>
+1     A > B  S   0:0(0)        <mss 1460>
+2     A > B  S   0:0(0)        <mss 1460>
}
end +20
finding accept_queue_overflow count 5 flows 5
)"},
    {"Two within a minute are too few", R"(
services 5
times 10 every .5 {
handshake
+.01   A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
}
meanwhile
times 2 every 1 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
+.01   A < B  R   1:1(0)
}
no finding
)",
     true},
    {"Nobody completes a handshake: a flood or a dead network, no queue", R"(
times 10 every 1 from 10.1.0.0/16 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
}
end +10
no finding
)",
     true},
    {"Nobody else opens: the way to the server is cut", R"(
times 4 every 1 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+1     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
+2     A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1  !lost
}
no finding
)",
     true},
    {"One in two minutes", R"(
services 5
times 10 every 30 {
handshake
+.01   A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
}
meanwhile
times 3 every 100 {
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.01   A > B  .   1:1(0) ack 1
+.01   A < B  R   1:1(0)
}
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_dropped", 3, "", "completed handshakes within the window that the listener dropped"},
    {"window", 60, "s", "time within which they began"},
};

constexpr std::string_view kParts[] = {"accept_dropped", "half_open_abandoned", "handshake_ack_lost",
                                       "connect_timeout", "syn_unanswered"};

bool dropped(Outcome outcome) { return outcome == Outcome::Dropped; }
bool dropped_or_silent(Outcome outcome) {
  return outcome == Outcome::Dropped || outcome == Outcome::Unanswered;
}

std::string tell_drops(Finding& finding, const Sums& sums, bool with_silent) {
  const Tally& drops = sums.of(Outcome::Dropped);
  prove(finding, "dropped", drops.count);
  prove(finding, "reset_at_once", drops.count - drops.ack_repeated);
  std::string told = count_text(drops.count, "completed handshake");
  if (!with_silent) return told;
  const Tally& silent = sums.of(Outcome::Unanswered);
  prove(finding, "syns_unanswered", silent.count);
  if (silent.count > 0) told += " and " + count_text(silent.count, "SYN");
  return told;
}

// While others opened, by proof: a handshake whose SYN-ACK came again had perhaps been ignored too. A path
// that loses all that clients send leaves none.
bool others_opened(const Sums& sums) {
  const Tally& opened = sums.of(Outcome::Completed);
  return opened.count > opened.ack_repeated;
}

void tell(const EndpointAddress& service, const SynSources& sources, const StepList& steps,
          const Episode& episode, const Accepts& accepts, Findings& out) {
  const Sums around = sum_up_around(steps, episode, kEpisodeGap);
  if (!others_opened(around)) return;
  const Sums sums = sum_up(steps, episode);
  Finding finding = make_host_finding(kDoc, service.ip, service.port, 0, {});
  finding.certainty = Certainty::Likely;
  cite(finding, steps, episode, accepts);
  const TimeNs lasted = episode.until_ns - episode.from_ns;
  const std::string drops = tell_drops(finding, sums, accepts(Outcome::Unanswered));
  const std::string from = tell_sources(finding, sources.spread(episode.from_ns, episode.until_ns));
  const std::string served = tell_served(finding, around, "less than a minute before or after");
  finding.summary = fmt::format(
      "{} dropped {} within {}, {}: the accept queue was full, for the application did not "
      "accept fast enough; {}.",
      endpoint_text(service), drops, duration_text(lasted), from, served);
  prove(finding, "duration_ns", lasted);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const double least = context.thresholds.of(kDoc.id, kThresholds[0]);
  const auto window = static_cast<TimeNs>(context.thresholds.of(kDoc.id, kThresholds[1]) * kSecond);
  const auto enough = [least](const Counts& counts, double share) {
    return share * static_cast<double>(counts.of(Outcome::Dropped)) >= least;
  };
  const auto many = [&](const ServiceAttempts& tried) {
    return static_cast<double>(tried.attempts()) >= least;
  };
  context.book.attempts().each_service(
      many, [&](const EndpointAddress& address, const ServiceAttempts& service) {
        const ServiceTotals totals = service.totals();
        const StepList steps = totals.tallies.steps();
        const auto floods = flood_episodes(steps, context.thresholds);
        for (const Episode& wide : dense_episodes(steps, window, dropped_or_silent, enough)) {
          if (!flooded(floods, wide)) {
            tell(address, totals.sources, steps, wide, dropped_or_silent, out);
            continue;
          }
          // Which of the unanswered SYNs are the flood's cannot be told.
          for (const Episode& narrow : dense_episodes(steps, window, dropped, enough))
            if (narrow.from_ns >= wide.from_ns && narrow.until_ns <= wide.until_ns)
              tell(address, totals.sources, steps, narrow, dropped, out);
        }
      });
}

}  // namespace

namespace detectors_in_files {
extern const Detector accept_queue_overflow{.doc = kDoc,
                                            .examples = kExamples,
                                            .examine_hosts = &examine_hosts,
                                            .thresholds = kThresholds,
                                            .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
