// The subcommands. Each returns contract.md's exit status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace tcpautopsy::cli {

int run_report(const Options& options);
int run_flows(const Options& options);
int run_findings(const Options& options);
int run_history(const Options& options);
int run_explain(const Options& options);
int run_ss(const Options& options);
int run_extract(const Options& options);
int run_annotate(const Options& options);
int run_stream(const Options& options);
int run_batch(const Options& options);
int run_batch_report(const Options& options);
int run_batch_plan(const Options& options);
int run_batch_shard(const Options& options);
int run_batch_merge(const Options& options);

const std::vector<Command>& commands();
const Command* find_command(std::string_view name);
const Command& command_named(std::string_view name);  // throws UsageError
std::string meant_command(std::string_view wrong);    // "; did you mean report?", or empty

std::string general_help();
std::string command_help(const Command& command);

}  // namespace tcpautopsy::cli
