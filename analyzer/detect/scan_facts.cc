#include "analyzer/detect/scan_facts.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "analyzer/detect/host_facts.h"

namespace tcpautopsy {
namespace {

// More ports than this, each on many hosts, are told as one scan.
constexpr std::size_t kMostPortsApart = 3;
// Of a sample, so few targets prove nothing, whatever they stand for.
constexpr std::size_t kFewestOfSample = 5;

// Among a few dozen connections two can be from one port, to different hosts.
constexpr std::size_t kFewestAlike = 3;

using Probes = std::vector<Probe>;

// Empty ACKs that met RST are a scan where they have numbers in common: each idle connection has its own.
class SharedNumbers {
 public:
  explicit SharedNumbers(const Probes& tried) {
    for (const Probe& probe : tried) {
      if (!probe.target.only_bare_acks()) continue;
      const BareAck& numbers = *probe.target.bare_ack;
      ++seqs_[numbers.seq];
      ++acks_[numbers.ack];
      ++ports_[numbers.port];
    }
  }
  bool in(const Probe& probe) const {
    const BareAck& numbers = *probe.target.bare_ack;
    // A server that looks after its idle clients does so from one port, as a rule below theirs.
    const bool server = numbers.port < probe.to.port;
    return seqs_.at(numbers.seq) >= kFewestAlike || acks_.at(numbers.ack) >= kFewestAlike ||
           (!server && ports_.at(numbers.port) >= kFewestAlike);
  }

 private:
  std::map<std::uint32_t, std::size_t> seqs_, acks_;
  std::map<std::uint16_t, std::size_t> ports_;
};

Probes without_idle_connections(const Probes& tried) {
  const SharedNumbers shared(tried);
  Probes found;
  std::copy_if(tried.begin(), tried.end(), std::back_inserter(found),
               [&](const Probe& probe) { return !probe.target.only_bare_acks() || shared.in(probe); });
  return found;
}

bool earlier(const Probe& a, const Probe& b) {
  return a.target.first_ns != b.target.first_ns ? a.target.first_ns < b.target.first_ns : a.to < b.to;
}

// What was tried again and again in vain, in another minute, is a probe of its own there.
Probes by_minute(const Probes& tried) {
  Probes found;
  for (const Probe& probe : tried) {
    found.push_back(probe);
    if (probe.target.tried.size() < 2) continue;
    found.pop_back();
    for (const Tried& tried_then : probe.target.tried) {
      Probe then = probe;
      Target& target = then.target;
      target.refused = tried_then.refused;
      target.silent = tried_then.silent;
      target.odd = tried_then.odd;
      if (&tried_then != &probe.target.tried.front()) target.opened = target.let_go = 0;
      target.first_ns = tried_then.first_ns;
      target.flow = tried_then.flow;
      target.syn = tried_then.syn;
      found.push_back(std::move(then));
    }
  }
  return found;
}

// The probes, alike in host or port, that are within some window with `least` other targets, most of which
// failed.
Probes dense(const Probes& all, std::size_t least, double scale, const ScanLimits& limits) {
  Probes found;
  std::size_t first = 0, taken = 0, failed = 0;
  std::map<EndpointAddress, std::size_t> targets;  // within the window
  const auto enough = [&](std::size_t count) {
    if (scale > 1 && count < kFewestOfSample) return false;
    return scale * static_cast<double>(count) >= static_cast<double>(least);
  };
  for (std::size_t last = 0; last < all.size(); ++last) {
    failed += all[last].target.failed() ? 1 : 0;
    ++targets[all[last].to];
    for (; all[first].target.first_ns < all[last].target.first_ns - limits.window; ++first) {
      failed -= all[first].target.failed() ? 1 : 0;
      if (--targets[all[first].to] == 0) targets.erase(all[first].to);
    }
    const std::size_t count = last - first + 1;
    if (!enough(targets.size()) || 2 * failed <= count) continue;
    for (std::size_t i = std::max(first, taken); i <= last; ++i) found.push_back(all[i]);
    taken = last + 1;
  }
  return found;
}

// Episodes of probes, which are by time.
void split(const Probes& probes, std::optional<std::uint16_t> port, double scale, std::vector<Scan>& scans) {
  for (const Probe& probe : probes) {
    if (scans.empty() || scans.back().port != port ||
        probe.target.first_ns - scans.back().until_ns >= kEpisodeGap)
      scans.push_back({port, {}, scale, probe.target.first_ns, probe.target.first_ns});
    scans.back().probes.push_back(probe);
    scans.back().until_ns = probe.target.first_ns;
  }
}

bool meet(const Scan& a, const Scan& b) {
  return a.from_ns - b.until_ns < kEpisodeGap && b.from_ns - a.until_ns < kEpisodeGap;
}

}  // namespace

std::set<IpAddress> Scan::hosts() const {
  std::set<IpAddress> found;
  for (const Probe& probe : probes) found.insert(probe.to.ip);
  return found;
}

std::set<std::uint16_t> Scan::ports() const {
  std::set<std::uint16_t> found;
  for (const Probe& probe : probes) found.insert(probe.to.port);
  return found;
}

std::vector<Scan> scans_of(const std::vector<Probe>& tried, double scale, const ScanLimits& limits) {
  if (tried.size() < limits.least()) return {};
  std::map<IpAddress, Probes> by_host;
  std::map<std::uint16_t, Probes> by_port;
  for (const Probe& probe : by_minute(without_idle_connections(tried))) {
    by_host[probe.to.ip].push_back(probe);
    by_port[probe.to.port].push_back(probe);
  }
  Probes many_ports, many_hosts;
  std::vector<Scan> scans, apart;
  for (auto& [ip, probes] : by_host) {
    std::sort(probes.begin(), probes.end(), earlier);
    const Probes found = dense(probes, limits.ports, scale, limits);
    many_ports.insert(many_ports.end(), found.begin(), found.end());
  }
  std::sort(many_ports.begin(), many_ports.end(), earlier);
  split(many_ports, std::nullopt, scale, scans);
  std::size_t ports = 0;
  for (auto& [port, probes] : by_port) {
    std::sort(probes.begin(), probes.end(), earlier);
    const Probes found = dense(probes, limits.hosts, scale, limits);
    ports += found.empty() ? 0 : 1;
    many_hosts.insert(many_hosts.end(), found.begin(), found.end());
    split(found, port, scale, apart);
  }
  if (ports > kMostPortsApart) {
    std::sort(many_hosts.begin(), many_hosts.end(), earlier);
    apart.clear();
    split(many_hosts, std::nullopt, scale, apart);
  }
  // A sweep over the hosts whose ports were scanned is part of that.
  const std::size_t vertical = scans.size();
  for (const Scan& sweep : apart) {
    const bool part = std::any_of(scans.begin(), scans.begin() + static_cast<std::ptrdiff_t>(vertical),
                                  [&](const Scan& scan) { return meet(scan, sweep); });
    if (!part) scans.push_back(sweep);
  }
  std::sort(scans.begin(), scans.end(), [](const Scan& a, const Scan& b) {
    return a.from_ns != b.from_ns ? a.from_ns < b.from_ns : a.port < b.port;
  });
  return scans;
}

ScanLook look_of(const Scan& scan) {
  ScanLook found;
  const Target& first = scan.probes.front().target;
  const auto all = [&](auto same) {
    return std::all_of(scan.probes.begin(), scan.probes.end(),
                       [&](const Probe& p) { return same(p.target); });
  };
  found.look = first.look;
  // What is known of numbers and of tools is of SYNs.
  if (!all([](const Target& t) { return t.odd == 0; })) return found;
  found.one_isn = all([&](const Target& t) { return t.isn == first.isn; });
  found.one_look = all([&](const Target& t) { return t.look == first.look; });
  if (first.ip_id && *first.ip_id != 0 && all([&](const Target& t) { return t.ip_id == first.ip_id; }))
    found.ip_id = first.ip_id;
  constexpr std::uint16_t kZmapId = 54321;
  constexpr std::uint8_t kOnlyMss = 1;
  const bool bare = found.one_look && found.look.options <= kOnlyMss;
  if (found.ip_id == kZmapId) {
    found.like = "zmap";
  } else if (bare && found.look.window == 1024) {
    found.like = found.look.options == kOnlyMss && found.one_isn ? "nmap -sS" : "nmap -sS or masscan";
  }
  return found;
}

}  // namespace tcpautopsy
