// The store: what was found. At any moment it holds whole units only: one is in it altogether or not at all.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
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

class Store {
 public:
  // Makes it if it is not there; refuses one in use, of another version, or that is none. Throws StoreError,
  // as everything here.
  explicit Store(const std::string& path);
  ~Store();  // what was put and not committed is lost

  // What is known already of a file that has not changed: nothing need be read to plan with it.
  std::optional<std::vector<Scanned>> known(const FoundFile& file);
  bool has(const UnitPlan& unit, const std::string& fingerprint);

  // Puts the unit in place of every unit that shares a file with it, and commits now and then: small units
  // would spend most of their time waiting for the disk. May be called by several threads.
  void put(const UnitPlan& unit, const std::string& fingerprint, const UnitResult& result);
  void commit();
  // What else was found: replaces what was known of these paths.
  void put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives);
  void set_meta(const std::string& key, const std::string& value);
  // Removes whatever is known of these files.
  void forget(const std::vector<Scanned>& files);

  Database& database() { return database_; }

 private:
  void remove_units_of(const std::vector<Scanned>& files);
  void insert(const UnitPlan& unit, std::int64_t number, const UnitResult& result);
  void insert_unit(const UnitPlan& unit, const std::string& fingerprint, const UnitResult& result);
  void settle();

  Database database_;
  std::unique_ptr<Transaction> pending_;
  std::uint64_t pending_units_ = 0, pending_rows_ = 0;
  std::mutex mutex_;
};

// Throws StoreError unless it is a store of this version.
void check_version(Database& database);
// Makes the tables in an empty database.
void make_tables(Database& database);
// Files of the unit that `path`, one of its files, belongs to, in order; empty if there is none.
std::vector<std::string> files_of_unit(Database& database, const std::string& path, bool& merged);

}  // namespace tcpautopsy::batch
