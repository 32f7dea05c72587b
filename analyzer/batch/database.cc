#include "analyzer/batch/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace tcpautopsy::batch {
namespace {

[[noreturn]] void fail(sqlite3* database, const std::string& path, int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      throw StoreError(
          path + ": the disk is full; what was finished is kept, and the same command goes on from there");
    case SQLITE_BUSY:
    case SQLITE_LOCKED: throw StoreError(path + ": another run (or program) is using this store");
    case SQLITE_NOTADB: throw StoreError(path + ": is not a tcpautopsy store");
    case SQLITE_CORRUPT: throw StoreError(path + ": the store is damaged");
    default: break;
  }
  const int cause = database != nullptr ? sqlite3_system_errno(database) : 0;
  // A full disk also shows as a failed write of the log, by whatever step came first.
  if (cause == ENOSPC || cause == EDQUOT)
    throw StoreError(
        path + ": the disk is full; what was finished is kept, and the same command goes on from there");
  std::string message = path + ": " + (database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code));
  if (cause != 0) message += std::string(" (") + std::strerror(cause) + ")";
  throw StoreError(message);
}

void require_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw StoreError(path + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw StoreError(path + ": is not a tcpautopsy store");
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* database, const std::string& name, std::string_view sql)
    : database_(database), name_(name) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) fail(database, name, code);
  statement_.reset(statement);
}

Statement& Statement::bind(int parameter, const Cell& value) {
  return set(parameter, value, SQLITE_TRANSIENT);
}

Statement& Statement::lend(int parameter, const Cell& value) { return set(parameter, value, SQLITE_STATIC); }

Statement& Statement::set(int parameter, const Cell& value, void (*keep)(void*)) {
  sqlite3_stmt* statement = statement_.get();
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, parameter, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    sqlite3_bind_text64(statement, parameter, text->data() != nullptr ? text->data() : "", text->size(), keep,
                        SQLITE_UTF8);
  } else {
    sqlite3_bind_null(statement, parameter);
  }
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  reset();
  if (code != SQLITE_DONE) fail(database_, name_, code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }
std::string Statement::column_name(int column) const { return sqlite3_column_name(statement_.get(), column); }
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
bool Statement::is_integer(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_INTEGER;
}
bool Statement::is_real(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_FLOAT;
}
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
std::size_t Statement::below(std::size_t end, int column) const {
  const std::int64_t number = integer(column);
  if (number < 0 || static_cast<std::uint64_t>(number) >= end)
    throw StoreError(name_ + ": the store is damaged");
  return static_cast<std::size_t>(number);
}
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string Statement::text(int column) const { return std::string(text_view(column)); }
std::string_view Statement::text_view(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Database::Database(const std::string& path, Access access) : path_(path) {
  if (access == Access::Read) require_file(path);
  const int flags =
      (access == Access::Read ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
      SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  try {
    if (code != SQLITE_OK) fail(handle_, path, code);
    sqlite3_extended_result_codes(handle_, 1);
    if (access == Access::Read) {
      execute("PRAGMA query_only = 1");
      sqlite3_busy_timeout(handle_, 2000);
      return;
    }
    // A record is some 4 kB long: many to a page, or half of each page stays empty. Small changes cost more
    // so.
    execute("PRAGMA page_size = 32768");
    // Room for all pages of a transaction, that none is written before its end.
    execute("PRAGMA cache_size = -65536");
    // The lock is SQLite's own and ends with the process, however that ends. The rollback journal, not the
    // write-ahead log: where the disk is full it leaves one clean file that anybody can read.
    execute("PRAGMA locking_mode = EXCLUSIVE");
    execute("PRAGMA journal_mode = DELETE");
    execute("PRAGMA synchronous = FULL");
    execute("PRAGMA temp_store = MEMORY");
    execute("BEGIN EXCLUSIVE");
    execute("COMMIT");
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_, path_, code);
}

std::optional<std::int64_t> Database::number(std::string_view sql) {
  Statement statement = prepare(sql);
  if (!statement.step() || statement.is_null(0)) return std::nullopt;
  return statement.integer(0);
}

void Database::attach(const std::string& path, const std::string& name) {
  require_file(path);
  prepare("ATTACH ? AS " + name).with(std::string_view(path)).run();
}

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const StoreError&) {
    // SQLite has rolled it back itself, as it does when the disk is full.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace tcpautopsy::batch
