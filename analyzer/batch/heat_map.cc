#include "analyzer/batch/heat_map.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analyzer/seq/seq.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::int64_t kDay = 24 * 3600;  // s

// From the first to the last slot that an incident was met in.
template <class F>
void each_slot(std::int64_t first_ns, std::int64_t last_ns, std::int64_t step, F each) {
  const std::int64_t last = last_ns / kSecond / step;
  for (std::int64_t slot = std::max(first_ns / kSecond / step, last - kMostSlots + 1); slot <= last; ++slot)
    each(slot * step);
}

void find_slots(Database& store, HeatMap& map) {
  Statement times = store.prepare("SELECT MIN(first_ns), MAX(last_ns) FROM incidents");
  times.step();
  if (times.is_null(0)) return;
  const std::int64_t first_ns = times.integer(0), last_ns = times.integer(1);
  times.reset();
  map.by_day = (last_ns - first_ns) / kSecond > 3 * kDay;
  const std::int64_t step = map.step();
  if (last_ns / kSecond / step - first_ns / kSecond / step < kMostSlots)
    return each_slot(first_ns, last_ns, step, [&](std::int64_t slot) { map.slots.push_back(slot); });
  std::set<std::int64_t> met;
  Statement rows = store.prepare("SELECT first_ns, last_ns FROM incidents");
  while (rows.step())
    each_slot(rows.integer(0), rows.integer(1), step, [&](std::int64_t slot) {
      met.insert(slot);
      if (met.size() > static_cast<std::size_t>(kMostSlots)) met.erase(met.begin());
    });
  map.slots.assign(met.begin(), met.end());
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
  std::map<std::pair<std::size_t, std::size_t>, HeatMap::Cell> cells;
  Statement rows = store.prepare("SELECT place, level, first_ns, last_ns FROM incidents");
  while (rows.step()) {
    const auto place = numbers.find(rows.text(0));
    if (place == numbers.end()) continue;
    each_slot(rows.integer(2), rows.integer(3), map.step(), [&](std::int64_t time) {
      const auto slot = std::lower_bound(map.slots.begin(), map.slots.end(), time);
      if (slot == map.slots.end() || *slot != time) return;
      const auto number = static_cast<std::size_t>(slot - map.slots.begin());
      HeatMap::Cell& cell = cells[{place->second, number}];
      cell.place = place->second;
      cell.slot = number;
      ++cell.incidents;
      cell.level = std::max(cell.level, rows.integer(1));
    });
  }
  for (const auto& [where, cell] : cells) map.cells.push_back(cell);
  return map;
}

}  // namespace tcpautopsy::batch
