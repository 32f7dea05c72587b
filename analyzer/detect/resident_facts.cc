#include "analyzer/detect/resident_facts.h"

#include <array>
#include <cstdio>
#include <numeric>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr std::uint16_t kLinuxLeast = 32768, kLinuxGreatest = 60999;
constexpr std::uint16_t kIanaLeast = 49152;  // RFC 6335 6: 49152 to 65535, as Windows and BSDs have it
constexpr std::uint16_t kPrivileged = 1024;
constexpr std::size_t kEnoughPorts = 100;

// Without the outermost 1 in 200 at each end: some ports are chosen by programs, not from the range.
std::vector<std::uint16_t> ordinary(const PortSet& used) {
  std::vector<std::uint16_t> ports;
  used.each([&](std::uint16_t port) {
    if (port >= kPrivileged) ports.push_back(port);
  });
  const auto odd = static_cast<std::ptrdiff_t>(ports.size() / 200);
  return {ports.begin() + odd, ports.end() - odd};
}

}  // namespace

std::int64_t count_of(const Population::Moment& moment, TcpState state) {
  return moment.counts[static_cast<std::size_t>(state)];
}

std::int64_t in_use(const Population::Moment& moment) {
  return std::accumulate(moment.counts.begin(), moment.counts.end(), std::int64_t{0});
}

std::vector<Excess> excesses(const Population& population, TcpState state, std::int64_t least,
                             TimeNs capture_end_ns) {
  return excesses(population.moments(), least, capture_end_ns,
                  [state](const Population::Moment& moment) { return count_of(moment, state); });
}

std::optional<double> entries_per_second(const Population& population, const Population::Peak& peak,
                                         TimeNs time_wait) {
  TimeNs since = peak.at_ns;
  for (const Population::Moment& moment : population.moments()) {
    if (moment.at_ns < peak.at_ns - time_wait || count_of(moment, TcpState::TimeWait) == 0) continue;
    since = moment.at_ns;
    break;
  }
  if (since >= peak.at_ns) return std::nullopt;
  return static_cast<double>(peak.count) * static_cast<double>(kSecond) /
         static_cast<double>(peak.at_ns - since);
}

PortRange port_range(const PortSet& used, std::uint64_t connections) {
  const std::vector<std::uint16_t> ports = ordinary(used);
  if (ports.size() < kEnoughPorts) return {};
  const std::uint32_t least = ports.front(), greatest = ports.back(), span = greatest - least + 1;
  // Nearly all of a span and these again and again: there are no others.
  if (ports.size() * 10 >= span * std::size_t{9} && connections * 2 >= ports.size() * std::size_t{3})
    return {span, true};
  if (least >= kIanaLeast) return {65536U - kIanaLeast, true};
  if (least >= kLinuxLeast && greatest <= kLinuxGreatest) return {};
  const std::uint32_t from = std::min<std::uint32_t>(least, kLinuxLeast);
  return {std::max<std::uint32_t>(greatest, kLinuxGreatest) - from + 1, true};
}

PortRange port_range(const HostBook& book, const IpAddress& client) {
  PortSet used;
  std::uint64_t connections = 0;
  const auto of_client = [&](const auto& known) { return known.key.client == client; };
  for (const auto& known : book.census().visits().known(of_client)) {
    used.merge(known.value->ports);
    connections = std::max(connections, known.value->client.connections);
  }
  return port_range(used, connections);
}

std::string percent_text(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), share < 0.0995 ? "%.1f %%" : "%.0f %%", share * 100);
  return text.data();
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return part == whole ? "all " + number_text(whole) : number_text(part) + " of " + number_text(whole);
}

}  // namespace tcpautopsy
