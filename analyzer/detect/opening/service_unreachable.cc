#include <fmt/format.h>

#include <set>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/flood_facts.h"
#include "analyzer/detect/host_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "service_unreachable",
    .title = "Service unreachable",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Opening",
    .said_when =
        "three or more attempts of two or more ports or clients to one host and port, all unanswered (10 or "
        "more SYNs between them, or their give-ups), over 3 s or more, and none answered in the capture",
    .what =
        "Connections in a row to one address and port were met with silence for three seconds or longer: no "
        "SYN-ACK, no RST that counts, no ICMP error. Three are enough where nothing there ever answered in "
        "the capture; ten where it answered others before or after. Each client retransmits its SYN and "
        "again until its "
        "kernel "
        "(two minutes on Linux) or its application gives up.",
    .how_known =
        "Nothing of that port passed the capture point after any of the SYNs. Clients that repeat one ISN "
        "with "
        "back-off prove that no answer reached them; where none does, it is said only of a host that was "
        "heard otherwise, so that both directions are captured, and is `likely`.\n\n"
        "The capture cannot tell a host that is down from a filter that drops, nor whether the SYNs arrived: "
        "a capture at the server tells. Many SYNs of different ISNs, none repeated, are a flood "
        "(syn_flood), not clients.",
    .causes =
        "A firewall or security group that drops; the host is down or its address moved; routing in one "
        "direction only; a wrong address or port; a full accept queue or SYN backlog, which Linux answers "
        "with "
        "silence (then other connections to the port opened shortly before: accept_queue_overflow, "
        "syn_backlog_full).",
    .confirm =
        "Capture at the server: do the SYNs arrive? If so: nstat -az TcpExtListenOverflows TcpExtListenDrops "
        "TcpExtTCPReqQFullDrop; ss -ltn 'sport = :PORT' (Recv-Q against Send-Q); nft list ruleset. If not: "
        "traceroute -T -p PORT ADDRESS from a client, ip route get ADDRESS on both hosts; on the client ss "
        "-tn "
        "state syn-sent.",
    .remedy =
        "Open the way that is shut. Let clients give up sooner than the kernel (a connect timeout of some "
        "seconds) and try another address, which costs failed tries on slow paths; "
        "net.ipv4.tcp_syn_retries does it for all connections of a host, those over bad links too.",
    .bad_advice =
        "Rejecting is kinder than dropping, but to change the filter's target does not open the service. "
        "More "
        "tcp_syn_retries only lengthens the wait.",
    .rfc = "RFC 9293 3.8.1, 3.10.7; RFC 1122 4.2.3.5; RFC 6298 5",
    .wireshark = "TCP Retransmission (of SYNs)",
};

constexpr Example kExamples[] = {
    {"Twelve clients, each tries three times", R"(
times 12 every .5 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
}
end +10
finding service_unreachable severity error certainty certain count 12 flows 12
)"},
    {"Served until it fell silent", R"(
times 5 every 1 {
handshake
}
times 10 every 1 from 10.1.0.0/16 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
}
end +20
finding service_unreachable flows 10
)"},
    {"Three ports of one client, given up after four SYNs each", R"(
times 3 every 10 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
+4    A > B  S  0:0(0)  <mss 1460>
}
end +30
finding service_unreachable severity error certainty certain count 3 flows 3
finding connect_timeout part_of service_unreachable
)"},
    {"Of the server nothing is captured: its answers to earlier connections neither", R"(
times 5 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
+.10  A > B  R. 1:1(0) ack 1
}
times 12 every 1 {
+0    A > B  S  0:0(0)        <mss 1460>
}
end +20
no finding
)",
     true},
    {"Two are too few", R"(
times 2 every 10 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
+2    A > B  S  0:0(0)  <mss 1460>
+4    A > B  S  0:0(0)  <mss 1460>
}
end +30
no finding
)",
     true},
    {"Three under way when the capture ends, few SYNs yet", R"(
times 3 every 1.5 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
}
end +.5
no finding
)",
     true},
    {"Nine of a service that served others", R"(
times 5 every 1 {
handshake
}
times 9 every 1 {
+0    A > B  S  0:0(0)  <mss 1460>
+1    A > B  S  0:0(0)  <mss 1460>
}
end +20
no finding
)",
     true},
    {"Refused is not unreachable", R"(
times 12 every 1 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
    {"Only SYNs, once each, of a host that is never heard: the other direction may be missing", R"(
times 12 every 1 {
+0    A > B  S  0:0(0)  <mss 1460>
}
end +20
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_attempts", 3, "", "connections to one address and port that never answered"},
    {"min_attempts_in_a_row", 10, "", "of them in a row, where it answered others"},
    {"min_syns", 10, "", "SYNs of them all, unless each was given up"},
    {"min_duration", 3, "s", "from the first of them to the last"},
};

constexpr std::string_view kParts[] = {"connect_timeout", "syn_unanswered", "connect_aborted"};

bool silent(Outcome outcome) { return outcome == Outcome::Unanswered; }

struct Limits {
  std::uint64_t attempts = 0, in_a_row = 0, syns = 0;
  TimeNs duration_ns = 0;

  std::uint64_t attempts_to(const ServiceAttempts& service) const {
    return service.answered() ? in_a_row : attempts;
  }
};

void tell(const EndpointAddress& service, const ServiceTotals& totals, const StepList& steps,
          const Episode& episode, bool heard, Findings& out) {
  const Sums sums = sum_up(steps, episode);
  const Tally tally = sums.of_all(silent);
  const auto spread = totals.sources.spread(episode.from_ns, episode.until_ns);
  // A flow has one client port, so attempts of one client are of as many ports.
  if (spread.addresses < 2 && !spread.several_ports) return;
  // Repeated by most that could: proof that nothing reached them.
  const bool proved = tally.syn_resent > 0 && tally.syn_resent >= tally.syn_due;
  if (!proved && !heard) return;
  Finding finding = make_host_finding(kDoc, service.ip, service.port, 0, {});
  finding.certainty = proved ? Certainty::Certain : Certainty::Likely;
  cite(finding, steps, episode, silent);
  const TimeNs lasted = episode.until_ns - episode.from_ns;
  const std::string from = tell_sources(finding, spread);
  finding.summary = fmt::format(
      "{} answered none of {} connections tried within {}, {}; {} of them retransmitted their SYN",
      endpoint_text(service), finding.flows, duration_text(lasted), from, tally.syn_resent);
  finding.summary += tally.rst_ignored == 0
                         ? "."
                         : fmt::format(", and to {} came RSTs that a client must ignore.", tally.rst_ignored);
  prove(finding, "syns", tally.syns);
  prove(finding, "given_up", tally.given_up);
  prove(finding, "answered_by_ignored_rst", tally.rst_ignored);
  prove(finding, "syn_sent_again", tally.syn_resent);
  prove(finding, "syn_sent_once", tally.syn_due);
  prove(finding, "host_heard", heard);
  prove(finding, "duration_ns", lasted);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const Attempts& attempts = context.book.attempts();
  const Limits limits{static_cast<std::uint64_t>(context.thresholds.of(kDoc.id, kThresholds[0])),
                      static_cast<std::uint64_t>(context.thresholds.of(kDoc.id, kThresholds[1])),
                      static_cast<std::uint64_t>(context.thresholds.of(kDoc.id, kThresholds[2])),
                      static_cast<TimeNs>(context.thresholds.of(kDoc.id, kThresholds[3]) * kSecond)};
  std::set<IpAddress> heard;
  attempts.each_service(
      [](const ServiceAttempts& tried) { return tried.answered(); },
      [&](const EndpointAddress& address, const ServiceAttempts&) { heard.insert(address.ip); });
  const auto many = [&](const ServiceAttempts& tried) {
    return tried.attempts() >= limits.attempts_to(tried);
  };
  attempts.each_service(many, [&](const EndpointAddress& address, const ServiceAttempts& service) {
    const std::uint64_t least = limits.attempts_to(service);
    const ServiceTotals totals = service.totals();
    const StepList steps = totals.tallies.steps();
    for (const Episode& episode : runs_of(steps, least, silent)) {
      if (episode.until_ns - episode.from_ns < limits.duration_ns) continue;
      const Tally tally = sum_up(steps, episode).of_all(silent);
      if (tally.syns < limits.syns && tally.given_up < tally.count) continue;
      if (flooded(flood_episodes(steps, context.thresholds), episode)) continue;
      tell(address, totals, steps, episode, heard.contains(address.ip), out);
    }
  });
}

}  // namespace

namespace detectors_in_files {
extern const Detector service_unreachable{.doc = kDoc,
                                          .examples = kExamples,
                                          .examine_hosts = &examine_hosts,
                                          .thresholds = kThresholds,
                                          .parts = {kParts, Parts::HostIs::Server}};
}

}  // namespace tcpautopsy
