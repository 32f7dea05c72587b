#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <thread>

#include "analyzer/batch/batch_run.h"
#include "analyzer/capture/capture_filter.h"
#include "analyzer/capture/stop_reading.h"
#include "cli/batch/batch_work.h"
#include "cli/batch/progress_display.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/overwriting.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::size_t kBrokenTold = 20;

void tell_plan(const Options& options, const batch::Plan& plan) {
  Output out(options.output);
  for (const batch::UnitPlan& unit : plan.units) {
    out.line(fmt::format("{}  {}, {}{}", printable(unit.name), plural(unit.files.size(), "file", "files"),
                         readable_bytes(unit.bytes), unit.merged ? ", merged by time" : ""));
    if (unit.files.size() < 2) continue;
    for (const batch::Scanned& file : unit.files) out.line("    " + printable(file.path));
  }
  for (const batch::Missing& file : plan.absent) out.line(printable(file.path) + "  missing: " + file.reason);
  for (const batch::Scanned& file : plan.unread)
    out.line(fmt::format("{}  {}: {}", printable(file.path),
                         file.kind == batch::Kind::Broken ? "broken" : "no capture", printable(file.reason)));
  out.line(fmt::format("{} of {} in {}; {} that are no captures, {} broken",
                       plural(plan.files(), "capture", "captures"), readable_bytes(plan.bytes()),
                       plural(plan.units.size(), "unit", "units"),
                       grouped(plan.unread.size() - plan.broken()), grouped(plan.broken())));
  out.close();
}

int exit_status(const batch::Plan& plan, const batch::RunFaults& faults, bool alarmed) {
  if (alarmed) return 3;
  return plan.absent.empty() && faults.broken.empty() ? 0 : 1;
}

// What this run is not judged by.
void tell_elsewhere(const batch::RunFaults& faults, const Options& options) {
  std::string out;
  const auto count = [&](std::uint64_t many, std::string_view one, std::string_view several) {
    if (many > 0) out += (out.empty() ? "" : ", ") + plural(many, one, several);
  };
  count(faults.elsewhere[3], "error", "errors");
  count(faults.elsewhere[2], "warning", "warnings");
  count(faults.broken_elsewhere, "broken file", "broken files");
  if (!out.empty() && !options.quiet)
    say(fmt::format("{} holds {} of captures that were not named now; batch report tells them",
                    options.batch.store, out));
}

}  // namespace

std::vector<std::string> batch_inputs(const Options& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.files) {
    if (name != "-") {
      names.push_back(name);
      continue;
    }
    // As `find` prints them, or with -print0.
    std::string list((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    const char separator = list.find('\0') != std::string::npos ? '\0' : '\n';
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t end = std::min(list.find(separator, at), list.size());
      if (end > at) names.push_back(list.substr(at, end - at));
      at = end + 1;
    }
  }
  if (names.empty()) throw UsageError{"no file or folder is named"};
  return names;
}

batch::Settings batch_settings(const Options& options) {
  batch::Settings settings;
  settings.filter = options.filter;
  settings.profile = options.profile;
  settings.thresholds = options.thresholds;
  settings.set_by = options.batch.set_by;
  settings.bounds = options.bounds;
  settings.most_expansion = options.most_expansion;
  settings.anonymize = options.anonymize;
  if (!options.filter.empty()) CaptureFilter(options.filter, {}, "--filter");
  return settings;
}

int stopped(std::string_view what) {
  say(fmt::format("{}; {}", word_of_signal(), what));
  return status_of_signal();
}

void check_captures(const batch::Plan& plan, const Options& options) {
  OverwriteGuard guard;
  for (const batch::UnitPlan& unit : plan.units)
    for (const batch::Scanned& file : unit.files)
      guard.reads(file.archive.empty() ? file.path : file.archive, "the input");
  const BatchOptions& batch = options.batch;
  if (!batch.store.empty()) guard.writes(batch.store, "--out");
  if (!batch.report.empty()) guard.writes(batch.report, "--report");
  if (!batch.plan.empty()) guard.writes(batch.plan + "/plan.db", "--plan");
}

unsigned batch_jobs(const Options& options) {
  return options.batch.jobs > 0 ? options.batch.jobs : std::max(1U, std::thread::hardware_concurrency());
}

void tell_absent(const batch::Plan& plan) {
  for (const batch::Missing& file : plan.absent) say(fmt::format("{}: {}", file.path, file.reason));
}

void tell_broken(const BrokenFiles& broken, const Options& options) {
  if (options.quiet) return;
  const std::size_t told = std::min(broken.size(), kBrokenTold);
  for (std::size_t i = 0; i < told; ++i) say(fmt::format("{}: {}", broken[i].first, broken[i].second));
  if (broken.size() > told)
    say(fmt::format("and {} more; the store's view broken_files has all", grouped(broken.size() - told)));
}

// What was left out of some captures for want of room.
void tell_limits(batch::Database& database, const Options& options, std::string_view of) {
  if (options.quiet) return;
  batch::Statement rows = database.prepare(
      fmt::format("SELECT name, limits FROM units WHERE limits <> '' AND {} ORDER BY name", of));
  std::size_t told = 0, all = 0;
  for (; rows.step(); ++all)
    if (told < kBrokenTold) say(fmt::format("{}: note: limits met: {}", rows.text(0), rows.text(1))), ++told;
  if (all > told) say(fmt::format("and {} more; the store's table units has all", grouped(all - told)));
}

int run_batch(const Options& options) {
  const std::vector<std::string> names = batch_inputs(options);
  const batch::Settings settings = batch_settings(options);
  batch::Progress progress;
  end_reading_on_signals();
  if (options.batch.dry_run) {
    const batch::Plan plan = batch::make_plan(names, settings, nullptr, batch_jobs(options), progress);
    if (reading_stopped()) return stopped("no plan was made");
    tell_plan(options, plan);
    return plan.units.empty() ? 2 : plan.broken() + plan.absent.size() > 0 ? 1 : 0;
  }
  if (options.batch.store.empty()) throw UsageError{"--out STORE is missing"};
  check_baseline(options);
  batch::Store store(options.batch.store);
  batch::Plan plan;
  batch::Outcome outcome;
  {
    const ProgressDisplay display(progress, options.quiet);
    plan = batch::make_plan(names, settings, &store, batch_jobs(options), progress);
    if (reading_stopped()) return stopped("nothing was analysed");
    check_captures(plan, options);
    outcome = batch::run_plan(plan, settings, store, batch_jobs(options), progress);
  }
  tell_absent(plan);
  const batch::RunFaults faults = batch::faults_of_run(store.database(), plan);
  tell_broken(faults.broken, options);
  tell_limits(store.database(), options, batch::kOfRun);
  if (!options.quiet)
    say(fmt::format("{}: {} analysed ({}, {} packets), {} unchanged", options.batch.store,
                    plural(progress.units_done, "unit", "units"),
                    plural(progress.files_done, "file", "files"), grouped(progress.packets),
                    grouped(outcome.units_skipped)));
  if (plan.units.empty()) {
    say("no captures were found");
    return 2;
  }
  const bool alarmed = finish_batch(store.database(), options, &faults);
  tell_elsewhere(faults, options);
  if (progress.units_done < outcome.units)
    return stopped(fmt::format(
        "{} of {} analysed, and what is told is of these and of what {} had; the same "
        "command goes on from there",
        grouped(progress.units_done), plural(outcome.units, "unit", "units"), options.batch.store));
  return exit_status(plan, faults, alarmed);
}

}  // namespace tcpautopsy::cli
