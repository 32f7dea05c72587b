#include "analyzer/batch/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

#include "analyzer/batch/report_incidents.h"
#include "analyzer/batch/report_words.h"
#include "analyzer/batch/store.h"
#include "analyzer/detect/detector.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy::batch {
namespace {

constexpr std::size_t kMostTimes = 48;
constexpr std::int64_t kHoursUpTo = 3 * 24 * 3600 * kSecond;  // longer spans are told by day

// The host whose action or state a finding is about.
constexpr std::string_view kHost =
    "CASE WHEN host <> '' THEN host WHEN endpoint = 'client' THEN client_ip ELSE server_ip END";
constexpr std::string_view kGravest = "ORDER BY n.level DESC, n.time_ns, n.unit, n.flow, n.id LIMIT 1";

class Maker {
 public:
  Maker(Database& store, const std::string& baseline, std::size_t most)
      : db_(store), names_(store), most_(most) {
    if (!baseline.empty()) {
      Database old(baseline, Database::Access::Read);
      check_version(old);
      db_.attach(baseline, "old");
      report_.baseline = baseline;
    }
    report_.store = store.path();
  }

  Report make() {
    totals();
    add_incidents(db_, names_, most_, report_);
    findings();
    services();
    hosts();
    times();
    if (!report_.baseline.empty()) changes();
    broken();
    return std::move(report_);
  }

 private:
  std::int64_t count(std::string_view sql) { return db_.number(sql).value_or(0); }

  void totals() {
    Report& r = report_;
    Statement sums = db_.prepare(
        "SELECT COUNT(*), SUM(files), SUM(packets), SUM(tcp_packets), SUM(flows), MIN(first_ns), "
        "MAX(last_ns) FROM "
        "units");
    sums.step();
    r.units = sums.integer(0);
    r.files = sums.integer(1);
    r.packets = sums.integer(2);
    r.tcp_packets = sums.integer(3);
    r.flows = sums.integer(4);
    if (!sums.is_null(5)) r.first_ns = sums.integer(5);
    if (!sums.is_null(6)) r.last_ns = sums.integer(6);
    Statement levels = db_.prepare("SELECT level, COUNT(*) FROM findings GROUP BY level");
    while (levels.step())
      r.by_level[levels.below(r.by_level.size(), 0)] = static_cast<std::uint64_t>(levels.integer(1));
    r.broken_files = count("SELECT COUNT(*) FROM broken_files");
  }

  // The gravest finding for which `condition` holds, with its parameters bound by `bind`.
  template <class Bind>
  Where gravest(const std::string& condition, Bind bind) {
    Statement row = db_.prepare(
        fmt::format("SELECT n.flow, n.frame, p.path, u.files, u.name, n.id, n.host, n.port FROM findings n "
                    "JOIN units u USING "
                    "(unit) LEFT JOIN files p ON p.unit = n.unit AND p.file = IFNULL(n.file, 0) WHERE {} {}",
                    condition, kGravest));
    bind(row);
    Where where;
    if (!row.step()) return where;
    where.file = row.text(2);
    if (row.integer(0) >= 0) where.flow = row.integer(0);
    if (!row.is_null(1)) where.frame = row.integer(1);
    const std::string input = names_.input(row.integer(3), row.text(4), row.text(2));
    if (where.flow) {
      where.command = fmt::format("tcpautopsy history --flow {} {}", *where.flow, input);
    } else {
      where.command = "tcpautopsy findings --finding " + row.text(5) + " ";
      if (!row.text(6).empty()) where.command += "--host " + row.text(6) + " ";
      where.command += input;
    }
    row.reset();
    return where;
  }

  Trend trend(std::int64_t now, std::int64_t before) const {
    if (report_.baseline.empty()) return {};
    return trend_of(now, before, before > 0);
  }

  template <class... Values>
  std::int64_t before(const std::string& condition, const Values&... values) {
    if (report_.baseline.empty()) return 0;
    Statement row = db_.prepare("SELECT COUNT(*) FROM old.findings WHERE " + condition);
    row.with(values...);
    row.step();
    return row.integer(0);
  }

  // At a level that the baseline does not have it at: by the gravest that it has.
  Trend trend_of_finding(const FindingLine& line) {
    const std::string_view id(line.id);
    const std::int64_t same = before("id = ? AND level = ?", id, line.level);
    if (report_.baseline.empty() || same > 0 || before("id = ?", id) == 0) return trend(line.findings, same);
    Statement gravest = db_.prepare("SELECT MAX(level) FROM old.findings WHERE id = ?");
    gravest.with(id);
    gravest.step();
    return {line.level > gravest.integer(0) ? Trend::Kind::Worse : Trend::Kind::Better,
            0,
            name(static_cast<Severity>(gravest.integer(0))),
            {}};
  }

  void findings() {
    Statement rows = db_.prepare(
        "SELECT id, level, COUNT(*), COUNT(DISTINCT server_ip || ' ' || IFNULL(server_port, '')), "
        "MIN(time_ns), "
        "MAX(end_ns) FROM findings GROUP BY id, level ORDER BY level DESC, COUNT(*) DESC, id");
    while (rows.step()) {
      FindingLine line;
      line.id = rows.text(0);
      line.level = rows.integer(1);
      line.severity = name(static_cast<Severity>(line.level));
      if (const Detector* detector = find_detector(line.id)) line.title = detector->doc.title;
      line.findings = rows.integer(2);
      line.services = rows.integer(3);
      line.first_ns = rows.integer(4);
      line.last_ns = rows.integer(5);
      const std::int64_t level = line.level;
      line.trend = trend_of_finding(line);
      line.where = gravest("n.id = ? AND n.level = ?",
                           [&](Statement& row) { row.with(std::string_view(line.id), level); });
      report_.findings.push_back(std::move(line));
    }
  }

  void services() {
    Statement rows = db_.prepare(
        "SELECT server_ip, server_port, SUM(level = 3) e, SUM(level = 2) w, MIN(time_ns), MAX(end_ns) FROM "
        "findings "
        "WHERE level >= 2 AND server_ip IS NOT NULL AND server_port IS NOT NULL GROUP BY server_ip, "
        "server_port "
        "ORDER BY e DESC, w DESC, server_ip, server_port LIMIT ?");
    rows.with(static_cast<std::int64_t>(most_));
    while (rows.step()) {
      const std::string ip = rows.text(0);
      const std::int64_t port = rows.integer(1);
      PlaceLine line = line_of(rows, place_text(ip, port));
      const auto bind = [&](Statement& row) { row.with(std::string_view(ip), port); };
      Statement flows = db_.prepare(
          "SELECT COUNT(*), SUM(handshake IN ('syn_only', 'refused', 'filtered', 'half_open', 'aborted')) "
          "FROM flows "
          "WHERE server_ip = ? AND server_port = ?");
      bind(flows);
      flows.step();
      line.connections = flows.integer(0);
      line.not_opened = flows.integer(1);
      line.ids = ids("server_ip = ? AND server_port = ?", bind);
      line.trend =
          trend(line.errors + line.warnings,
                before("level >= 2 AND server_ip = ? AND server_port = ?", std::string_view(ip), port));
      line.where = gravest("n.level >= 2 AND n.server_ip = ? AND n.server_port = ?", bind);
      report_.services.push_back(std::move(line));
    }
  }

  void hosts() {
    Statement rows =
        db_.prepare(fmt::format("SELECT {} h, 0, SUM(level = 3) e, SUM(level = 2) w, MIN(time_ns), "
                                "MAX(end_ns) FROM findings WHERE level >= 2 "
                                "AND {} IS NOT NULL GROUP BY h ORDER BY e DESC, w DESC, h LIMIT ?",
                                kHost, kHost));
    rows.with(static_cast<std::int64_t>(most_));
    const std::string is_host = fmt::format("{} = ?", kHost);
    while (rows.step()) {
      const std::string ip = rows.text(0);
      PlaceLine line = line_of(rows, ip);
      const auto bind = [&](Statement& row) { row.with(std::string_view(ip)); };
      Statement flows = db_.prepare("SELECT COUNT(*) FROM flows WHERE client_ip = ?1 OR server_ip = ?1");
      bind(flows);
      flows.step();
      line.connections = flows.integer(0);
      line.ids = ids(is_host, bind);
      line.trend =
          trend(line.errors + line.warnings, before("level >= 2 AND " + is_host, std::string_view(ip)));
      line.where = gravest("n.level >= 2 AND " + is_host, bind);
      report_.hosts.push_back(std::move(line));
    }
  }

  static PlaceLine line_of(const Statement& row, std::string place) {
    PlaceLine line;
    line.place = std::move(place);
    line.errors = row.integer(2);
    line.warnings = row.integer(3);
    line.first_ns = row.integer(4);
    line.last_ns = row.integer(5);
    return line;
  }

  template <class Bind>
  std::string ids(const std::string& condition, Bind bind) {
    Statement rows =
        db_.prepare(fmt::format("SELECT id, COUNT(*) FROM findings WHERE level >= 2 AND {} GROUP BY id ORDER "
                                "BY MAX(level) DESC, COUNT(*) "
                                "DESC, id",
                                condition));
    bind(rows);
    std::string text;
    while (rows.step())
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", rows.text(0), rows.integer(1));
    return text;
  }

  void times() {
    if (!report_.first_ns) return;
    report_.by_day = *report_.last_ns - *report_.first_ns > kHoursUpTo;
    const std::string_view form = report_.by_day ? "%Y-%m-%d" : "%Y-%m-%d %H:00";
    const auto slot = [&](std::string_view column) {
      return fmt::format("strftime('{}', {} / 1000000000, 'unixepoch')", form, column);
    };
    std::map<std::string, TimeLine> lines;
    Statement flows =
        db_.prepare(fmt::format("SELECT {} t, COUNT(*) FROM flows GROUP BY t", slot("first_ns")));
    while (flows.step()) lines[flows.text(0)].connections = flows.integer(1);
    Statement found = db_.prepare(
        fmt::format("SELECT {} t, SUM(level = 3), SUM(level = 2), SUM(level = 1) FROM findings GROUP BY t",
                    slot("time_ns")));
    while (found.step()) {
      TimeLine& line = lines[found.text(0)];
      line.errors = found.integer(1);
      line.warnings = found.integer(2);
      line.notes = found.integer(3);
    }
    // The latest only: what one wants in the morning.
    for (auto at = lines.rbegin(); at != lines.rend() && report_.times.size() < kMostTimes; ++at) {
      TimeLine& line = at->second;
      line.time = at->first;
      if (line.errors + line.warnings > 0)
        line.where = gravest(slot("n.time_ns") + " = ?",
                             [&](Statement& row) { row.with(std::string_view(at->first)); });
      report_.times.push_back(std::move(line));
    }
    std::reverse(report_.times.begin(), report_.times.end());
  }

  void changes() {
    // Errors and warnings are counted; `level` is the gravest of all, info and notes too, -1 for none.
    struct Counts {
      std::int64_t now = 0, before = 0, level = -1, level_before = -1;
    };
    using Key = std::tuple<std::string, std::string, std::int64_t>;  // id, address, port or -1
    std::map<Key, Counts> all;
    for (const bool old : {false, true}) {
      Statement rows = db_.prepare(
          fmt::format("SELECT id, IFNULL(server_ip, ''), IFNULL(server_port, -1), SUM(level >= 2), "
                      "MAX(level) FROM {}findings GROUP BY 1, 2, 3",
                      old ? "old." : ""));
      while (rows.step()) {
        Counts& counts = all[{rows.text(0), rows.text(1), rows.integer(2)}];
        (old ? counts.before : counts.now) = rows.integer(3);
        (old ? counts.level_before : counts.level) = rows.integer(4);
      }
    }
    for (const auto& [key, counts] : all) {
      const std::int64_t gravest = std::max(counts.level, counts.level_before);
      if (gravest < 2 || (counts.now == counts.before && counts.level == counts.level_before)) continue;
      const auto& [id, ip, port] = key;
      Change change;
      change.id = id;
      change.level = gravest;
      change.severity = name(static_cast<Severity>(gravest));
      change.place = port >= 0 ? place_text(ip, port) : ip;
      change.now = counts.now;
      change.before = counts.before;
      change.kind = counts.level < 0 ? Trend::Kind::Gone
                    : counts.level_before < 0
                        ? Trend::Kind::New
                        : trend_of_levels(counts.now, counts.before, counts.level, counts.level_before).kind;
      report_.changes.push_back(std::move(change));
    }
    const auto order = [](Trend::Kind kind) {
      return kind == Trend::Kind::New     ? 0
             : kind == Trend::Kind::Worse ? 1
             : kind == Trend::Kind::Gone  ? 2
                                          : 3;
    };
    std::stable_sort(report_.changes.begin(), report_.changes.end(), [&](const Change& a, const Change& b) {
      if (a.kind != b.kind) return order(a.kind) < order(b.kind);
      if (a.level != b.level) return a.level > b.level;
      return std::abs(a.now - a.before) > std::abs(b.now - b.before);
    });
    std::vector<Change> told;
    for (Change& change : report_.changes)
      if (static_cast<std::size_t>(++report_.changed[change.kind]) <= most_)
        told.push_back(std::move(change));
    report_.changes = std::move(told);
    lead_back();
  }

  void lead_back() {
    for (Change& change : report_.changes) {
      if (change.now == 0) continue;
      change.where = gravest(
          "n.level >= 2 AND n.id = ? AND ? = IFNULL(n.server_ip, '') || IIF(n.server_port IS NULL, '', ':' "
          "|| "
          "n.server_port)",
          [&](Statement& row) {
            std::string place = change.place;
            place.erase(
                std::remove_if(place.begin(), place.end(), [](char c) { return c == '[' || c == ']'; }),
                place.end());
            row.with(std::string_view(change.id), std::string_view(place));
          });
    }
  }

  void broken() {
    Statement rows = db_.prepare("SELECT path, error FROM broken_files ORDER BY path LIMIT ?");
    rows.with(static_cast<std::int64_t>(most_));
    while (rows.step()) report_.broken.push_back({rows.text(0), rows.text(1)});
  }

  Database& db_;
  UnitNames names_;
  std::size_t most_;
  Report report_;
};

}  // namespace

std::string_view name(Trend::Kind kind) {
  switch (kind) {
    case Trend::Kind::None: return "";
    case Trend::Kind::New: return "new";
    case Trend::Kind::Gone: return "gone";
    case Trend::Kind::Worse: return "worse";
    case Trend::Kind::Better: return "better";
    case Trend::Kind::Same: return "same";
  }
  return "";
}

Report make_report(Database& store, const std::string& baseline, std::size_t most) {
  return Maker(store, baseline, most).make();
}

}  // namespace tcpautopsy::batch
