// What a store knows already, asked with statements prepared once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/batch/unit.h"

namespace tcpautopsy::batch {

class StoreLookup {
 public:
  explicit StoreLookup(Database& database);

  // As store.h has them.
  std::optional<std::vector<Scanned>> known(const FoundFile& file);
  bool has(const UnitPlan& unit, const std::string& fingerprint);

 private:
  std::optional<std::uint64_t> captures_in(const FoundFile& archive);
  void add_unread_members(const FoundFile& archive, std::vector<Scanned>& to);

  Statement unit_, archive_, file_, members_, unread_;
};

}  // namespace tcpautopsy::batch
