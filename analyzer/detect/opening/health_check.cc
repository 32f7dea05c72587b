#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "health_check",
    .title = "Load balancer health check",
    .scope = Scope::Host,
    .severity = Severity::Info,
    .phase = "Opening",
    .said_when =
        "one source opens and drops connections to a service at a steady interval without data (SYN, "
        "SYN-ACK, RST; or handshake and close), 5 or more: a load balancer's probe. Those flows' findings "
        "become `part_of` it and the service is in no trouble for them",
    .what =
        "One address opens a connection to a service every few seconds, as regularly as a clock, sends "
        "nothing, and lets it go at once, mostly by RST. That is how load balancers, orchestrators and "
        "monitors ask whether a port is open. Nothing is wrong with the service; what is told of those "
        "connections (connect_aborted, rst_abort) is part of this.",
    .how_known =
        "Five or more connections of one source to one address and port that carried no octet in either "
        "direction and that the source ended, whose beginnings lie evenly apart: four of five steps within a "
        "quarter of the usual one. What the source does is certain, why is `likely`: a program that cannot "
        "wait for an answer and tries again by a timer looks alike.",
    .causes =
        "A TCP check of a load balancer (HAProxy, keepalived, F5, cloud load balancers), a Kubernetes "
        "tcpSocket probe, a monitor such as Nagios check_tcp, service discovery.",
    .confirm =
        "Whose address is it? Its configuration names the interval. On the server: nstat -az "
        "TcpExtTCPAbortOnClose TcpExtEmbryonicRsts grow by as much; the service's log may have as many empty "
        "connections.",
    .remedy =
        "None is needed. If the service logs an error for each, let the check speak the protocol (an HTTP or "
        "TLS check), which costs the service a request each time, or close by FIN. Leave these connections "
        "out when you look for trouble: --filter on the other addresses.",
    .bad_advice =
        "Firewalling the RSTs, or the checker, takes the service out of rotation. They are no attack and no "
        "scan.",
    .rfc = "RFC 9293 3.5.3, 3.10.5 (ABORT)",
    .wireshark = "Connection reset (RST)",
};

constexpr Example kExamples[] = {
    {"Handshake, then RST, each two seconds", R"(
times 6 every 2 {
handshake
+.0001 A > B  R. 1:1(0) ack 1
}
finding health_check severity info certainty likely count 6 flows 6
finding rst_abort part_of health_check
)"},
    {"The SYN-ACK is answered by RST", R"(
times 8 every 5 {
+0     A > B  S   0:0(0)        <mss 1460>
+.0002 A < B  S.  0:0(0) ack 1  <mss 1460>
+.0003 A > B  R   1:1(0)
}
finding health_check severity info count 8
finding connect_aborted part_of health_check
)"},
    {"Closed by FIN, while others are served", R"(
times 6 every 3 {
handshake
+.0001 A > B  F. 1:1(0) ack 1
+.0002 A < B  F. 1:1(0) ack 2
+.0003 A > B  .  2:2(0) ack 2
}
meanwhile
times 10 every 1 from 10.1.0.0/16 {
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:201(200) ack 101
+.01   A > B  F. 101:101(0) ack 201
+.01   A < B  F. 201:201(0) ack 102
+.01   A > B  .  102:102(0) ack 202
}
finding health_check count 6 flows 6
)"},
    {"Each has a request and an answer before the RST", R"(
times 6 every 2 {
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:201(200) ack 101
+.01   A > B  R. 101:101(0) ack 201
}
no finding
)",
     true},
    {"From many sources, one each", R"(
times 12 every 2 from 10.1.0.0/16 {
handshake
+.0001 A > B  R. 1:1(0) ack 1
}
no finding
)",
     true},
    {"Four are too few", R"(
times 4 every 2 {
handshake
+.0001 A > B  R. 1:1(0) ack 1
}
no finding
)",
     true},
    {"A burst of ten at once", R"(
times 10 every .01 {
handshake
+.0001 A > B  R. 1:1(0) ack 1
}
no finding
)",
     true},
    {"The server resets them", R"(
times 6 every 2 {
handshake
+.0001 A < B  R. 1:1(0) ack 1
}
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_checks", 5, "", "connections of one source to one service without data, evenly apart"},
    {"min_interval", .2, "s", "the least usual time from one to the next"},
};

constexpr std::string_view kParts[] = {"connect_aborted", "rst_abort"};

// The usual step; 0 where fewer than four of five are near it.
TimeNs steady_step(const std::vector<Check>& checks) {
  std::vector<TimeNs> steps;
  for (std::size_t i = 1; i < checks.size(); ++i)
    steps.push_back(checks[i].begun_ns - checks[i - 1].begun_ns);
  if (steps.empty()) return 0;
  std::sort(steps.begin(), steps.end());
  const TimeNs usual = steps[steps.size() / 2];
  const auto near = std::count_if(steps.begin(), steps.end(), [&](TimeNs step) {
    return step >= usual - usual / 4 && step <= usual + usual / 4;
  });
  return 5 * near >= 4 * static_cast<std::ptrdiff_t>(steps.size()) ? usual : 0;
}

void tell(const VisitKey& visit, const CheckTimes& times, TimeNs step, Findings& out) {
  constexpr std::size_t kSamples = 20;
  std::vector<std::uint64_t> samples;
  for (const Check& check : times.first)
    if (samples.size() < kSamples) samples.push_back(check.flow);
  std::sort(samples.begin(), samples.end());
  Finding finding = make_host_finding(kDoc, visit.client, visit.server.port, times.count, std::move(samples));
  finding.certainty = Certainty::Likely;
  for (std::size_t i = 0; i < std::min(kSamples, times.first.size()); ++i) cite(finding, times.first[i].syn);
  finding.frames_left_out = times.count - std::min<std::uint64_t>(times.count, finding.frames.size());
  finding.time_ns = times.first.front().begun_ns;
  finding.end_ns = times.last_ns;
  finding.count = times.count;
  finding.summary = to_string(visit.client) + " opened " + count_text(times.count, "connection") + " to " +
                    endpoint_text(visit.server) + ", one each " + duration_text(step) +
                    ", and let them go without data" + (times.resets > 0 ? " (by RST)" : "") +
                    ": the health check of a load balancer or monitor, not trouble of the service.";
  prove(finding, "server", endpoint_text(visit.server));
  prove(finding, "interval_ns", step);
  prove(finding, "by_reset", times.resets);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const auto least = static_cast<std::uint64_t>(context.thresholds.of(kDoc.id, kThresholds[0]));
  const auto least_step = static_cast<TimeNs>(context.thresholds.of(kDoc.id, kThresholds[1]) * kSecond);
  const auto often = [&](const CheckTimes& times) { return times.count >= least; };
  context.book.checks().each(often, [&](const VisitKey& visit, const CheckTimes& times) {
    const TimeNs step = steady_step(times.first);
    if (step >= least_step) tell(visit, times, step, out);
  });
}

}  // namespace

namespace detectors_in_files {
extern const Detector health_check{.doc = kDoc,
                                   .examples = kExamples,
                                   .examine_hosts = &examine_hosts,
                                   .thresholds = kThresholds,
                                   .parts = {kParts, Parts::HostIs::Client, true}};
}

}  // namespace tcpautopsy
