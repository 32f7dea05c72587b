// Writes what was found into the tables of a store, with statements prepared once. Transactions are the
// caller's.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/batch/unit.h"

namespace tcpautopsy::batch {

// An archive that was looked through.
struct ArchiveFacts {
  std::string path, error;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t captures = 0, others = 0;
};

class UnitWriter {
 public:
  // The tables must be there, and the database must stay.
  explicit UnitWriter(Database& database);

  // In place of every unit that shares a file with it.
  void put(const UnitPlan& unit, const std::string& fingerprint, const UnitResult& result);
  // In place of what was known of these paths.
  void put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives);
  // Removes whatever is known of these files.
  void forget(const std::vector<Scanned>& files);

 private:
  void put_files(const UnitPlan& unit, std::int64_t number, const UnitResult& result);
  static void put_rows(std::int64_t number, const RowSpool& rows, Statement& insert);

  Statement unit_of_file_, forget_unread_;
  std::vector<Statement> forget_unit_;  // one a table
  Statement insert_unit_, insert_file_, insert_flow_, insert_finding_, insert_incident_, insert_unread_,
      insert_archive_;
};

}  // namespace tcpautopsy::batch
