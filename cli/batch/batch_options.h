// What the command line asks of `batch` and its kin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/batch/capture_sets.h"

namespace tcpautopsy::cli {

// "ID=N": exit with 3 if there are more findings of that id than N.
struct Alert {
  std::string id;
  std::uint64_t most = 0;
};

struct BatchOptions {
  std::string store;  // --out
  std::string ndjson, report, baseline;
  batch::SetBy set_by = batch::SetBy::Name;
  unsigned jobs = 0;  // 0: one for each core
  bool dry_run = false;
  bool fail_on_new = false, fail_on_worse = false;
  std::vector<Alert> alerts;
  std::string plan;  // folder of a plan for several machines
  std::optional<std::uint64_t> shards, shard;
};

}  // namespace tcpautopsy::cli
