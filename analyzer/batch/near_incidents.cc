#include "analyzer/batch/near_incidents.h"

#include <algorithm>
#include <limits>

#include "analyzer/causes/relations.h"
#include "analyzer/seq/saturating.h"

namespace tcpautopsy::batch {
namespace {

constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min();

// Of both statements, in their order.
enum Column : int { kUnit, kFirst, kLast, kServerIp, kServerPort, kHost, kClient = kHost };

std::string service(const Statement& row) {
  if (row.is_null(kServerIp) || row.is_null(kServerPort)) return {};
  return row.text(kServerIp) + ' ' + std::to_string(row.integer(kServerPort));
}

// Where a cause is, as an incident that shares it names it; empty for nowhere.
std::string place_of_cause(const Statement& row, NearIncidents::Shared shared) {
  if (shared == NearIncidents::Shared::Service) return service(row);
  if (shared == NearIncidents::Shared::Host && !row.is_null(kServerPort)) return {};
  return row.is_null(kHost) ? std::string() : row.text(kHost);
}

std::string place_of_symptom(const Statement& row, NearIncidents::Shared shared) {
  if (shared == NearIncidents::Shared::Service) return service(row);
  const Column column = shared == NearIncidents::Shared::Host ? kServerIp : kClient;
  return row.is_null(column) ? std::string() : row.text(column);
}

}  // namespace

NearIncidents::NearIncidents(Database& store)
    : causes_(store.prepare("SELECT unit, first_ns, last_ns, server_ip, server_port, host FROM incidents "
                            "WHERE cause = ? ORDER BY first_ns")),
      line_(store.prepare("SELECT unit, first_ns, last_ns, server_ip, server_port, client_ip FROM incidents "
                          "WHERE cause = ? AND endpoint = ? AND place = ?")) {}

const NearIncidents::Places& NearIncidents::of_cause(std::string_view cause, Shared shared) {
  const auto [at, made] = by_cause_.try_emplace({std::string(cause), shared});
  Places& places = at->second;
  if (!made) return places;
  causes_.with(cause);
  while (causes_.step()) {
    std::string place = place_of_cause(causes_, shared);
    if (place.empty()) continue;
    const std::int64_t unit = causes_.integer(kUnit);
    const TimeNs last_ns = causes_.integer(kLast);
    std::vector<Until>& all = places[std::move(place)];
    Until next = all.empty() ? Until{0, kNever, kNever, unit} : all.back();
    next.first_ns = causes_.integer(kFirst);
    if (unit != next.unit && last_ns > next.last_ns) {
      next.others_last_ns = next.last_ns;
      next.unit = unit;
    }
    TimeNs& of_unit = unit == next.unit ? next.last_ns : next.others_last_ns;
    of_unit = std::max(of_unit, last_ns);
    all.push_back(next);
  }
  return places;
}

bool NearIncidents::explain_all(std::string_view cause, Shared shared, std::string_view symptom,
                                std::string_view endpoint, std::string_view place) {
  const Places& places = of_cause(cause, shared);
  const auto near_it = [&] {
    const auto there = places.find(place_of_symptom(line_, shared));
    if (there == places.end()) return false;
    const auto began_in_time = [](TimeNs until_ns, const Until& e) { return until_ns < e.first_ns; };
    const auto after = std::upper_bound(there->second.begin(), there->second.end(),
                                        add_sat(line_.integer(kLast), kNear), began_in_time);
    if (after == there->second.begin()) return false;
    const Until& best = *(after - 1);
    const TimeNs last_ns = best.unit == line_.integer(kUnit) ? best.others_last_ns : best.last_ns;
    return last_ns != kNever && line_.integer(kFirst) <= add_sat(last_ns, kNear);
  };
  line_.with(symptom, endpoint, place);
  bool any = false;
  while (line_.step()) {
    any = true;
    if (near_it()) continue;
    line_.reset();
    return false;
  }
  return any;
}

}  // namespace tcpautopsy::batch
