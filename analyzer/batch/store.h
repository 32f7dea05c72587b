// The store: what was found. At any moment it holds whole units only: one is in it altogether or not at all.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/batch/store_lookup.h"
#include "analyzer/batch/unit.h"
#include "analyzer/batch/unit_writer.h"

namespace tcpautopsy::batch {

using Meta = std::map<std::string, std::string>;

class Store {
 public:
  // Makes it if it is not there; refuses one in use, of another version, or that is none. Throws StoreError,
  // as everything here.
  explicit Store(const std::string& path);
  ~Store();  // what was put and not committed may be lost

  // What is known already of a file that has not changed: nothing need be read to plan with it.
  std::optional<std::vector<Scanned>> known(const FoundFile& file);
  bool has(const UnitPlan& unit, const std::string& fingerprint);

  // Puts the unit, which must stay until commit(), in place of every unit that shares a file with it. Small
  // units share a transaction, of 16 MB of captures, 32 MB of rows or 256 units at the most: alone they would
  // spend most of their time waiting for the disk. A larger one ends the transaction at once. May be called
  // by several threads.
  void put(const UnitPlan& unit, const std::string& fingerprint, UnitResult&& result);
  // Until commit() a thread of its own writes what is put, while others go on.
  void write_beside();
  void commit();  // once all threads have put theirs
  // What the store is made with, and what else was found: replaces what was known of these paths.
  void start(const Meta& meta, const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives);
  void set_meta(const Meta& meta);
  // Removes whatever is known of these files.
  void forget(const std::vector<Scanned>& files);
  // Removes files that hold no capture and are there no more, for nothing was read of them that could be
  // kept; and what could not be looked at and now can.
  void forget_gone();

  Database& database() { return database_; }

 private:
  struct Finished {
    const UnitPlan* unit = nullptr;
    std::string print;
    UnitResult result;
  };
  // What the transaction under way holds.
  struct Group {
    std::uint64_t units = 0, captured = 0, stored = 0;
  };

  void write(const Finished& finished);
  void write_queue();
  void join();
  void commit_group();

  Database database_;
  UnitWriter writer_;
  std::optional<StoreLookup> lookup_;  // made once it is asked for
  std::unique_ptr<Transaction> pending_;
  Group group_;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<Finished> queue_;
  std::uint64_t queued_bytes_ = 0;  // in memory
  bool over_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

// Throws StoreError unless it is a store of this version.
void check_version(Database& database);
// Makes the tables in an empty database.
void make_tables(Database& database);
// Files of the unit that `path`, one of its files, belongs to, in order; empty if there is none.
std::vector<std::string> files_of_unit(Database& database, const std::string& path, bool& merged);

}  // namespace tcpautopsy::batch
