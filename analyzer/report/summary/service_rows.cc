#include "analyzer/report/summary/service_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tcpautopsy {
namespace {

using Services = std::vector<BusyTable<EndpointAddress, EndpointCensus>::Known>;

std::uint64_t load_at(const Population::Moment& moment) {
  std::int64_t sum = 0;
  for (std::size_t s = 0; s < kStateCount; ++s)
    if (static_cast<TcpState>(s) != TcpState::TimeWait) sum += moment.counts[s];
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, sum));
}

// The greatest count in each span: the one it begins with, or any later one.
std::vector<std::uint64_t> load_over(const std::vector<Population::Moment>& moments, TimeSpan time,
                                     std::size_t spans) {
  std::vector<std::uint64_t> load(spans, 0);
  if (spans == 0) return load;
  const TimeNs length = std::max<TimeNs>(1, (time.until_ns - time.from_ns) / static_cast<TimeNs>(spans) + 1);
  std::uint64_t now = 0;
  std::size_t span = 0;
  for (const Population::Moment& moment : moments) {
    const TimeNs since = std::max<TimeNs>(0, moment.at_ns - time.from_ns);
    const std::size_t at = std::min(spans - 1, static_cast<std::size_t>(since / length));
    while (span < at) load[++span] = now;
    now = load_at(moment);
    load[span] = std::max(load[span], now);
  }
  while (span + 1 < spans) load[++span] = now;
  return load;
}

ServiceRow row_of(const Services::value_type& known, TimeSpan time, std::size_t spans) {
  const EndpointCensus& r = *known.value;
  ServiceRow row;
  row.service = known.key;
  row.connections = r.connections;
  row.opened = r.opened;
  row.failed = r.not_opened;
  row.closed_by_service = r.closed_here;
  row.closed_by_client = r.closed_there;
  row.closed_by_both = r.closed_both;
  row.whole = known.share == 1;
  const auto moments = r.states.moments();
  row.time_wait = r.states.peak(TcpState::TimeWait);
  row.load = load_over(moments, time, spans);
  return row;
}

void add_outcomes(const Attempts& attempts, const std::map<EndpointAddress, ServiceRow*>& rows) {
  attempts.each_service([&](const EndpointAddress& service, const ServiceAttempts& tried) {
    const auto row = rows.find(service);
    if (row == rows.end()) return;
    const ServiceTotals totals = tried.totals();
    row->second->half_open = totals.half_open.peak(TcpState::SynReceived);
    for (const Tallies::Step& step : totals.tallies.steps())
      for (std::size_t o = 0; o < kOutcomes; ++o) row->second->outcomes[o] += step.by_outcome[o].count;
  });
}

void add_clients(const Census& census, const std::map<EndpointAddress, ServiceRow*>& rows) {
  for (const auto& known : census.visits().known()) {
    const auto row = rows.find(known.key.server);
    // As many as entered it at all are no fewer than were in it at once.
    if (row == rows.end() ||
        static_cast<std::int64_t>(known.value->client.time_waits) <= row->second->client_time_wait.count)
      continue;
    const Population::Peak peak = known.value->client.states.peak(TcpState::TimeWait);
    if (peak.count <= row->second->client_time_wait.count) continue;
    row->second->client_time_wait = peak;
    row->second->client = known.key.client;
  }
}

std::string percent(double share) {
  return fmt::format("{:.{}f} %", share * 100, share > 0 && share < 0.0995 ? 1 : 0);
}

constexpr std::string_view kOutcomeNames[]{"completed", "dropped",  "half_open", "aborted",
                                           "refused",   "filtered", "unanswered"};
constexpr std::string_view kOutcomeWords[]{"opened",  "dropped",  "half-open", "aborted",
                                           "refused", "filtered", "unanswered"};
static_assert(std::size(kOutcomeNames) == kOutcomes && std::size(kOutcomeWords) == kOutcomes);

}  // namespace

std::optional<double> ServiceRow::failure_rate() const {
  if (opened + failed == 0) return std::nullopt;
  return static_cast<double>(failed) / static_cast<double>(opened + failed);
}

std::vector<ServiceRow> busiest_services(const HostBook& book, std::size_t most, TimeSpan time,
                                         std::size_t spans) {
  Services services = book.census().services().known();
  std::stable_sort(services.begin(), services.end(),
                   [](const auto& a, const auto& b) { return a.value->connections > b.value->connections; });
  if (services.size() > most)
    services.erase(services.begin() + static_cast<std::ptrdiff_t>(most), services.end());
  std::vector<ServiceRow> rows;
  for (const auto& known : services) rows.push_back(row_of(known, time, spans));
  std::map<EndpointAddress, ServiceRow*> by_service;
  for (ServiceRow& row : rows) by_service.emplace(row.service, &row);
  add_outcomes(book.attempts(), by_service);
  add_clients(book.census(), by_service);
  return rows;
}

std::string_view name(Outcome outcome) { return kOutcomeNames[static_cast<std::size_t>(outcome)]; }

std::string outcome_text(const ServiceRow& row) {
  std::string out;
  std::uint64_t tried = 0;
  for (std::size_t o = 0; o < kOutcomes; ++o) {
    tried += row.outcomes[o];
    if (row.outcomes[o] == 0) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", grouped(row.outcomes[o]), kOutcomeWords[o]);
  }
  if (row.connections > tried)
    out += fmt::format("{}{} begun before", out.empty() ? "" : ", ", grouped(row.connections - tried));
  return out;
}

std::string closes_first_text(const ServiceRow& row) {
  const std::uint64_t all = row.closed_by_service + row.closed_by_client + row.closed_by_both;
  if (all == 0) return "-";
  const bool client = row.closed_by_client >= row.closed_by_service;
  const std::uint64_t more = client ? row.closed_by_client : row.closed_by_service;
  return fmt::format("{} {}", client ? "client" : "service",
                     percent(static_cast<double>(more) / static_cast<double>(all)));
}

std::string failure_text(const ServiceRow& row) {
  const auto rate = row.failure_rate();
  return rate ? percent(*rate) : "-";
}

std::string time_wait_text(const ServiceRow& row) {
  const auto count = [](const Population::Peak& peak) {
    return grouped(static_cast<std::uint64_t>(peak.count));
  };
  if (row.client && row.client_time_wait.count > row.time_wait.count)
    return fmt::format("{} at {}", count(row.client_time_wait), to_string(*row.client));
  return row.time_wait.count == 0 ? "-" : count(row.time_wait);
}

std::string sparkline(const std::vector<std::uint64_t>& values, Bars bars) {
  static constexpr std::string_view kBlocks[]{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::string_view kPlain = " _:-=+*#@";
  std::string out;
  if (values.empty() || bars == Bars::None) return out;
  const std::uint64_t greatest = *std::max_element(values.begin(), values.end());
  for (const std::uint64_t value : values) {
    // Any is more than nothing.
    const std::size_t level =
        value == 0 ? 0
                   : 1 + static_cast<std::size_t>(
                             7 * static_cast<double>(value) / static_cast<double>(greatest) + 0.5);
    if (bars == Bars::Blocks)
      out += kBlocks[level];
    else
      out += kPlain[level];
  }
  return out;
}

}  // namespace tcpautopsy
