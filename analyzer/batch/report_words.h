// What the parts of a report on a store share in words.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/batch/report.h"

namespace tcpautopsy::batch {

// As to_string(EndpointAddress).
std::string place_text(const std::string& ip, std::int64_t port);

// How a unit of the store is named to a command, with the filter it was read with.
class UnitNames {
 public:
  explicit UnitNames(Database& store);
  // `files`: of the unit, one of which is `path`.
  std::string input(std::int64_t files, const std::string& unit, const std::string& path) const;

 private:
  std::string store_, filter_;
};

// `known`: the baseline has it.
Trend trend_of(std::int64_t now, std::int64_t before, bool known);

// Where the baseline has it at another level (3 error .. 0 info) that decides, not the numbers.
Trend trend_of_levels(std::int64_t now, std::int64_t before, std::int64_t level, std::int64_t level_before);

}  // namespace tcpautopsy::batch
