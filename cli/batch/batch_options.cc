#include <array>

#include "analyzer/detect/detector.h"
#include "cli/option_values.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::array<Choice<batch::SetBy>, 4> kSetBy{{{"name", batch::SetBy::Name},
                                                      {"time", batch::SetBy::Time},
                                                      {"dir", batch::SetBy::Dir},
                                                      {"none", batch::SetBy::None}}};

Alert alert_of(const std::string& text) {
  const std::size_t equal = text.find('=');
  const std::string id = text.substr(0, equal);
  if (equal == std::string::npos) throw UsageError{fmt::format("--alert '{}' is not ID=N", text)};
  if (find_detector(id) == nullptr) throw UsageError{fmt::format("there is no finding '{}'", id)};
  return {id, count_of(text.substr(equal + 1), "alert", 0)};
}

auto text_into(std::string BatchOptions::*member) {
  return [member](Options& o, const std::string& text) { o.batch.*member = text; };
}
auto flag_into(bool BatchOptions::*member) {
  return [member](Options& o, const std::string&) { o.batch.*member = true; };
}

std::vector<Option> work_options() {
  using enum Takes;
  return {
      {"out", kStore, One, "STORE", "the store, an SQLite file; taken up if it is there",
       text_into(&BatchOptions::store)},
      {"ndjson", kStore, One, "DIR", "also write lines for other engines there, parted by day",
       text_into(&BatchOptions::ndjson)},
      {"report", kStore, One, "FILE", "write a report there; .md, .json and .html choose its form",
       text_into(&BatchOptions::report)},
      {"dry-run", kDryRun, Nothing, "", "tell the plan and read no more than it needs",
       flag_into(&BatchOptions::dry_run)},
      {"shards", kMakeShards, One, "N", "how many parts of about the same size to make",
       [](Options& o, const std::string& t) { o.batch.shards = count_of(t, "shards", 1); }},
      {"shard", kOneShard, One, "I", "which part, from 0",
       [](Options& o, const std::string& t) { o.batch.shard = count_of(t, "shard", 0); }},
      {"plan", kPlan, One, "DIR", "the folder of the plan, seen by all machines",
       text_into(&BatchOptions::plan)},
      choosing({"set-by", kScan, One, "HOW",
                "what makes files one capture: name (default: rotated files by their names), time (files of "
                "one folder that follow each other), dir (all files of a folder), none"},
               kSetBy, [](Options& o, batch::SetBy how) { o.batch.set_by = how; }),
      {"jobs,j", kScan, One, "N", "units analysed at once (default: one for each core)",
       [](Options& o, const std::string& t) {
         o.batch.jobs = static_cast<unsigned>(count_of(t, "jobs", 1));
       }}};
}

std::vector<Option> compare_options() {
  using enum Takes;
  return {
      {"baseline", kCompare, One, "STORE", "an earlier store: tell what is new, gone, worse, better",
       text_into(&BatchOptions::baseline)},
      {"alert", kCompare, Many, "ID=N", "exit with 3 if more than N findings have this id",
       [](Options& o, const std::string& t) { o.batch.alerts.push_back(alert_of(t)); }},
      {"fail-on-new", kCompare, Nothing, "", "exit with 3 if an error or warning is new against --baseline",
       flag_into(&BatchOptions::fail_on_new)},
      {"fail-on-worse", kCompare, Nothing, "",
       "exit with 3 if an error or warning is new or more frequent against --baseline",
       flag_into(&BatchOptions::fail_on_worse)}};
}

}  // namespace

OptionSection batch_section() {
  OptionSection section{"Batch", work_options()};
  for (Option& option : compare_options()) section.options.push_back(std::move(option));
  return section;
}

}  // namespace tcpautopsy::cli
