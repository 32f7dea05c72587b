#include "analyzer/batch/heat_map.h"

#include <algorithm>
#include <map>
#include <utility>

#include "analyzer/seq/seq.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;  // s

void find_slots(Database& store, HeatMap& map) {
  Statement times = store.prepare("SELECT MIN(first_ns), MAX(last_ns) FROM incidents");
  times.step();
  if (times.is_null(0)) return;
  const std::int64_t first = times.integer(0) / kSecond, last = times.integer(1) / kSecond;
  map.by_day = last - first > 3 * kDay;
  const std::int64_t step = map.by_day ? kDay : kHour;
  const std::int64_t end = last / step;
  for (std::int64_t slot = std::max(first / step, end - kMostSlots + 1); slot <= end; ++slot)
    map.slots.push_back(slot * step);
}

std::map<std::string, std::size_t> find_places(Database& store, std::size_t most, HeatMap& map) {
  std::map<std::string, std::size_t> numbers;
  Statement rows = store.prepare(
      "SELECT place, MAX(level) l, COUNT(*) c FROM incidents GROUP BY place ORDER BY l DESC, c DESC, place");
  while (rows.step()) {
    if (map.places.size() == most) {
      ++map.places_left_out;
      continue;
    }
    numbers.emplace(rows.text(0), map.places.size());
    map.places.push_back(rows.text(0));
  }
  return numbers;
}

}  // namespace

HeatMap make_heat_map(Database& store, std::size_t most) {
  HeatMap map;
  find_slots(store, map);
  if (map.slots.empty()) return map;
  const std::map<std::string, std::size_t> numbers = find_places(store, most, map);
  const std::int64_t step = map.by_day ? kDay : kHour, from = map.slots.front();
  const auto slot_of = [&](std::int64_t time_ns) { return (time_ns / kSecond - from) / step; };
  std::map<std::pair<std::size_t, std::size_t>, HeatMap::Cell> cells;
  Statement rows = store.prepare("SELECT place, level, first_ns, last_ns FROM incidents");
  while (rows.step()) {
    const auto place = numbers.find(rows.text(0));
    if (place == numbers.end() || rows.integer(3) / kSecond < from) continue;
    const std::int64_t first = std::max<std::int64_t>(0, slot_of(rows.integer(2)));
    for (std::int64_t at = first; at <= slot_of(rows.integer(3)); ++at) {
      const auto slot = static_cast<std::size_t>(at);
      HeatMap::Cell& cell = cells[{place->second, slot}];
      cell.place = place->second;
      cell.slot = slot;
      ++cell.incidents;
      cell.level = std::max(cell.level, rows.integer(1));
    }
  }
  for (const auto& [where, cell] : cells) map.cells.push_back(cell);
  return map;
}

}  // namespace tcpautopsy::batch
