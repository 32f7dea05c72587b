#include "cli/commands.h"

#include <fmt/format.h>

#include "analyzer/report/text/explain.h"
#include "analyzer/report/text/text.h"
#include "cli/option_table.h"

namespace tcpautopsy::cli {
namespace {

// By their sections in the table of options.
struct MostUsed {
  std::string_view section;
  std::vector<std::string_view> names;
};

// "  --flow N      these flows: ...", wrapped.
std::string option_line(const Option& option) {
  constexpr std::size_t kNames = 21, kWidth = 80;
  return paragraph("  " + padded("--" + option.long_name() + " " + option.shown, kNames), option.help,
                   kWidth);
}

std::string most_used_options() {
  static const std::vector<MostUsed> most_used{
      {"Selection", {"flow", "host", "port", "finding", "severity", "since"}},
      {"Input", {"filter"}},
      {"Output", {"output", "fail-on", "no-pager"}}};
  std::string out;
  for (const MostUsed& group : most_used) {
    out += fmt::format("{}, most used:\n", group.section);
    for (const OptionSection& section : option_table())
      for (const std::string_view name : group.names)
        for (const Option& option : section.options)
          if (section.heading == group.section && option.long_name() == name) out += option_line(option);
  }
  return out;
}

}  // namespace

const std::vector<Command>& commands() {
  constexpr unsigned reading = kInput | kSelect | kFailOn | kAnonymize;
  static const std::vector<Command> all{
      {"report",
       "what went wrong, worst first, on one screen",
       "FILE...",
       reading | kAll | kLimit,
       {"text", "markdown", "json", "html"},
       run_report},
      {"flows",
       "a line for each connection",
       "FILE...",
       reading | kUnordered,
       {"table", "ndjson", "csv"},
       run_flows},
      {"findings",
       "a line for each finding",
       "FILE...",
       reading | kUnordered,
       {"table", "ndjson", "csv"},
       run_findings},
      {"history",
       "a connection as a ladder of segments and states",
       "--flow N FILE...",
       reading | kFull,
       {"text", "ndjson", "svg", "mermaid", "html"},
       run_history},
      {"explain",
       "what a finding means, how to confirm it, what to do; all findings without ID",
       "[ID...]",
       kSettings | kExamples,
       {"text", "markdown", "ndjson"},
       run_explain},
      {"ss",
       "the socket table of every host at a moment, or through time",
       "--at TIME|--watch SECONDS FILE...",
       reading | kSockets,
       {"table", "ndjson", "csv"},
       run_ss},
      {"stream",
       "the bytes that a connection's applications got, in order",
       "--flow N FILE...",
       kInput | kStream,
       {"text", "hex", "raw", "ndjson"},
       run_stream},
      {"extract",
       "the packets of connections, as pcapng",
       "--flow N -o FILE FILE...",
       reading | kAnnotate,
       {},
       run_extract},
      {"annotate",
       "the captures as pcapng, states and findings as packet comments",
       "-o FILE FILE...",
       reading,
       {},
       run_annotate},
      {"batch",
       "analyse archives of captures into a store, taking up where the last run ended",
       "PATH... --out STORE",
       kStore | kDryRun | kScan | kCompare | kProfile | kFailOn | kAnonymize,
       {},
       run_batch},
      {"batch plan",
       "split a batch into shards for several machines",
       "PATH... --shards N --plan DIR",
       kMakeShards | kPlan | kScan | kProfile,
       {},
       run_batch_plan},
      {"batch run",
       "analyse one shard of a plan",
       "--plan DIR --shard I",
       kOneShard | kPlan | kScan,
       {},
       run_batch_shard},
      {"batch merge",
       "make one store of a plan's shards",
       "--plan DIR --out STORE",
       kStore | kPlan | kCompare | kFailOn,
       {},
       run_batch_merge},
      {"batch report",
       "what went wrong, where, since when, from a store",
       "STORE",
       kCompare | kLimit | kFailOn,
       {"text", "markdown", "json", "html"},
       run_batch_report}};
  return all;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

const Command& command_named(std::string_view name) {
  if (const Command* command = find_command(name)) return *command;
  throw UsageError{fmt::format("there is no command '{}'{}", name, meant_command(name))};
}

std::string meant_command(std::string_view wrong) {
  std::vector<std::string_view> names{"help", "version"};
  for (const Command& command : commands()) names.push_back(command.name);
  const auto near = near_words(wrong, names);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near.front());
}

std::string general_help() {
  std::string out =
      "tcpautopsy tells from a packet capture what became of each TCP connection, and why.\n\n"
      "Usage: tcpautopsy [COMMAND] [OPTION...] FILE...\n\n"
      "FILE is a pcap, pcapng or snoop capture, also compressed (gz, xz, zst, lz4, bz2), or - for standard "
      "input.\n\n"
      "Commands (report, if none is named):\n";
  for (const Command& command : commands())
    out += fmt::format("  {:<13} {}\n", command.name, command.purpose);
  out +=
      "  help          all options of a command\n"
      "  version       the version, as --version\n\n";
  out += most_used_options();
  out +=
      "\n"
      "Exit status: 0 done; 1 done, but some input was damaged or left out; 2 nothing could be done; 3 "
      "--fail-on met; 130, 143 "
      "ended by a signal.\n";
  return out;
}

std::string command_help(const Command& command) {
  return fmt::format("Usage: tcpautopsy {} [OPTION...] {}\n\n{}: {}.\n{}", command.name, command.usage,
                     command.name, command.purpose, options_help(command));
}

}  // namespace tcpautopsy::cli
