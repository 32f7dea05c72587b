#include "analyzer/batch/run_faults.h"

#include <algorithm>

namespace tcpautopsy::batch {
namespace {

void name_units(Database& store, const Plan& plan) {
  store.execute(
      "CREATE TEMP TABLE IF NOT EXISTS this_run (unit INTEGER PRIMARY KEY); DELETE FROM temp.this_run;");
  Statement insert = store.prepare("INSERT OR IGNORE INTO temp.this_run VALUES (?)");
  for (const UnitPlan& unit : plan.units) insert.with(unit_number(unit.name)).run();
}

}  // namespace

RunFaults faults_of_run(Database& store, const Plan& plan) {
  name_units(store, plan);
  RunFaults out;
  Statement rows = store.prepare(std::string("SELECT id, level, ") + std::string(kOfRun) +
                                 " ours, COUNT(*) FROM findings GROUP BY id, level, ours");
  while (rows.step()) {
    const std::int64_t level = rows.integer(1);
    const auto count = static_cast<std::uint64_t>(rows.integer(3));
    const bool ours = rows.integer(2) != 0;
    auto& by_level = ours ? out.by_level : out.elsewhere;
    by_level[rows.below(by_level.size(), 1)] += count;
    if (ours) out.findings[{rows.text(0), level}] += count;
  }
  Statement files =
      store.prepare("SELECT path, error FROM files WHERE state <> 'done' AND " + std::string(kOfRun));
  while (files.step()) out.broken.emplace_back(files.text(0), files.text(1));
  for (const Scanned& file : plan.unread)
    if (file.kind == Kind::Broken) out.broken.emplace_back(file.path, file.reason);
  std::sort(out.broken.begin(), out.broken.end());
  const auto all = static_cast<std::uint64_t>(store.number("SELECT COUNT(*) FROM broken_files").value_or(0));
  out.broken_elsewhere = all - std::min<std::uint64_t>(all, out.broken.size());
  return out;
}

}  // namespace tcpautopsy::batch
