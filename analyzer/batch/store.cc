#include "analyzer/batch/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "analyzer/batch/schema.h"

namespace tcpautopsy::batch {
namespace {

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }

template <class T>
Cell maybe(const std::optional<T>& value) {
  return value ? Cell(static_cast<std::int64_t>(*value)) : Cell(nullptr);
}

Cell text_or_null(const std::string& text) { return text.empty() ? Cell(nullptr) : Cell(text); }

std::string insert_into(std::string_view table, std::size_t columns) {
  std::string sql = fmt::format("INSERT INTO {} VALUES (?", table);
  for (std::size_t i = 1; i < columns; ++i) sql += ",?";
  return sql + ")";
}

std::vector<int> numbers_of(std::string_view text) {
  std::vector<int> list;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int number = 0;
    at = std::from_chars(at, end, number).ptr + 1;
    list.push_back(number);
  }
  std::sort(list.begin(), list.end());
  return list;
}

std::optional<std::int64_t> maybe_integer(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}

// path, archive, size, mtime_ns, format, link_types, first_ns, last_ns
Scanned scanned_of(const Statement& row) {
  Scanned file;
  file.path = row.text(0);
  file.archive = row.text(1);
  file.size = static_cast<std::uint64_t>(row.integer(2));
  file.mtime_ns = row.integer(3);
  file.kind = Kind::Capture;
  file.pcapng = row.text_view(4).starts_with("pcapng");
  file.link_types = numbers_of(row.text_view(5));
  file.first_ns = maybe_integer(row, 6);
  file.last_ns = maybe_integer(row, 7);
  file.whole = true;
  return file;
}

// As much may have to be done again after a power cut.
constexpr std::uint64_t kUnitsAtOnce = 64, kRowsAtOnce = 5000;

constexpr std::string_view kFileColumns =
    "SELECT path, archive, size, mtime_ns, format, link_types, first_ns, last_ns FROM files ";

}  // namespace

void check_version(Database& database) {
  if (!database.number("SELECT 1 FROM sqlite_master WHERE name = 'meta'"))
    throw StoreError(database.path() + ": is no store of tcpautopsy");
  const auto version = database.number("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'schema'");
  if (version != kSchemaVersion)
    throw StoreError(fmt::format("{}: a store of version {}; this program knows {}", database.path(),
                                 version.value_or(0), kSchemaVersion));
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

Store::Store(const std::string& path) : database_(path, Database::Access::Write) {
  if (database_.number("SELECT COUNT(*) FROM sqlite_master") == 0)
    make_tables(database_);
  else
    check_version(database_);
}

std::optional<std::vector<Scanned>> Store::known(const FoundFile& file) {
  std::vector<Scanned> found;
  const auto unchanged = [&](const Scanned& s) { return s.mtime_ns == file.mtime_ns; };
  Statement archive = database_.prepare(
      "SELECT captures FROM archives WHERE path = ? AND size = ? AND mtime_ns = ? AND error IS NULL");
  archive.with(std::string_view(file.path), whole(file.size), file.mtime_ns);
  const bool is_archive = archive.step();
  const auto captures = is_archive ? static_cast<std::size_t>(archive.integer(0)) : std::size_t{1};
  Statement rows = database_.prepare(
      std::string(kFileColumns) + (is_archive ? "WHERE archive = ?" : "WHERE path = ? AND state = 'done'"));
  rows.with(std::string_view(file.path));
  while (rows.step()) found.push_back(scanned_of(rows));
  const bool whole_file = is_archive || (found.size() == 1 && found.front().size == file.size);
  // Of an archive some members may not have been done when the last run ended.
  if (found.size() != captures || !whole_file || !std::all_of(found.begin(), found.end(), unchanged))
    return std::nullopt;
  if (!is_archive) return found;
  Statement others = database_.prepare("SELECT path, size, broken, reason FROM unread WHERE archive = ?");
  others.with(std::string_view(file.path));
  while (others.step()) {
    Scanned other;
    other.path = others.text(0);
    other.archive = file.path;
    other.size = static_cast<std::uint64_t>(others.integer(1));
    other.mtime_ns = file.mtime_ns;
    other.kind = others.integer(2) != 0 ? Kind::Broken : Kind::Other;
    other.reason = others.text(3);
    found.push_back(std::move(other));
  }
  return found;
}

bool Store::has(const UnitPlan& unit, const std::string& print) {
  Statement row = database_.prepare("SELECT 1 FROM units WHERE unit = ? AND fingerprint = ?");
  return row.with(unit_number(unit.name), std::string_view(print)).step();
}

void Store::remove_units_of(const std::vector<Scanned>& files) {
  std::set<std::int64_t> old;
  Statement find = database_.prepare("SELECT unit FROM files WHERE path = ?");
  for (const Scanned& file : files) {
    find.with(std::string_view(file.path));
    while (find.step()) old.insert(find.integer(0));
  }
  for (const char* table : {"units", "files", "flows", "findings"}) {
    Statement remove = database_.prepare(fmt::format("DELETE FROM {} WHERE unit = ?", table));
    for (const std::int64_t number : old) remove.with(number).run();
  }
  Statement remove = database_.prepare("DELETE FROM unread WHERE path = ?");
  for (const Scanned& file : files) remove.with(std::string_view(file.path)).run();
}

void Store::put(const UnitPlan& unit, const std::string& print, const UnitResult& result) {
  const std::lock_guard lock(mutex_);
  if (!pending_) pending_ = std::make_unique<Transaction>(database_);
  try {
    insert_unit(unit, print, result);
    ++pending_units_;
    pending_rows_ += result.flows.rows() + result.findings.rows();
    if (pending_units_ >= kUnitsAtOnce || pending_rows_ >= kRowsAtOnce) settle();
  } catch (const StoreError&) {
    pending_.reset();
    throw;
  }
}

void Store::settle() {
  if (pending_) pending_->commit();
  pending_.reset();
  pending_units_ = pending_rows_ = 0;
}

void Store::commit() {
  const std::lock_guard lock(mutex_);
  settle();
}

Store::~Store() = default;

void Store::insert_unit(const UnitPlan& unit, const std::string& print, const UnitResult& result) {
  remove_units_of(unit.files);
  const std::int64_t number = unit_number(unit.name);
  const UnitResult& r = result;
  database_.prepare(insert_into("units", 18))
      .with(number, std::string_view(unit.name), std::string_view(print), std::int64_t{unit.merged},
            std::string_view(r.state), whole(unit.files.size()), whole(r.packets), whole(r.filtered_out),
            whole(r.tcp_packets), whole(r.cut_packets), whole(r.malformed), whole(r.unknown_link_type),
            whole(r.duplicates), maybe(r.dropped), whole(r.flow_count), maybe(r.first_ns), maybe(r.last_ns),
            maybe(r.end_ns))
      .run();
  insert(unit, number, result);
}

void Store::insert(const UnitPlan& unit, std::int64_t number, const UnitResult& result) {
  Statement files = database_.prepare(insert_into("files", 14));
  for (std::size_t i = 0; i < unit.files.size(); ++i) {
    const Scanned& file = unit.files[i];
    const FileFacts& facts = result.files[i];
    files
        .with(number, whole(i), std::string_view(file.path), text_or_null(file.archive), whole(file.size),
              file.mtime_ns, text_or_null(facts.format), text_or_null(facts.link_types), whole(facts.packets),
              maybe(facts.first_ns), maybe(facts.last_ns), maybe(facts.dropped),
              std::string_view(facts.state), text_or_null(facts.error))
        .run();
  }
  const auto put_rows = [&](const RowSpool& rows, std::string_view table, std::size_t columns) {
    Statement statement = database_.prepare(insert_into(table, columns));
    rows.each([&](std::vector<Cell>& row) {
      statement.bind(1, Cell(number));
      for (std::size_t i = 0; i < row.size(); ++i) statement.bind(static_cast<int>(i) + 2, row[i]);
      statement.run();
    });
  };
  put_rows(result.flows, "flows", 23);
  put_rows(result.findings, "findings", 22);
}

void Store::put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives) {
  const std::lock_guard lock(mutex_);
  settle();
  Transaction transaction(database_);
  // What was read of a file is kept when the file is gone, not when it has become something else.
  std::vector<Scanned> changed = unread;
  std::erase_if(changed, [](const Scanned& s) { return s.mtime_ns == 0; });
  remove_units_of(changed);
  Statement file = database_.prepare("INSERT OR REPLACE INTO unread VALUES (?,?,?,?,?,?)");
  for (const Scanned& s : unread)
    file.with(std::string_view(s.path), text_or_null(s.archive), whole(s.size), s.mtime_ns,
              std::int64_t{s.kind == Kind::Broken}, std::string_view(s.reason))
        .run();
  Statement archive = database_.prepare("INSERT OR REPLACE INTO archives VALUES (?,?,?,?,?,?)");
  for (const ArchiveFacts& a : archives)
    archive
        .with(std::string_view(a.path), whole(a.size), a.mtime_ns, whole(a.captures), whole(a.others),
              text_or_null(a.error))
        .run();
  transaction.commit();
}

void Store::forget(const std::vector<Scanned>& files) {
  const std::lock_guard lock(mutex_);
  settle();
  Transaction transaction(database_);
  remove_units_of(files);
  transaction.commit();
}

void Store::set_meta(const std::string& key, const std::string& value) {
  const std::lock_guard lock(mutex_);
  settle();
  database_.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)")
      .with(std::string_view(key), std::string_view(value))
      .run();
}

}  // namespace tcpautopsy::batch
