#include <fmt/format.h>

#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/flood_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "syn_backlog_full",
    .title = "SYN backlog full",
    .scope = Scope::Host,
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "SYNs to a port unanswered while half-open entries there are at a flat peak and no cookies are "
        "used, short of a flood",
    .what =
        "The server keeps an entry for each SYN that it answered until the handshake completes or is given "
        "up. Their number stood at a flat peak, and SYNs that came meanwhile were left without an answer: "
        "there was no place for them, and no SYN cookies stepped in. Clients wait a second or more for "
        "each try, until an entry ends.",
    .how_known =
        "Half-open connections are counted over time from the SYN-ACKs and their repeats. The finding is "
        "said when SYNs were ignored while that number was within a tenth of its peak, and none, or hardly "
        "any, was answered at the peak itself; the service must have been heard afterwards, so that it was "
        "not dead. A hundred attempts within ten seconds are told as syn_flood, and connections that were "
        "completed and dropped as accept_queue_overflow, since Linux drops SYNs for that too.\n\n"
        "Linux without cookies stops new clients at three quarters of net.ipv4.tcp_max_syn_backlog and one "
        "more (193 for 256), for the last quarter is kept for peers that it knows; and at one more than "
        "the listen() backlog. A peak that fits the first is told.",
    .causes =
        "Clients whose ACKs do not arrive: a filter or a route that loses one direction, addresses forged "
        "or gone. A slow SYN flood. Long round trips with a small backlog. tcp_syncookies=0, or a system "
        "without cookies, and a small listen() backlog.",
    .confirm =
        "On the server: ss -n state syn-recv 'sport = :PORT' | wc -l, flat; nstat -az "
        "TcpExtTCPReqQFullDrop TcpExtListenDrops TcpExtSyncookiesSent; sysctl net.ipv4.tcp_syncookies "
        "net.ipv4.tcp_max_syn_backlog net.core.somaxconn; ss -ltn 'sport = :PORT' (Send-Q is the listen() "
        "backlog).",
    .remedy =
        "Find why the handshakes do not complete: who holds the entries is in the evidence. "
        "net.ipv4.tcp_syncookies=1 answers in spite of a full backlog; clients without timestamps then "
        "lose window scaling and SACK while it lasts. Raise listen()'s backlog, net.core.somaxconn and "
        "net.ipv4.tcp_max_syn_backlog together, at some 300 octets an entry, and listen anew. "
        "net.ipv4.tcp_synack_retries=2 frees an entry after 7 s instead of 63, and gives up on clients "
        "behind lossy links.",
    .bad_advice =
        "More accept() threads do not help: nothing here waits for the application. "
        "net.core.netdev_max_backlog is the queue of packets of a processor. tcp_abort_on_overflow only "
        "concerns completed handshakes.",
    .rfc = "RFC 4987 3; RFC 9293 3.10.7.2",
    .wireshark = "TCP Retransmission (of SYNs)",
};

constexpr Example kExamples[] = {
    {"Twelve entries held by clients that never answer; six clients wait in vain", R"(
times 12 every .1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+4    A < B  S.  0:0(0) ack 1  <mss 1460>
+8    A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 6 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
}
end +10
finding syn_backlog_full severity warning certainty likely count 6 flows 6
finding connect_timeout part_of syn_backlog_full
)"},
    {"They get in when entries end", R"(
times 16 every .1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 6 every .5 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
+8    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
}
finding syn_backlog_full count 6
)"},
    {"As many wait, but the service answers others meanwhile: lost SYNs", R"(
times 12 every .1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+4    A < B  S.  0:0(0) ack 1  <mss 1460>
+8    A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 6 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
}
meanwhile
times 6 every 1 from 10.1.0.0/16 {
+.5   A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
}
end +10
no finding
)",
     true},
    {"A service that fell silent is not full", R"(
times 12 every .1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 12 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
}
end +10
no finding
)",
     true},
    {"Three half-open are no peak", R"(
times 3 every .1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+4    A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 6 every .5 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
}
end +10
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_half_open", 8, "", "half-open connections at the peak"},
    {"min_ignored", 5, "", "SYNs ignored while it lasted"},
};

constexpr std::string_view kParts[] = {"connect_timeout", "syn_unanswered", "half_open_abandoned",
                                       "handshake_ack_missing"};

// Of the ignored SYNs so many must have met the peak, and of the SYNs that met it so few an answer.
constexpr double kMostAtPeak = .9, kFewAnswered = .1;
constexpr double kFlat = .9;  // this share of the peak counts as the peak

// Half-open connections by time.
class Level {
 public:
  explicit Level(const Population& population) : moments_(population.moments()) {}
  std::int64_t before(TimeNs at_ns) const {
    const auto after = std::lower_bound(moments_.begin(), moments_.end(), at_ns,
                                        [](const auto& moment, TimeNs t) { return moment.at_ns < t; });
    if (after == moments_.begin()) return 0;
    return std::prev(after)->counts[static_cast<std::size_t>(TcpState::SynReceived)];
  }

 private:
  std::vector<Population::Moment> moments_;
};

struct Plateau {
  std::vector<const Tally*> ignoring;  // with SYNs that were ignored
  std::uint64_t ignored = 0, ignored_at_peak = 0, answered_at_peak = 0;
  bool heard = false;  // the service still answered when it had begun to ignore
};

Plateau plateau_of(const StepList& steps, const Episode& episode, const Level& level, std::int64_t peak) {
  Plateau found;
  const auto flat = static_cast<std::int64_t>(kFlat * static_cast<double>(peak));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const Tally& tally : steps[i].by_outcome) {
      const bool silent = &tally == &steps[i].of(Outcome::Unanswered);
      if (!silent && tally.count > 0 && tally.over_ns > episode.from_ns) found.heard = true;
      if (tally.count == 0 || i < episode.first || i > episode.last) continue;
      const std::int64_t here = level.before(tally.first_ns);
      if (tally.syn_ignored > 0) found.ignoring.push_back(&tally);
      found.ignored += tally.syn_ignored;
      if (here >= flat) found.ignored_at_peak += tally.syn_ignored;
      if (here >= peak) found.answered_at_peak += tally.count - tally.syn_ignored;
    }
  }
  return found;
}

// Times in which SYNs were ignored, kEpisodeGap apart.
std::vector<Episode> times_ignored(const StepList& steps) {
  std::vector<Episode> found;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Tally here;
    for (const Tally& tally : steps[i].by_outcome)
      if (tally.syn_ignored > 0) here.merge(tally);
    if (here.count == 0) continue;
    if (found.empty() || here.first_ns - found.back().until_ns >= kEpisodeGap)
      found.push_back({i, i, here.first_ns, here.last_ns});
    found.back().last = i;
    found.back().until_ns = std::max(found.back().until_ns, here.last_ns);
  }
  return found;
}

// Other findings tell of it, or what is short of a backlog cannot be told from cookies.
bool told_otherwise(const ServiceTotals& totals, const StepList& steps, const Episode& episode,
                    const Thresholds& thresholds) {
  const Sums sums = sum_up_around(steps, episode, kEpisodeGap);
  return sums.of(Outcome::Dropped).count > 0 || flooded(flood_episodes(steps, thresholds), episode) ||
         cookies_of(totals.cookies, sums.of(Outcome::HalfOpen)).use >= Cookies::Use::Likely;
}

void tell(const EndpointAddress& service, const ServiceTotals& totals, const StepList& steps,
          const Episode& episode, const Plateau& plateau, std::int64_t peak, Findings& out) {
  Finding finding = make_host_finding(kDoc, service.ip, service.port, 0, {});
  finding.certainty = Certainty::Likely;
  finding.flows = plateau.ignored;
  cite(finding, plateau.ignoring, episode);
  const TimeNs lasted = episode.until_ns - episode.from_ns;
  prove(finding, "peak_half_open", peak);
  prove(finding, "syns_ignored", plateau.ignored);
  prove(finding, "ignored_at_peak", plateau.ignored_at_peak);
  prove(finding, "answered_at_peak", plateau.answered_at_peak);
  prove(finding, "duration_ns", lasted);
  std::string fits;
  if (const auto limit = backlog_limit(peak)) {
    prove(finding, "fits_max_syn_backlog", *limit);
    fits = fmt::format(" (where tcp_max_syn_backlog={} would stop)", *limit);
  }
  const std::string holders = tell_sources(finding, totals.sources.spread(episode.from_ns, episode.until_ns));
  const std::string served = tell_served(finding, sum_up(steps, episode));
  finding.summary = fmt::format(
      "{} ignored {} within {} while {} half-open connections were as many as there ever were{}, the "
      "attempts "
      "that came to nothing {}; {}.",
      endpoint_text(service), count_text(plateau.ignored, "SYN"), duration_text(lasted), peak, fits, holders,
      served);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const double least_half_open = context.thresholds.of(kDoc.id, kThresholds[0]);
  const double least_ignored = context.thresholds.of(kDoc.id, kThresholds[1]);
  const auto many = [&](const ServiceAttempts& tried) {
    return static_cast<double>(tried.attempts()) >= least_half_open + least_ignored;
  };
  context.book.attempts().each_service(
      many, [&](const EndpointAddress& address, const ServiceAttempts& service) {
        const ServiceTotals totals = service.totals();
        const StepList steps = totals.tallies.steps();
        const Level level(totals.half_open);
        for (const Episode& episode : times_ignored(steps)) {
          const std::int64_t peak = peak_between(totals.half_open, episode);
          if (static_cast<double>(peak) < least_half_open) continue;
          const Plateau plateau = plateau_of(steps, episode, level, peak);
          const auto ignored = static_cast<double>(plateau.ignored);
          if (ignored < least_ignored || !plateau.heard ||
              static_cast<double>(plateau.ignored_at_peak) < kMostAtPeak * ignored ||
              static_cast<double>(plateau.answered_at_peak) > kFewAnswered * ignored ||
              told_otherwise(totals, steps, episode, context.thresholds))
            continue;
          tell(address, totals, steps, episode, plateau, peak, out);
        }
      });
}

}  // namespace

namespace detectors_in_files {
extern const Detector syn_backlog_full{.doc = kDoc,
                                       .examples = kExamples,
                                       .examine_hosts = &examine_hosts,
                                       .thresholds = kThresholds,
                                       .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
