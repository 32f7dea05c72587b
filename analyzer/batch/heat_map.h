// When incidents were met, and where: how many in each span of time at each place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/batch/database.h"

namespace tcpautopsy::batch {

struct HeatMap {
  struct Cell {
    std::size_t slot = 0, place = 0;
    std::int64_t incidents = 0, level = 0;  // how many that were met then, and the gravest
  };
  bool by_day = false;              // else a slot is an hour
  std::vector<std::int64_t> slots;  // when each begins, in s since 1970, in order
  std::vector<std::string> places;  // services, hosts or clients, worst first
  std::vector<Cell> cells;          // those with incidents
  std::int64_t places_left_out = 0;

  std::int64_t step() const { return by_day ? 86400 : 3600; }  // s
};

// Hours, or days where incidents are more than three days apart; where there are more than kMostSlots of
// them, the last of those with incidents. At most `most` places.
constexpr std::int64_t kMostSlots = 72;
HeatMap make_heat_map(Database& store, std::size_t most);

}  // namespace tcpautopsy::batch
