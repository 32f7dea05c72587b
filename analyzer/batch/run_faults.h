// What one run of a batch is judged by: the captures that it named, whether they were analysed now or had not
// changed since; not what else the store holds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/batch/batch_run.h"
#include "analyzer/batch/database.h"

namespace tcpautopsy::batch {

struct RunFaults {
  std::array<std::uint64_t, 4> by_level{}, elsewhere{};  // findings, info to error: of this run; of the rest
  std::map<std::pair<std::string, std::int64_t>, std::uint64_t> findings;  // of this run, by id and level
  std::vector<std::pair<std::string, std::string>> broken;                 // files and why, by name
  std::uint64_t broken_elsewhere = 0;
};

// Holds for the rows of the run's units, after faults_of_run().
inline constexpr std::string_view kOfRun = "unit IN (SELECT unit FROM temp.this_run)";

// Of the units of the plan that the store has. Throws StoreError.
RunFaults faults_of_run(Database& store, const Plan& plan);

}  // namespace tcpautopsy::batch
