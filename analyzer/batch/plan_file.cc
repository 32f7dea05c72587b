#include "analyzer/batch/plan_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

namespace tcpautopsy::batch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlanTables = R"sql(
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE units (item INTEGER PRIMARY KEY, shard INTEGER, merged INTEGER, bytes INTEGER, part INTEGER, parts INTEGER);
CREATE TABLE files (item INTEGER, file INTEGER, path TEXT, archive TEXT, size INTEGER, mtime_ns INTEGER, place INTEGER,
                    PRIMARY KEY (item, file)) WITHOUT ROWID;
CREATE TABLE unread (path TEXT, archive TEXT, size INTEGER, mtime_ns INTEGER, broken INTEGER, reason TEXT);
CREATE TABLE archives (path TEXT, size INTEGER, mtime_ns INTEGER, captures INTEGER, others INTEGER, error TEXT);
)sql";

constexpr std::string_view kThreshold = "threshold:", kBound = "bound:";

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::uint64_t natural(const Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

std::string path_in(const std::string& folder) { return (fs::path(folder) / "plan.db").string(); }
std::string aside(const std::string& path) { return path + ".part"; }

void remove_aside(const std::string& path) {
  std::error_code ignored;
  for (const char* part : {"", "-journal", "-wal"}) fs::remove(aside(path) + part, ignored);
}

void read_number(const ProfileNumber& number, const std::string& text, Profile& profile) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  number.set(profile, value);
}

void read_threshold(const std::string& name, const std::string& value, Thresholds& thresholds) {
  const std::size_t dot = name.find('.');
  thresholds.set(name.substr(0, dot), name.substr(dot + 1), std::strtod(value.c_str(), nullptr));
}

}  // namespace

PlanFile::PlanFile(const std::string& folder) {
  database_.emplace(path_in(folder), Database::Access::Read);
  if (!database_->number("SELECT 1 FROM sqlite_master WHERE name = 'settings'"))
    throw StoreError(path_in(folder) + ": is not a tcpautopsy plan");
}

PlanFile::PlanFile(const std::string& folder, New) : final_path_(path_in(folder)) {
  std::error_code ignored;
  if (fs::exists(final_path_, ignored)) PlanFile{folder};  // only a plan is replaced by one
  try {
    remove_aside(final_path_);
    database_.emplace(aside(final_path_), Database::Access::Write);
    database_->execute("BEGIN");
    database_->execute(kPlanTables);
  } catch (...) {
    forget();
    throw;
  }
}

PlanFile::~PlanFile() {
  if (!final_path_.empty()) forget();
}

// After close() there is nothing left to remove.
void PlanFile::forget() {
  database_.reset();
  remove_aside(final_path_);
}

void PlanFile::text(const std::string& key, const std::string& value) {
  database_->prepare("INSERT INTO settings VALUES (?, ?)")
      .with(std::string_view(key), std::string_view(value))
      .run();
}

void PlanFile::put(const Settings& settings, std::uint64_t shards) {
  text("shards", std::to_string(shards));
  text("filter", settings.filter);
  text("expansion", std::to_string(settings.most_expansion));
  text("profile", settings.profile.name);
  for (const BoundNumber& bound : bound_numbers())
    text(fmt::format("{}{}", kBound, bound.name), std::to_string(settings.bounds.*bound.member));
  for (const ProfileNumber& number : profile_numbers())
    if (const auto value = number.of(settings.profile))
      text(std::string(number.name), std::to_string(*value));
  for (const auto& [name, value] : settings.thresholds.all())
    text(fmt::format("{}{}.{}", kThreshold, name.first, name.second), fmt::format("{:.17g}", value));
}

void PlanFile::put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives) {
  const auto text_or_null = [](const std::string& s) { return s.empty() ? Cell(nullptr) : Cell(s); };
  Statement file = database_->prepare("INSERT INTO unread VALUES (?,?,?,?,?,?)");
  for (const Scanned& s : unread)
    file.with(std::string_view(s.path), text_or_null(s.archive), whole(s.size), s.mtime_ns,
              std::int64_t{s.kind == Kind::Broken}, std::string_view(s.reason))
        .run();
  Statement archive = database_->prepare("INSERT INTO archives VALUES (?,?,?,?,?,?)");
  for (const ArchiveFacts& a : archives)
    archive
        .with(std::string_view(a.path), whole(a.size), a.mtime_ns, whole(a.captures), whole(a.others),
              text_or_null(a.error))
        .run();
}

void PlanFile::put(std::uint64_t shard, const UnitPlan& unit, std::uint64_t part, std::uint64_t parts) {
  const std::int64_t item = next_++;
  database_->prepare("INSERT INTO units VALUES (?,?,?,?,?,?)")
      .with(item, whole(shard), std::int64_t{unit.merged}, whole(unit.bytes / parts), whole(part),
            whole(parts))
      .run();
  Statement files = database_->prepare("INSERT INTO files VALUES (?,?,?,?,?,?,?)");
  for (std::size_t i = 0; i < unit.files.size(); ++i) {
    const Scanned& f = unit.files[i];
    files
        .with(item, whole(i), std::string_view(f.path), std::string_view(f.archive), whole(f.size),
              f.mtime_ns, whole(f.place))
        .run();
  }
}

void PlanFile::close() {
  database_->execute("COMMIT");
  database_.reset();
  std::error_code error;
  fs::rename(aside(final_path_), final_path_, error);
  if (error) throw StoreError(final_path_ + ": " + error.message());
}

ShardWork PlanFile::head() {
  ShardWork work;
  Settings& settings = work.settings;
  for (const ProfileNumber& number : profile_numbers()) number.set(settings.profile, std::nullopt);
  Statement rows = database_->prepare("SELECT key, value FROM settings ORDER BY key");
  while (rows.step()) {
    const std::string key = rows.text(0), value = rows.text(1);
    if (key == "shards") work.shards = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "filter") settings.filter = value;
    if (key == "expansion") settings.most_expansion = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "profile") settings.profile.name = value;
    for (const BoundNumber& bound : bound_numbers())
      if (key == fmt::format("{}{}", kBound, bound.name))
        settings.bounds.*bound.member = std::strtoull(value.c_str(), nullptr, 10);
    for (const ProfileNumber& number : profile_numbers())
      if (key == number.name) read_number(number, value, settings.profile);
    if (key.starts_with(kThreshold))
      read_threshold(key.substr(kThreshold.size()), value, settings.thresholds);
  }
  Statement unread =
      database_->prepare("SELECT path, archive, size, mtime_ns, broken, reason FROM unread ORDER BY rowid");
  while (unread.step()) {
    Scanned s;
    s.path = unread.text(0);
    s.archive = unread.text(1);
    s.size = natural(unread, 2);
    s.mtime_ns = unread.integer(3);
    s.kind = unread.integer(4) != 0 ? Kind::Broken : Kind::Other;
    s.reason = unread.text(5);
    work.plan.unread.push_back(std::move(s));
  }
  Statement archives =
      database_->prepare("SELECT path, size, mtime_ns, captures, others, error FROM archives ORDER BY rowid");
  while (archives.step())
    work.plan.archives.push_back({archives.text(0), archives.text(5), natural(archives, 1),
                                  archives.integer(2), natural(archives, 3), natural(archives, 4)});
  std::string all = settings_text(settings) + fmt::format("\n{} shards", work.shards);
  for (const UnitPlan& unit : units(std::nullopt))
    all += fmt::format("\n{} {}/{}", fingerprint(unit, settings), unit.part, unit.parts);
  work.print = fingerprint_of(all);
  return work;
}

std::vector<UnitPlan> PlanFile::units(std::optional<std::uint64_t> shard) {
  std::vector<UnitPlan> found;
  Statement rows = database_->prepare(
      "SELECT u.item, u.merged, u.bytes, u.part, u.parts, f.path, f.archive, f.size, f.mtime_ns, f.place "
      "FROM units u "
      "JOIN files f USING (item) WHERE u.shard = ?1 OR ?1 < 0 ORDER BY u.item, f.file");
  rows.with(shard ? whole(*shard) : std::int64_t{-1});
  std::int64_t at = -1;
  while (rows.step()) {
    if (rows.integer(0) != at) {
      at = rows.integer(0);
      UnitPlan unit;
      unit.name = rows.text(5);
      unit.merged = rows.integer(1) != 0;
      unit.bytes = natural(rows, 2);
      unit.part = natural(rows, 3);
      unit.parts = natural(rows, 4);
      found.push_back(std::move(unit));
    }
    Scanned file;
    file.path = rows.text(5);
    file.archive = rows.text(6);
    file.size = natural(rows, 7);
    file.mtime_ns = rows.integer(8);
    file.kind = Kind::Capture;
    file.place = natural(rows, 9);
    found.back().files.push_back(std::move(file));
  }
  return found;
}

}  // namespace tcpautopsy::batch
