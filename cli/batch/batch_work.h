// What the batch commands share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/batch/batch_run.h"
#include "analyzer/batch/run_faults.h"
#include "cli/options.h"

namespace tcpautopsy::cli {

// The names given, with those of standard input in the place of "-".
std::vector<std::string> batch_inputs(const Options& options);
batch::Settings batch_settings(const Options& options);
unsigned batch_jobs(const Options& options);

// Throws where what is asked needs an earlier store that is not given or is none; before anything is read.
void check_baseline(const Options& options);
// Throws UsageError where something that is to be written is a capture of the plan.
void check_captures(const batch::Plan& plan, const Options& options);
// Reading was stopped by a signal: says so and what came of it; the exit status.
int stopped(std::string_view what);
// What was named and is not there, on standard error.
void tell_absent(const batch::Plan& plan);
// Broken files on standard error.
using BrokenFiles = std::vector<std::pair<std::string, std::string>>;  // and why
void tell_broken(const BrokenFiles& broken, const Options& options);
// Limits that were met on standard error, of the units for which the condition `of` holds.
void tell_limits(batch::Database& database, const Options& options, std::string_view of);
// Lines for other engines and the report, as asked for. True if a threshold for alerting is passed: by the
// findings of the run, or of all that the store holds where that is null.
bool finish_batch(batch::Database& database, const Options& options, const batch::RunFaults* run);

}  // namespace tcpautopsy::cli
