// A batch split for several machines: a plan that all of them see, a store for each shard, one merged store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/batch/batch_run.h"

namespace tcpautopsy::batch {

// Writes the plan into the folder: shards of about the same size. A capture larger than a shard is split by
// a hash of its connections' ends: each part follows all connections, for what is found of one may hang on
// others (completions of its service, findings about its hosts, its number), and makes the rows of its own.
// Throws StoreError, as all here.
void write_shards(const Plan& plan, const Settings& settings, std::uint64_t shards,
                  const std::string& folder);

struct ShardWork {
  Plan plan;  // of this shard alone
  Settings settings;
  std::uint64_t shards = 0;
  std::string print;  // tells plans apart
};
ShardWork read_shard(const std::string& folder, std::uint64_t shard);

// Takes the shard up where its last run ended. It is not finished if reading was stopped.
Outcome run_shard(const ShardWork& work, const std::string& folder, std::uint64_t shard, unsigned jobs,
                  Progress& progress);

// Puts what the shards found into the store, in place of what it knew of the same files: all of it or
// nothing. Refuses while a shard is not finished, and once reading was stopped.
void merge_shards(const std::string& folder, const std::string& store);

}  // namespace tcpautopsy::batch
