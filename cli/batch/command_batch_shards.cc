#include <fmt/format.h>

#include "analyzer/batch/shards.h"
#include "analyzer/capture/stop_reading.h"
#include "cli/batch/batch_work.h"
#include "cli/batch/progress_display.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/overwriting.h"

namespace tcpautopsy::cli {
namespace {

const std::string& plan_folder(const Options& options) {
  if (options.batch.plan.empty()) throw UsageError{"--plan DIR is missing"};
  return options.batch.plan;
}

}  // namespace

int run_batch_plan(const Options& options) {
  const std::string& folder = plan_folder(options);
  if (!options.batch.shards) throw UsageError{"--shards N is missing"};
  batch::Progress progress;
  batch::Plan plan;
  const batch::Settings settings = batch_settings(options);
  const std::vector<std::string> names = batch_inputs(options);
  end_reading_on_signals();
  {
    const ProgressDisplay display(progress, options.quiet);
    plan = batch::make_plan(names, settings, nullptr, batch_jobs(options), progress);
  }
  if (reading_stopped()) return stopped("no plan was made");
  tell_absent(plan);
  if (plan.units.empty()) {
    say("no captures were found");
    return 2;
  }
  check_captures(plan, options);
  batch::write_shards(plan, settings, *options.batch.shards, folder);
  if (!options.quiet)
    say(fmt::format("{}: {} in {}, {} in {}", folder, plural(plan.files(), "file", "files"),
                    plural(plan.units.size(), "unit", "units"), readable_bytes(plan.bytes()),
                    plural(*options.batch.shards, "shard", "shards")));
  return plan.broken() + plan.absent.size() > 0 ? 1 : 0;
}

int run_batch_shard(const Options& options) {
  const std::string& folder = plan_folder(options);
  if (!options.batch.shard) throw UsageError{"--shard I is missing"};
  const batch::ShardWork work = batch::read_shard(folder, *options.batch.shard);
  batch::Progress progress;
  batch::Outcome outcome;
  end_reading_on_signals();
  {
    const ProgressDisplay display(progress, options.quiet);
    outcome = batch::run_shard(work, folder, *options.batch.shard, batch_jobs(options), progress);
  }
  if (progress.units_done < outcome.units)
    return stopped(fmt::format("shard {}: {} of {} analysed; the same command goes on from there",
                               *options.batch.shard, grouped(progress.units_done),
                               plural(outcome.units, "unit", "units")));
  if (!options.quiet)
    say(fmt::format("shard {}: {} analysed ({} packets), {} done before", *options.batch.shard,
                    plural(outcome.units, "unit", "units"), grouped(progress.packets),
                    grouped(outcome.units_skipped)));
  // Broken files are told when all is merged: a shard that has some is as finished as any other.
  return 0;
}

int run_batch_merge(const Options& options) {
  const std::string& folder = plan_folder(options);
  if (options.batch.store.empty()) throw UsageError{"--out STORE is missing"};
  check_baseline(options);
  end_reading_on_signals();
  batch::merge_shards(folder, target_of(options.batch.store).path);
  batch::Database store(options.batch.store, batch::Database::Access::Read);
  BrokenFiles broken;
  batch::Statement rows = store.prepare("SELECT path, error FROM broken_files ORDER BY path");
  while (rows.step()) broken.emplace_back(rows.text(0), rows.text(1));
  tell_broken(broken, options);
  tell_limits(store, options, "1");
  if (finish_batch(store, options, nullptr)) return 3;
  return broken.empty() ? 0 : 1;
}

}  // namespace tcpautopsy::cli
