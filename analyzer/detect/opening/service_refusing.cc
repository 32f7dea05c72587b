#include <fmt/format.h>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/host_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "service_refusing",
    .title = "Service refuses every connection",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when = "ten or more attempts to one host and port, all refused",
    .what =
        "Ten or more connections in a row to one address and port were refused: the host, or a firewall that "
        "speaks for it, answers, but nothing accepts there. Clients fail at once instead of waiting.",
    .how_known =
        "Each SYN was answered by RST, or an ICMP error that quotes it, and none a SYN-ACK; a single "
        "connection that "
        "opens ends the run. A RST from the host and one from a firewall look the same but for their TTL, "
        "which the flow's finding tells.",
    .causes =
        "The process is not running, still starts, or crashed; it listens on another address (127.0.0.1 "
        "instead of 0.0.0.0, IPv4 instead of IPv6) or port; a container's port is not published; a firewall "
        "rejects; a load balancer without healthy members; clients with an old address of the service.",
    .confirm =
        "On the server: ss -ltnp 'sport = :PORT' (nothing, or a wrong local address); journalctl -u UNIT; "
        "nft list ruleset | grep -i reject; nstat -az TcpOutRsts, growing. From the server itself: "
        "nc -vz ADDRESS PORT.",
    .remedy =
        "Start the service, or correct the address it listens on. Clients should wait longer from one try to "
        "the next: refusals come back in a round trip, and clients that try again at once make load of them "
        "and use up local ports.",
    .bad_advice =
        "No kernel parameter opens a port: somaxconn, tcp_max_syn_backlog and tcp_syncookies only matter to "
        "ports that are listened on. Making a firewall drop instead of reject turns a quick error into a "
        "wait of two minutes.",
    .rfc = "RFC 9293 3.5.2, 3.10.7.1; RFC 1122 4.2.3.9",
};

constexpr Example kExamples[] = {
    {"The process is gone: twelve clients refused", R"(
times 12 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
finding service_refusing severity error certainty certain count 12 flows 12
)"},
    {"Rejected by a firewall", R"(
times 10 every .5 from 10.1.0.0/16 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  icmp to A type 3 code 10 quotes 0 from 10.0.0.254
}
finding service_refusing flows 10
)"},
    {"Nine are too few", R"(
times 9 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
    {"One that opens among them shows that the service runs", R"(
times 7 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
times 1 every 1 {
handshake
}
times 7 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_attempts", 10, "", "connections in a row to one address and port that are all refused"},
};

constexpr std::string_view kParts[] = {"connection_refused", "syn_unanswered"};

bool refuses(Outcome outcome) { return outcome == Outcome::Refused || outcome == Outcome::Filtered; }

void tell(const EndpointAddress& service, const ServiceTotals& totals, const StepList& steps,
          const Episode& episode, Findings& out) {
  const Sums sums = sum_up(steps, episode);
  const Tally &resets = sums.of(Outcome::Refused), &errors = sums.of(Outcome::Filtered);
  Finding finding = make_host_finding(kDoc, service.ip, service.port, 0, {});
  cite(finding, steps, episode, refuses);
  const std::string by = errors.count == 0 ? "by RST"
                         : resets.count == 0
                             ? "by ICMP errors"
                             : fmt::format("{} by RST, {} by ICMP errors", resets.count, errors.count);
  const std::string from = tell_sources(finding, totals.sources.spread(episode.from_ns, episode.until_ns));
  const std::string served = tell_served(finding, sums);
  finding.summary =
      fmt::format("{} refused {} connections within {} ({}), {}; {}.", endpoint_text(service), finding.flows,
                  duration_text(episode.until_ns - episode.from_ns), by, from, served);
  prove(finding, "refused", resets.count);
  prove(finding, "icmp_errors", errors.count);
  prove(finding, "duration_ns", episode.until_ns - episode.from_ns);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const auto least = static_cast<std::uint64_t>(context.thresholds.of(kDoc.id, kThresholds[0]));
  const auto many = [&](const ServiceAttempts& tried) { return tried.attempts() >= least; };
  context.book.attempts().each_service(many,
                                       [&](const EndpointAddress& address, const ServiceAttempts& service) {
                                         const ServiceTotals totals = service.totals();
                                         const StepList steps = totals.tallies.steps();
                                         for (const Episode& episode : runs_of(steps, least, refuses))
                                           tell(address, totals, steps, episode, out);
                                       });
}

}  // namespace

namespace detectors_in_files {
extern const Detector service_refusing{.doc = kDoc,
                                       .examples = kExamples,
                                       .examine_hosts = &examine_hosts,
                                       .thresholds = kThresholds,
                                       .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
