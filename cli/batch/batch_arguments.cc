#include "cli/batch/batch_arguments.h"

#include <fmt/format.h>

#include <charconv>

#include "analyzer/detect/detector.h"

namespace tcpautopsy::cli {
namespace {

namespace po = boost::program_options;

std::uint64_t count_of(const std::string& text, std::string_view option, std::uint64_t least) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > 1'000'000)
    throw UsageError{fmt::format("--{} '{}' is no number from {} to 1000000", option, text, least)};
  return number;
}

batch::SetBy set_by_of(const std::string& text) {
  if (text == "name") return batch::SetBy::Name;
  if (text == "time") return batch::SetBy::Time;
  if (text == "dir") return batch::SetBy::Dir;
  if (text == "none") return batch::SetBy::None;
  throw UsageError{fmt::format("--set-by '{}' is none of name, time, dir, none", text)};
}

Alert alert_of(const std::string& text) {
  const std::size_t equal = text.find('=');
  const std::string id = text.substr(0, equal);
  if (equal == std::string::npos) throw UsageError{fmt::format("--alert '{}' is not ID=N", text)};
  if (find_detector(id) == nullptr) throw UsageError{fmt::format("there is no finding '{}'", id)};
  return {id, count_of(text.substr(equal + 1), "alert", 0)};
}

auto* text_value(const char* shown, std::string& into) { return po::value(&into)->value_name(shown); }

template <class Use>
auto* word(const char* shown, Use use) {
  return po::value<std::string>()->value_name(shown)->notifier(use);
}

void add_scan_options(po::options_description& group, BatchOptions& b) {
  group.add_options()(
      "set-by", word("HOW", [&b](const std::string& t) { b.set_by = set_by_of(t); }),
      "what makes files one capture: name (default: rotated files by their names), time (files of "
      "one folder that follow each other), dir (all files of a folder), none")(
      "jobs,j",
      word("N", [&b](const std::string& t) { b.jobs = static_cast<unsigned>(count_of(t, "jobs", 1)); }),
      "units analysed at once (default: one for each core)");
}

void add_report_options(po::options_description& group, BatchOptions& b) {
  group.add_options()("baseline", text_value("STORE", b.baseline),
                      "an earlier store: tell what is new, gone, worse, better")(
      "alert",
      po::value<std::vector<std::string>>()->value_name("ID=N")->notifier(
          [&b](const std::vector<std::string>& all) {
            for (const std::string& text : all) b.alerts.push_back(alert_of(text));
          }),
      "exit with 3 if more than N findings have this id")(
      "fail-on-new", po::bool_switch(&b.fail_on_new),
      "exit with 3 if an error or warning is new against --baseline")(
      "fail-on-worse", po::bool_switch(&b.fail_on_worse),
      "exit with 3 if an error or warning is new or more frequent against --baseline");
}

}  // namespace

po::options_description batch_group(std::string_view command, Options& options) {
  BatchOptions& b = options.batch;
  po::options_description group("Batch");
  const bool reads = command == "batch" || command == "batch plan" || command == "batch run";
  if (command == "batch" || command == "batch merge")
    group.add_options()("out", text_value("STORE", b.store),
                        "the store, an SQLite file; taken up if it is there")(
        "ndjson", text_value("DIR", b.ndjson), "also write lines for other engines there, parted by day")(
        "report", text_value("FILE", b.report), "write a report there; .md and .json choose its form");
  if (command == "batch")
    group.add_options()("dry-run", po::bool_switch(&b.dry_run),
                        "tell the plan and read no more than it needs");
  if (command == "batch plan")
    group.add_options()("shards",
                        word("N", [&b](const std::string& t) { b.shards = count_of(t, "shards", 1); }),
                        "how many parts of about the same size to make");
  if (command == "batch run")
    group.add_options()("shard", word("I", [&b](const std::string& t) { b.shard = count_of(t, "shard", 0); }),
                        "which part, from 0");
  if (command == "batch plan" || command == "batch run" || command == "batch merge")
    group.add_options()("plan", text_value("DIR", b.plan), "the folder of the plan, seen by all machines");
  if (reads) add_scan_options(group, b);
  if (command != "batch plan" && command != "batch run") add_report_options(group, b);
  return group;
}

}  // namespace tcpautopsy::cli
