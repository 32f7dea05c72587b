// One unit from its files to the rows of the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/anonymize/address_cipher.h"
#include "analyzer/batch/capture_sets.h"
#include "analyzer/batch/row_spool.h"
#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/expansion.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy::batch {

struct Settings {
  std::string filter;
  Profile profile;
  Thresholds thresholds;
  SetBy set_by = SetBy::Name;
  Bounds bounds;
  std::uint64_t most_expansion = kUsualExpansion;  // of compressed input, in times
  std::shared_ptr<const AnonymizeKey> anonymize;   // null: addresses are told as they are
};

// What a run has done so far, for whoever watches; written by all its threads.
struct Progress {
  std::atomic<std::uint64_t> files_found{0}, files_scanned{0};
  std::atomic<std::uint64_t> units{0}, files{0}, bytes{0};  // to be done, known once the plan is made
  std::atomic<std::uint64_t> units_done{0}, files_done{0}, bytes_done{0}, packets{0}, flows{0}, findings{0},
      errors{0};
  std::atomic<bool> planned{false};
};

struct FileFacts {
  std::string format, link_types, state = "done", error;
  std::uint64_t packets = 0;
  std::optional<std::int64_t> first_ns, last_ns;
  std::optional<std::uint64_t> dropped;
};

struct UnitResult {
  std::vector<FileFacts> files;  // as the plan has them
  std::string state = "done";
  std::uint64_t packets = 0, filtered_out = 0, tcp_packets = 0, cut_packets = 0, malformed = 0,
                unknown_link_type = 0, duplicates = 0, flow_count = 0;
  std::optional<std::uint64_t> dropped;
  std::optional<std::int64_t> first_ns, last_ns, end_ns;
  std::string limits;  // that were met: a name and a number each, with commas; empty for none
  RowSpool flows, findings, incidents;  // as the tables have their columns, the unit left out
};

// Made from the name alone, so that a unit has the same number in every store.
std::int64_t unit_number(const std::string& name);
// Changes with whatever the unit's rows hang on.
std::string fingerprint(const UnitPlan& unit, const Settings& settings);
std::string fingerprint_of(std::string_view text);
// All settings as text, for the store; with `anonymize` without the filter, which may name addresses.
std::string settings_text(const Settings& settings);

// Never throws for what is wrong with the files: that is in the result. Throws std::system_error where the
// temporary file fails.
UnitResult analyse_unit(const UnitPlan& unit, const Settings& settings, MemberShelf& shelf,
                        Progress& progress);

}  // namespace tcpautopsy::batch
