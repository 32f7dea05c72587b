#include <fmt/format.h>

#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/flood_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "syn_flood",
    .title = "SYN flood",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when =
        "a listening port with at least 100 half-open attempts at once within 10 s and under 20 % "
        "completing, where attempts are distinct (4-tuple, ISN); those that repeat one ISN with back-off "
        "are victims, and if most are, it is service_unreachable. Told with rate, peak, sources and their "
        "spread, share answered, cookies in use or not, what legitimate clients suffered",
    .what =
        "A hundred or more connections to one port began within ten seconds and nobody completed them. "
        "Each SYN makes the server keep a half-open entry for as long as it repeats its SYN-ACK (63 s by "
        "Linux's defaults); when the backlog is full, SYNs of real clients are dropped. With SYN cookies "
        "the server keeps nothing and goes on to serve.",
    .how_known =
        "Attempts are counted by address, port and ISN. Clients that repeat one ISN with back-off are "
        "victims and not counted; if most do, the service is unreachable (service_unreachable). The peak "
        "counts attempts that were answered and not completed; `peak_kept` those whose SYN-ACK came again, "
        "which prove that the server kept an entry. It is never overstated: an entry is held to end as "
        "early as Linux would end it.\n\n"
        "Cookies: SYN-ACKs that are due again and never come (net.ipv4.tcp_synack_retries=0 looks the "
        "same); SYN-ACKs that offer neither window scale nor SACK to clients without timestamps; or TSval "
        "whose low six bits hold the client's options, which kernels from 4.10 on hide behind an offset. "
        "The cookie in the ISN is a keyed hash and cannot be read from outside.\n\n"
        "Who sends: counters (ISN, IP ID) that go on from one address to the next are one host's, and the "
        "addresses forged; one TTL, window and set of options from many networks is one program, and one "
        "TTL alone makes forged addresses likely, for real ones are at different distances.",
    .causes =
        "An attack with forged addresses (hping3, mausezahn, booters); a fast scanner of one port "
        "(masscan, zmap: one address); a load test that cannot receive; answers that are lost on the way "
        "back, so that real clients in numbers look the same; a load balancer's health checks are far too "
        "few for it.",
    .confirm =
        "On the server: ss -n state syn-recv 'sport = :PORT' | wc -l; nstat -az TcpExtSyncookiesSent "
        "TcpExtSyncookiesRecv TcpExtTCPReqQFullDoCookies TcpExtTCPReqQFullDrop TcpExtListenDrops; dmesg "
        "('possible SYN flooding on port'); sysctl net.ipv4.tcp_syncookies net.ipv4.tcp_max_syn_backlog "
        "net.core.somaxconn.",
    .remedy =
        "net.ipv4.tcp_syncookies=1 (the default; it must be compiled in) keeps the port open: while it "
        "lasts, clients without timestamps lose window scaling and SACK, the MSS is rounded down to one of "
        "a few, and a lost ACK of the handshake is not repaired by a repeated SYN-ACK. A longer backlog "
        "(listen(), net.core.somaxconn and net.ipv4.tcp_max_syn_backlog together) buys time at some 300 "
        "octets of kernel memory an entry; fewer net.ipv4.tcp_synack_retries (2 instead of 5) frees "
        "entries sooner and gives up on clients behind lossy links. A real flood is stopped upstream: a "
        "SYN proxy (nft synproxy), the provider's filter, BCP 38 at the source.",
    .bad_advice =
        "Blocking the source addresses: they are forged, the next ones are others, and a blocked one may "
        "be a customer's. tcp_syncookies=2 (always) takes options from every client for nothing. "
        "tcp_tw_reuse, tcp_tw_recycle and tcp_fin_timeout concern closed connections. A larger somaxconn "
        "alone changes nothing for an application that asks for a small backlog in listen().",
    .rfc = "RFC 4987; RFC 9293 3.10.7.2; RFC 6528",
};

constexpr Example kExamples[] = {
    {"Forged addresses, answered once: cookies", R"(
times 120 every .02 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460,sackOK,wscale 7>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
}
meanwhile
times 5 every .4 {
handshake <mss 1460,sackOK,TS,wscale 7>
}
end +5
finding syn_flood severity error certainty certain count 120 flows 120
)"},
    {"A backlog that fills: some answered and kept, the others dropped", R"(
times 50 every .01 from 11.0.0.0/8 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
}
times 100 every .01 from 11.0.0.0/8 {
+0    A > B  S   0:0(0)        <mss 1460>
}
end +10
finding syn_flood count 150
finding connect_timeout part_of syn_flood
)"},
    {"Many clients of a dead service repeat their SYNs: victims", R"(
times 150 every .01 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
+1    A > B  S   0:0(0)        <mss 1460>
+2    A > B  S   0:0(0)        <mss 1460>
}
end +10
no finding
)",
     true},
    {"A burst of clients that do complete", R"(
times 200 every .01 from 10.64.0.0/10 {
handshake
}
no finding
)",
     true},
    {"Ninety are short of a flood", R"(
times 90 every .02 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
}
end +10
no finding
)",
     true},
    {"A hundred and twenty in two minutes are no flood", R"(
times 120 every 1 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460>
}
end +10
no finding
)",
     true},
};

constexpr std::string_view kParts[] = {"connect_timeout",       "syn_unanswered", "half_open_abandoned",
                                       "handshake_ack_missing", "syn_ack_lost",   "connect_aborted",
                                       "handshake_ack_lost",    "accept_dropped"};

std::string_view word(Senders senders) {
  switch (senders) {
    case Senders::Unknown: return "unknown";
    case Senders::OneAddress: return "one_address";
    case Senders::OneHost: return "one_host_forging";
    case Senders::OneProgram: return "one_program";
    case Senders::Many: return "many_hosts";
  }
  return "";
}

std::string_view text(Senders senders) {
  switch (senders) {
    case Senders::OneHost: return ": forged by one host, whose counters go on from one address to the next";
    case Senders::OneProgram: return ": alike in TTL, window and options, so likely forged by one program";
    case Senders::Many: return ", as different as hosts are";
    default: return "";
  }
}

std::string tell_senders(Finding& finding, const SynSources& sources, const SynSources::Spread& spread) {
  const SynSources::Common common = sources.common(spread);
  prove(finding, "senders", word(common.senders));
  prove(finding, "syns_alike_share", common.alike_share);
  prove(finding, "ttl", common.look.ttl);
  if (common.isn_step) prove(finding, "isn_step", *common.isn_step);
  if (common.ip_id_step) prove(finding, "ip_id_step", *common.ip_id_step);
  return std::string(text(common.senders));
}

// Most attempts that began within one second.
double busiest_second(const StepList& steps, const Episode& episode) {
  double most = 0;
  std::size_t first = episode.first;
  std::uint64_t count = 0;
  for (std::size_t last = episode.first; last <= episode.last; ++last) {
    count += steps[last].total();
    while (first < last && steps[first].from_ns <= steps[last].from_ns - kSecond)
      count -= steps[first++].total();
    most = std::max(most, static_cast<double>(count));
  }
  return most;
}

// Entries in the server's memory, and attempts that wait as the clients see it: cookies make the difference.
std::string tell_peak(Finding& finding, const ServiceTotals& totals, const Tally& half_open,
                      const Episode& episode) {
  const std::int64_t waiting = peak_between(totals.half_open, episode);
  const std::int64_t kept = peak_between(totals.kept, episode);
  const Cookies cookies = cookies_of(totals.cookies, half_open);
  const bool sure = cookies.use >= Cookies::Use::Likely;
  prove(finding, "peak_half_open", sure ? kept : waiting);
  prove(finding, "peak_kept", kept);
  prove(finding, "peak_uncompleted", waiting);
  prove(finding, "syn_acks_repeated", half_open.ack_repeated);
  prove(finding, "syn_acks_never_repeated", half_open.ack_due);
  prove(finding, "cookies", name(cookies.use));
  if (cookies.use != Cookies::Use::None) prove(finding, "cookies_sign", cookies.sign);
  if (sure)
    return fmt::format("at most {} of them half-open on the server at once, for it used SYN cookies ({})",
                       kept, cookies.sign);
  std::string told = fmt::format("at most {} half-open at once", waiting);
  if (cookies.use == Cookies::Use::Possible) return told + fmt::format(" ({})", cookies.sign);
  if (const auto limit = backlog_limit(kept)) {
    prove(finding, "fits_max_syn_backlog", *limit);
    told += fmt::format(", where tcp_max_syn_backlog={} would stop", *limit);
  }
  return told;
}

std::string tell_server(Finding& finding, const ServiceTotals& totals, const Sums& sums,
                        const Episode& episode) {
  const std::uint64_t answered = sums.attempts() - sums.of(Outcome::Unanswered).count;
  const double share = static_cast<double>(answered) / static_cast<double>(sums.attempts());
  prove(finding, "answered", answered);
  prove(finding, "answered_share", share);
  prove(finding, "reset_by_client", sums.of(Outcome::Aborted).count);
  if (answered == 0) return "none of them answered";
  return fmt::format("{:.0f} % answered, {}", 100 * share,
                     tell_peak(finding, totals, sums.of(Outcome::HalfOpen), episode));
}

std::string tell_victims(Finding& finding, const Sums& sums) {
  const Tally victims = sums.of_all(comes_to_nothing);
  prove(finding, "gave_up_after_resending_syn", victims.syn_resent);
  std::string told = tell_served(finding, sums);
  if (victims.syn_resent > 0)
    told += fmt::format(", {} that retransmitted their SYN did not", count_text(victims.syn_resent, "other"));
  return told;
}

void tell(const EndpointAddress& service, const ServiceTotals& totals, const StepList& steps,
          const Episode& episode, Findings& out) {
  const Sums sums = sum_up(steps, episode);
  Finding finding = make_host_finding(kDoc, service.ip, service.port, 0, {});
  cite(finding, steps, episode, comes_to_nothing);
  const TimeNs lasted = episode.until_ns - episode.from_ns;
  const auto spread = totals.sources.spread(episode.from_ns, episode.until_ns);
  const double rate = busiest_second(steps, episode);
  const bool answered = sums.of(Outcome::Unanswered).count < sums.attempts();
  finding.certainty = answered ? Certainty::Certain : Certainty::Likely;
  const std::string from = tell_sources(finding, spread) + tell_senders(finding, totals.sources, spread);
  const std::string server = tell_server(finding, totals, sums, episode);
  finding.summary = fmt::format(
      "{} SYNs to {} within {} (up to {:.0f} a second) that nobody completed, {}; {}; {}.", finding.flows,
      endpoint_text(service), duration_text(lasted), rate, from, server, tell_victims(finding, sums));
  prove(finding, "duration_ns", lasted);
  prove(finding, "peak_rate_per_s", rate);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const double least = context.thresholds.of(kDoc.id, kFloodThresholds[0]);
  const auto many = [&](const ServiceAttempts& tried) {
    return static_cast<double>(tried.attempts()) >= least;
  };
  context.book.attempts().each_service(
      many, [&](const EndpointAddress& address, const ServiceAttempts& service) {
        const ServiceTotals totals = service.totals();
        const StepList steps = totals.tallies.steps();
        for (const Episode& episode : flood_episodes(steps, context.thresholds))
          tell(address, totals, steps, episode, out);
      });
}

}  // namespace

namespace detectors_in_files {
extern const Detector syn_flood{.doc = kDoc,
                                .examples = kExamples,
                                .examine_hosts = &examine_hosts,
                                .thresholds = kFloodThresholds,
                                .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
