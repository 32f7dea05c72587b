#include "analyzer/batch/store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "analyzer/batch/schema.h"

namespace tcpautopsy::batch {
namespace {

// A transaction waits for the disk, whatever it holds. As much may have to be done again: some tenths of a
// second.
constexpr std::uint64_t kUnitsAtOnce = 256, kCapturedAtOnce = 16 << 20, kStoredAtOnce = 32 << 20;
// Rows that wait in memory to be written; who has more to add waits too.
constexpr std::uint64_t kMostWaiting = 32 << 20;

std::uint64_t waiting_bytes(const UnitResult& result) {
  return result.flows.bytes_in_memory() + result.findings.bytes_in_memory() +
         result.incidents.bytes_in_memory();
}

void put_meta(Database& database, const Meta& meta) {
  Statement put = database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  for (const auto& [key, value] : meta) put.with(std::string_view(key), std::string_view(value)).run();
}

Database& ready(Database& database) {
  if (database.number("SELECT COUNT(*) FROM sqlite_master") == 0)
    make_tables(database);
  else
    check_version(database);
  return database;
}

}  // namespace

void check_version(Database& database) {
  if (!database.number("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))
    throw StoreError(database.path() + ": is not a tcpautopsy store");
  const auto version = database.number("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'schema'");
  if (version == kSchemaVersion) return;
  const bool older = version.value_or(0) < kSchemaVersion;
  throw StoreError(
      fmt::format("{}: this store was made by {} version of tcpautopsy (its tables are of version {}, this "
                  "program's of {}); {}",
                  database.path(), older ? "an earlier" : "a later", version.value_or(0), kSchemaVersion,
                  older ? "make it anew from the captures" : "read it with that version"));
}

void make_tables(Database& database) {
  Transaction transaction(database);
  database.execute(kTables);
  database.execute(kViews);
  database.prepare("INSERT INTO meta VALUES ('schema', ?)")
      .with(std::string_view(std::to_string(kSchemaVersion)))
      .run();
  transaction.commit();
}

std::vector<std::string> files_of_unit(Database& database, const std::string& path, bool& merged) {
  std::vector<std::string> files;
  Statement rows = database.prepare(
      "SELECT path, merged FROM files JOIN units USING (unit) WHERE unit = (SELECT unit FROM files WHERE "
      "path = ? "
      "LIMIT 1) ORDER BY file");
  rows.with(std::string_view(path));
  while (rows.step()) {
    files.push_back(rows.text(0));
    merged = rows.integer(1) != 0;
  }
  return files;
}

Store::Store(const std::string& path) : database_(path, Database::Access::Write), writer_(ready(database_)) {}

std::optional<std::vector<Scanned>> Store::known(const FoundFile& file) {
  if (!lookup_) lookup_.emplace(database_);
  return lookup_->known(file);
}

bool Store::has(const UnitPlan& unit, const std::string& print) {
  if (!lookup_) lookup_.emplace(database_);
  return lookup_->has(unit, print);
}

void Store::write_beside() {
  thread_ = std::thread([this] { write_queue(); });
}

void Store::put(const UnitPlan& unit, const std::string& print, UnitResult&& result) {
  std::unique_lock lock(mutex_);
  if (thread_.joinable()) changed_.wait(lock, [&] { return failure_ || queued_bytes_ < kMostWaiting; });
  if (failure_) std::rethrow_exception(failure_);
  Finished finished{&unit, print, std::move(result)};
  if (thread_.joinable()) {
    queued_bytes_ += waiting_bytes(finished.result);
    queue_.push_back(std::move(finished));
    changed_.notify_all();
    return;
  }
  try {
    write(finished);
  } catch (...) {
    failure_ = std::current_exception();
    throw;
  }
}

void Store::write_queue() {
  std::unique_lock lock(mutex_);
  while (!failure_) {
    changed_.wait(lock, [&] { return over_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Finished next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      write(next);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    queued_bytes_ -= waiting_bytes(next.result);
    failure_ = failure;
    changed_.notify_all();
  }
}

void Store::join() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
  over_ = false;
}

void Store::write(const Finished& finished) {
  if (!pending_) pending_ = std::make_unique<Transaction>(database_);
  try {
    writer_.put(*finished.unit, finished.print, finished.result);
    ++group_.units;
    group_.captured += finished.unit->bytes;
    group_.stored +=
        finished.result.flows.bytes() + finished.result.findings.bytes() + finished.result.incidents.bytes();
    if (group_.units >= kUnitsAtOnce || group_.captured >= kCapturedAtOnce || group_.stored >= kStoredAtOnce)
      commit_group();
  } catch (...) {
    pending_.reset();
    throw;
  }
}

void Store::commit_group() {
  if (pending_) pending_->commit();
  pending_.reset();
  group_ = {};
}

void Store::commit() {
  join();
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  commit_group();
}

Store::~Store() { join(); }

void Store::start(const Meta& meta, const std::vector<Scanned>& unread,
                  const std::vector<ArchiveFacts>& archives) {
  const std::lock_guard lock(mutex_);
  commit_group();
  Transaction transaction(database_);
  put_meta(database_, meta);
  writer_.put(unread, archives);
  transaction.commit();
}

void Store::forget(const std::vector<Scanned>& files) {
  const std::lock_guard lock(mutex_);
  commit_group();
  Transaction transaction(database_);
  writer_.forget(files);
  transaction.commit();
}

void Store::forget_gone() {
  const std::lock_guard lock(mutex_);
  commit_group();
  std::vector<std::string> gone;
  Statement rows = database_.prepare("SELECT path, IFNULL(archive, path), mtime_ns FROM unread");
  while (rows.step()) {
    const bool there = ::access(rows.text(1).c_str(), F_OK) == 0 || errno != ENOENT;
    // Without a time: it could not be looked at.
    const bool opened = rows.integer(2) == 0 && ::access(rows.text(1).c_str(), R_OK | X_OK) == 0;
    if (!there || opened) gone.push_back(rows.text(0));
  }
  if (gone.empty()) return;
  Transaction transaction(database_);
  Statement remove = database_.prepare("DELETE FROM unread WHERE path = ?");
  for (const std::string& path : gone) remove.with(std::string_view(path)).run();
  transaction.commit();
}

void Store::set_meta(const Meta& meta) {
  const std::lock_guard lock(mutex_);
  commit_group();
  Transaction transaction(database_);
  put_meta(database_, meta);
  transaction.commit();
}

}  // namespace tcpautopsy::batch
