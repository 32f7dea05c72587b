#include "analyzer/batch/unit_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace tcpautopsy::batch {
namespace {

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }

template <class T>
Cell maybe(const std::optional<T>& value) {
  return value ? Cell(static_cast<std::int64_t>(*value)) : Cell(nullptr);
}

Cell text_or_null(const std::string& text) { return text.empty() ? Cell(nullptr) : Cell(text); }

Statement insert_into(Database& database, std::string_view table, std::size_t columns,
                      std::string_view how = "INSERT") {
  std::string sql = fmt::format("{} INTO {} VALUES (?", how, table);
  for (std::size_t i = 1; i < columns; ++i) sql += ",?";
  return database.prepare(sql + ")");
}

}  // namespace

UnitWriter::UnitWriter(Database& database)
    : unit_of_file_(database.prepare("SELECT unit FROM files WHERE path = ?")),
      forget_unread_(database.prepare("DELETE FROM unread WHERE path = ?")),
      insert_unit_(insert_into(database, "units", 19)),
      insert_file_(insert_into(database, "files", 14)),
      insert_flow_(insert_into(database, "flows", 23)),
      insert_finding_(insert_into(database, "findings", 23)),
      insert_incident_(insert_into(database, "incidents", 24)),
      insert_unread_(insert_into(database, "unread", 6, "INSERT OR REPLACE")),
      insert_archive_(insert_into(database, "archives", 6, "INSERT OR REPLACE")) {
  for (const char* table : {"units", "files", "flows", "findings", "incidents"})
    forget_unit_.push_back(database.prepare(fmt::format("DELETE FROM {} WHERE unit = ?", table)));
}

void UnitWriter::forget(const std::vector<Scanned>& files) {
  std::set<std::int64_t> old;
  for (const Scanned& file : files) {
    unit_of_file_.with(std::string_view(file.path));
    while (unit_of_file_.step()) old.insert(unit_of_file_.integer(0));
    forget_unread_.with(std::string_view(file.path)).run();
  }
  for (Statement& remove : forget_unit_)
    for (const std::int64_t number : old) remove.with(number).run();
}

void UnitWriter::put(const UnitPlan& unit, const std::string& fingerprint, const UnitResult& r) {
  forget(unit.files);
  const std::int64_t number = unit_number(unit.name);
  insert_unit_
      .with(number, std::string_view(unit.name), std::string_view(fingerprint), std::int64_t{unit.merged},
            std::string_view(r.state), whole(unit.files.size()), whole(r.packets), whole(r.filtered_out),
            whole(r.tcp_packets), whole(r.cut_packets), whole(r.malformed), whole(r.unknown_link_type),
            whole(r.duplicates), maybe(r.dropped), whole(r.flow_count), maybe(r.first_ns), maybe(r.last_ns),
            maybe(r.end_ns), text_or_null(r.limits))
      .run();
  put_files(unit, number, r);
  put_rows(number, r.flows, insert_flow_);
  put_rows(number, r.findings, insert_finding_);
  put_rows(number, r.incidents, insert_incident_);
}

void UnitWriter::put_files(const UnitPlan& unit, std::int64_t number, const UnitResult& result) {
  for (std::size_t i = 0; i < unit.files.size(); ++i) {
    const Scanned& file = unit.files[i];
    const FileFacts& facts = result.files[i];
    insert_file_
        .with(number, whole(i), std::string_view(file.path), text_or_null(file.archive), whole(file.size),
              file.mtime_ns, text_or_null(facts.format), text_or_null(facts.link_types), whole(facts.packets),
              maybe(facts.first_ns), maybe(facts.last_ns), maybe(facts.dropped),
              std::string_view(facts.state), text_or_null(facts.error))
        .run();
  }
}

void UnitWriter::put_rows(std::int64_t number, const RowSpool& rows, Statement& insert) {
  insert.bind(1, Cell(number));
  rows.each([&](std::vector<Cell>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) insert.lend(static_cast<int>(i) + 2, row[i]);
    insert.run();
  });
}

void UnitWriter::put(const std::vector<Scanned>& unread, const std::vector<ArchiveFacts>& archives) {
  // What was read of a file is kept when the file is gone, not when it has become something else.
  std::vector<Scanned> changed = unread;
  std::erase_if(changed, [](const Scanned& s) { return s.mtime_ns == 0; });
  forget(changed);
  for (const Scanned& s : unread)
    insert_unread_
        .with(std::string_view(s.path), text_or_null(s.archive), whole(s.size), s.mtime_ns,
              std::int64_t{s.kind == Kind::Broken}, std::string_view(s.reason))
        .run();
  for (const ArchiveFacts& a : archives)
    insert_archive_
        .with(std::string_view(a.path), whole(a.size), a.mtime_ns, whole(a.captures), whole(a.others),
              text_or_null(a.error))
        .run();
}

}  // namespace tcpautopsy::batch
