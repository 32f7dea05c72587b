// A whole batch: find, scan, plan, analyse what is new, store.
#pragma once

#include <string>
#include <vector>

#include "analyzer/batch/store.h"

namespace tcpautopsy::batch {

struct Plan {
  std::vector<UnitPlan> units;
  std::vector<Scanned> unread;  // no captures; those that should be are Kind::Broken
  std::vector<ArchiveFacts> archives;
  std::vector<Missing> absent;  // named, but there is no such file; no store keeps them
  std::uint64_t files() const;
  std::uint64_t bytes() const;
  std::uint64_t broken() const;
};

// Looks at every file, unless the store (may be null) knows it. `jobs` threads. Worth nothing once reading
// was stopped.
Plan make_plan(const std::vector<std::string>& names, const Settings& settings, Store* store, unsigned jobs,
               Progress& progress);

struct Outcome {
  std::uint64_t units = 0, units_skipped = 0;  // skipped: they had not changed
};

// Analyses the units that the store has not, until reading is stopped. Whatever ends it, the units done (by
// `progress`) are kept. Throws StoreError.
Outcome run_plan(const Plan& plan, const Settings& settings, Store& store, unsigned jobs, Progress& progress);

}  // namespace tcpautopsy::batch
