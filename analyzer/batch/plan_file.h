// The plan of a batch on several machines, written once and read by all: an SQLite file in the plan's folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/batch/shards.h"

namespace tcpautopsy::batch {

class PlanFile {
 public:
  struct New {};
  explicit PlanFile(const std::string& folder);  // throws StoreError if there is none
  // Throws StoreError where something that is no plan has its name. Without close() the old plan stays.
  PlanFile(const std::string& folder, New);
  ~PlanFile();
  PlanFile(const PlanFile&) = delete;
  PlanFile& operator=(const PlanFile&) = delete;

  void put(const Settings& settings, std::uint64_t shards);
  void put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives);
  void put(std::uint64_t shard, const UnitPlan& unit, std::uint64_t part, std::uint64_t parts);
  void close();  // makes it the folder's plan

  // All but the units.
  ShardWork head();
  // Of one shard, or of all; a unit that was split once for each part then.
  std::vector<UnitPlan> units(std::optional<std::uint64_t> shard);

 private:
  void forget();
  void text(const std::string& key, const std::string& value);

  std::string final_path_;
  std::optional<Database> database_;
  std::int64_t next_ = 0;
};

}  // namespace tcpautopsy::batch
