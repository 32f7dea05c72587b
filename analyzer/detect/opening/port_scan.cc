#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/scan_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "port_scan",
    .title = "Port scan",
    .scope = Scope::Host,
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "one source tries 15 or more ports of a host, or 25 or more hosts on a port, within 60 s, most "
        "refused or unanswered",
    .what =
        "One address tried many ports of a host, or one port of many hosts, within a minute, and most "
        "tries were refused or met silence: it does not know what is there and looks for it. The finding "
        "names the scanner; what was open is in the evidence.",
    .how_known =
        "Fifteen or more ports of one host, or twenty-five or more hosts on one port, each tried for the "
        "first time within a minute, more than half without a SYN-ACK; tries by segments that no connection "
        "begins with (FIN, NULL and Xmas scans) count like SYNs; so do empty ACKs without timestamps, with "
        "FIN or without, that "
        "meet RST and nothing else, where three or more bear one sequence number or acknowledgment, or come "
        "from one port above the ports they try: idle connections of which a host asks whether they are "
        "still there have each their own. Open ports that the scanner let go with RST or silence were only "
        "looked at (a half-open scan); those it completed were connected to.\n\n"
        "That the SYNs of many connections bear one sequence number, one IP ID, or a bare header with "
        "window 1024 shows a scanner's own packets instead of a kernel's. The same numbers sent to the "
        "same ports from several addresses are one scanner's with decoys (nmap -D): which of the addresses "
        "is real cannot be told from the SYNs; who answers with RST or uses what it found is. Slow scans, "
        "of fewer tries a minute, are not seen.",
    .causes =
        "Scanners: nmap, masscan, zmap, worms, inventory and vulnerability scans of one's own; monitoring "
        "that tries many ports; peer-to-peer programs with an old list of peers; a client whose service "
        "moved, with a list of ports to try.",
    .confirm =
        "Ask who runs scans in that network. On the scanner: ss -tnp state syn-sent; its processes. On the "
        "targets: nstat -az TcpOutRsts, journalctl -k for firewall logs; conntrack -L -s ADDRESS on the "
        "gateway.",
    .remedy =
        "Nothing, if the scan is one's own. Else close what need not be open: bind services to the "
        "addresses that need them, let the firewall admit by service and network. A rate limit per source "
        "(nft meter, hashlimit) slows scans and hits clients behind one NAT together.",
    .bad_advice =
        "Dropping instead of rejecting hides nothing: silence where others answer tells of a filter, and "
        "one's own errors become timeouts. Moving a service to another port delays finding it by seconds. "
        "Blocking the address helps until the next one.",
    .rfc = "RFC 9293 3.5.2, 3.10.7.1, 3.10.7.2",
};

constexpr Example kExamples[] = {
    {"Thirty ports of one host: refused", R"(
times 30 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
finding port_scan severity warning certainty certain count 30 flows 30
finding connection_refused part_of port_scan
)"},
    {"One port of forty hosts: silence", R"(
times 40 every .2 isn A 0 to hosts {
+0    A > B  S   0:0(0)        <mss 1460>
}
end +10
finding port_scan count 40
)"},
    {"Some open, let go with RST: half-open scan", R"(
times 20 every .1 to ports {
+0    A > B  S   0:0(0)
+.01  A < B  R.  0:0(0) ack 1
}
meanwhile
times 3 every .5 to ports {
+.05  A > B  S   0:0(0)
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
}
finding port_scan
)"},
    {"Segments that no connection begins with", R"(
times 15 every 1 to ports {
+0    A > B  FPU 1:1(0)
+.01  A < B  R.  0:0(0) ack 2
}
finding port_scan count 15
)"},
    {"Empty ACKs from one port: does a filter keep them out?", R"(
times 30 every .1 over 1 ports to ports {
+0    A > B  .   1:1(0) ack 1
+.01  A < B  R   1:1(0)
}
finding port_scan severity warning count 30
)"},
    {"FIN and ACK from one port (a Maimon scan)", R"(
times 30 every .1 over 1 ports to ports {
+0    A > B  F.  1:1(0) ack 1
+.01  A < B  R   1:1(0)
}
finding port_scan severity warning count 30
)"},
    {"Connections to each port, the open ones let go by RST", R"(
times 3 every .5 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.01  A > B  R.  1:1(0) ack 1
}
meanwhile
times 30 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
finding port_scan
finding rst_abort part_of port_scan
)"},
    {"Empty ACKs with one sequence number, to many hosts", R"(
times 30 every .1 isn A 0 to hosts {
+0    A > B  .   1:1(0) ack 1
+.01  A < B  R   1:1(0)
}
finding port_scan severity warning count 30
)"},
    {"A client asks of its idle connections, which their servers have forgotten", R"(
times 40 every .3 to hosts {
+0    A > B  .   1:1(0) ack 1  win 500
+.02  A < B  R   1:1(0)
}
no finding
)",
     true},
    {"A client closes its idle connections, which their servers have forgotten", R"(
times 40 every .3 to hosts {
+0    A > B  F.  1:1(0) ack 1  win 500
+.02  A < B  R   1:1(0)
}
no finding
)",
     true},
    {"A server asks of its idle connections, which a client started anew has forgotten", R"(
ends A 10.0.0.1:5432 B 10.0.0.2:40000
times 40 every .3 over 1 ports to ports {
+0    A > B  .   1:1(0) ack 1  win 500
+.02  A < B  R   1:1(0)
}
no finding
)",
     true},
    {"A few such segments: a look at a host, no scan of it", R"(
times 14 every 1 to ports {
+0    A > B  FPU 1:1(0)
+.01  A < B  R.  0:0(0) ack 2
}
no finding
)",
     true},
    {"The same ports again an hour later: a scan of its own", R"(
times 20 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
times 1 every 3600 from 10.1.0.0/16 {
handshake
}
times 20 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
finding port_scan severity warning count 20 flows 20
finding connection_refused part_of port_scan
)"},
    {"Ten ports, each tried in three minutes: never more than ten at a time", R"(
times 10 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+20   A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
+20   A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
    {"A browser: many hosts, all of which answer", R"(
times 40 every .1 to hosts {
handshake
}
no finding
)",
     true},
    {"Ten ports of a host", R"(
times 10 every .1 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
    {"Thirty ports in ten minutes are too slow to tell", R"(
times 30 every 20 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_ports", 15, "", "ports of one host tried within the window"},
    {"min_hosts", 25, "", "hosts tried on one port within the window"},
    {"window", 60, "s", "time within which they were tried first"},
};

constexpr std::string_view kParts[] = {"connect_timeout",       "syn_unanswered",       "connection_refused",
                                       "connect_aborted",       "bad_flag_combination", "half_open_abandoned",
                                       "handshake_ack_missing", "stray_syn_ack",        "rst_abort"};

// How many sources sent the same number to the same port.
using Numbers = std::map<std::pair<EndpointAddress, std::uint32_t>, std::set<IpAddress>>;

struct Outcomes {
  std::uint64_t refused = 0, silent = 0, open = 0, let_go = 0, odd = 0;
};

Outcomes outcomes_of(const Scan& scan) {
  Outcomes sums;
  for (const Probe& probe : scan.probes) {
    const Target& t = probe.target;
    sums.open += t.opened > 0 ? 1 : 0;
    sums.let_go += t.opened > 0 && t.let_go == t.opened ? 1 : 0;
    sums.odd += t.odd > 0 ? 1 : 0;
    if (!t.failed()) continue;
    ++(t.refused > 0 ? sums.refused : sums.silent);
  }
  return sums;
}

std::uint64_t scaled(const Scan& scan, std::uint64_t count) {
  return static_cast<std::uint64_t>(scan.scale * static_cast<double>(count) + .5);
}

std::string tell_where(Finding& finding, const Scan& scan) {
  const auto hosts = scan.hosts();
  const auto ports = scan.ports();
  prove(finding, "hosts", hosts.size());
  prove(finding, "ports", ports.size());
  prove(finding, "lowest_port", *ports.begin());
  prove(finding, "highest_port", *ports.rbegin());
  prove(finding, "all_targets_kept", scan.scale <= 1);
  const std::string about = scan.scale > 1 ? "some " : "";
  if (scan.port)
    return fmt::format("port {} of {}{}", *scan.port, about, count_text(scaled(scan, hosts.size()), "host"));
  const std::string range = fmt::format("{}{} ports ({} to {})", about,
                                        hosts.size() == 1 ? scaled(scan, ports.size()) : ports.size(),
                                        *ports.begin(), *ports.rbegin());
  if (hosts.size() == 1) return fmt::format("{} of {}", range, to_string(*hosts.begin()));
  return fmt::format("{} of {}", range, count_text(hosts.size(), "host"));
}

std::string tell_outcomes(Finding& finding, const Scan& scan) {
  const Outcomes sums = outcomes_of(scan);
  prove(finding, "refused", scaled(scan, sums.refused));
  prove(finding, "silent", scaled(scan, sums.silent));
  prove(finding, "open", scaled(scan, sums.open));
  prove(finding, "open_let_go", scaled(scan, sums.let_go));
  std::set<std::int64_t> open;
  for (const Probe& probe : scan.probes)
    if (!probe.target.failed() && open.size() < 20) open.insert(probe.to.port);
  if (!open.empty()) prove(finding, "open_ports", open);
  std::string told = fmt::format("{} refused, {} silent, {} open", scaled(scan, sums.refused),
                                 scaled(scan, sums.silent), scaled(scan, sums.open));
  if (sums.odd > 0) {
    prove(finding, "without_syn", scaled(scan, sums.odd));
    told += fmt::format(
        ", {} of them tried by segments that no connection begins with (ACK, FIN, NULL or Xmas scan)",
        scaled(scan, sums.odd));
  }
  if (sums.let_go > 0 && sums.let_go == sums.open) told += " and let go at once (a half-open scan)";
  return told;
}

std::string tell_look(Finding& finding, const Scan& scan) {
  const ScanLook look = look_of(scan);
  prove(finding, "one_isn", look.one_isn);
  prove(finding, "syns_alike", look.one_look);
  prove(finding, "window", look.look.window);
  prove(finding, "ttl", look.look.ttl);
  if (look.ip_id) prove(finding, "ip_id", *look.ip_id);
  if (!look.like.empty()) {
    prove(finding, "like", look.like);
    return fmt::format("; its SYNs are like those of {}", look.like);
  }
  return look.one_isn ? "; its SYNs all have one sequence number, as no kernel's have" : "";
}

std::string tell_decoys(Finding& finding, const IpAddress& source, const Scan& scan, const Numbers& numbers) {
  std::size_t shared = 0;
  std::set<IpAddress> others;
  for (const Probe& probe : scan.probes) {
    const auto found = numbers.find({probe.to, probe.target.isn});
    if (probe.target.odd > 0) continue;
    if (found == numbers.end() || found->second.size() < 2) continue;
    ++shared;
    others.insert(found->second.begin(), found->second.end());
  }
  if (2 * shared <= scan.probes.size()) return "";
  others.erase(source);
  prove(finding, "same_numbers_from", others.size());
  std::string names;
  for (const IpAddress& other : others) names += (names.empty() ? "" : " ") + to_string(other);
  prove(finding, "decoys", names);
  return fmt::format("; the same numbers came from {} other address{}: one scanner with decoys",
                     others.size(), others.size() == 1 ? "" : "es");
}

void tell(const IpAddress& source, const Scan& scan, const Numbers& numbers, Findings& out) {
  constexpr std::size_t kSamples = 20;
  Finding finding = make_host_finding(kDoc, source, scan.port, scaled(scan, scan.probes.size()), {});
  finding.count = finding.flows;
  const std::size_t shown = std::min(kSamples, scan.probes.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Target& target = scan.probes[shown == 1 ? 0 : i * (scan.probes.size() - 1) / (shown - 1)].target;
    finding.sample_flows.push_back(target.flow);
    cite(finding, target.syn);
  }
  std::sort(finding.sample_flows.begin(), finding.sample_flows.end());
  finding.frames_left_out = finding.flows - shown;
  finding.time_ns = scan.from_ns;
  finding.end_ns = scan.until_ns;
  const TimeNs lasted = scan.until_ns - scan.from_ns;
  const std::string where = tell_where(finding, scan), outcomes = tell_outcomes(finding, scan);
  const std::string look = tell_look(finding, scan), decoys = tell_decoys(finding, source, scan, numbers);
  finding.summary = fmt::format("{} tried {} within {}: {}{}{}.", to_string(source), where,
                                duration_text(lasted), outcomes, look, decoys);
  prove(finding, "duration_ns", lasted);
  out.push_back(std::move(finding));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const auto limit = [&](std::size_t i) { return context.thresholds.of(kDoc.id, kThresholds[i]); };
  const ScanLimits limits{static_cast<std::size_t>(limit(0)), static_cast<std::size_t>(limit(1)),
                          static_cast<TimeNs>(limit(2) * kSecond)};
  std::map<IpAddress, std::vector<Scan>> scanners;
  Numbers numbers;
  const double scale = context.book.attempts().targets_scale();
  context.book.attempts().each_source(limits.least(),
                                      [&](const IpAddress& source, const std::vector<Probe>& tried) {
                                        std::vector<Scan> scans = scans_of(tried, scale, limits);
                                        if (scans.empty()) return;
                                        for (const Scan& scan : scans)
                                          for (const Probe& probe : scan.probes)
                                            if (probe.target.odd == 0)
                                              numbers[{probe.to, probe.target.isn}].insert(source);
                                        scanners.emplace(source, std::move(scans));
                                      });
  for (const auto& [source, scans] : scanners)
    for (const Scan& scan : scans) tell(source, scan, numbers, out);
}

}  // namespace

namespace detectors_in_files {
extern const Detector port_scan{.doc = kDoc,
                                .examples = kExamples,
                                .examine_hosts = &examine_hosts,
                                .thresholds = kThresholds,
                                .parts = {kParts, Parts::HostIs::Client, true}};
}

}  // namespace tcpautopsy
