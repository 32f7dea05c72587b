#include "analyzer/batch/store_lookup.h"

#include <algorithm>
#include <charconv>

#include "analyzer/capture/archive_reader.h"

namespace tcpautopsy::batch {
namespace {

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }

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

// Members are named by the path of their archive: the index of paths finds them.
constexpr const char* kMembers = "path >= ?1 AND path < ?2 AND archive = ?3";

struct MemberRange {
  explicit MemberRange(const std::string& archive)
      : from(archive + kMemberMark), until(archive + static_cast<char>(kMemberMark + 1)) {}
  std::string from, until;
};

std::string files_where(const std::string& condition) {
  return "SELECT path, archive, size, mtime_ns, format, link_types, first_ns, last_ns FROM files WHERE " +
         condition;
}

}  // namespace

StoreLookup::StoreLookup(Database& database)
    : unit_(database.prepare("SELECT 1 FROM units WHERE unit = ? AND fingerprint = ?")),
      archive_(database.prepare(
          "SELECT captures FROM archives WHERE path = ? AND size = ? AND mtime_ns = ? AND error IS NULL")),
      file_(database.prepare(files_where("path = ? AND state = 'done'"))),
      members_(database.prepare(files_where(kMembers))),
      unread_(
          database.prepare(std::string("SELECT path, size, broken, reason FROM unread WHERE ") + kMembers)) {}

std::optional<std::uint64_t> StoreLookup::captures_in(const FoundFile& archive) {
  archive_.with(std::string_view(archive.path), whole(archive.size), archive.mtime_ns);
  std::optional<std::uint64_t> captures;
  while (archive_.step()) captures = static_cast<std::uint64_t>(archive_.integer(0));
  return captures;
}

std::optional<std::vector<Scanned>> StoreLookup::known(const FoundFile& file) {
  std::vector<Scanned> found;
  const auto captures = captures_in(file);
  const MemberRange range(file.path);
  Statement& rows = captures ? members_ : file_;
  if (captures)
    rows.with(std::string_view(range.from), std::string_view(range.until), std::string_view(file.path));
  else
    rows.with(std::string_view(file.path));
  while (rows.step()) found.push_back(scanned_of(rows));
  const bool whole_file = captures || (found.size() == 1 && found.front().size == file.size);
  const bool unchanged =
      std::all_of(found.begin(), found.end(), [&](const Scanned& s) { return s.mtime_ns == file.mtime_ns; });
  // Of an archive some members may not have been done when the last run ended.
  if (found.size() != captures.value_or(1) || !whole_file || !unchanged) return std::nullopt;
  if (captures) add_unread_members(file, found);
  return found;
}

void StoreLookup::add_unread_members(const FoundFile& archive, std::vector<Scanned>& to) {
  const MemberRange range(archive.path);
  unread_.with(std::string_view(range.from), std::string_view(range.until), std::string_view(archive.path));
  while (unread_.step()) {
    Scanned other;
    other.path = unread_.text(0);
    other.archive = archive.path;
    other.size = static_cast<std::uint64_t>(unread_.integer(1));
    other.mtime_ns = archive.mtime_ns;
    other.kind = unread_.integer(2) != 0 ? Kind::Broken : Kind::Other;
    other.reason = unread_.text(3);
    to.push_back(std::move(other));
  }
}

bool StoreLookup::has(const UnitPlan& unit, const std::string& fingerprint) {
  bool found = false;
  unit_.with(unit_number(unit.name), std::string_view(fingerprint));
  while (unit_.step()) found = true;
  return found;
}

}  // namespace tcpautopsy::batch
