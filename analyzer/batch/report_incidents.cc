#include "analyzer/batch/report_incidents.h"

#include <fmt/format.h>

#include <numeric>

#include "analyzer/causes/cause_words.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy::batch {
namespace {

// Of the store's view, in its order.
enum Column : int {
  kLevel,
  kCause,
  kEndpoint,
  kPlace,
  kServerIp,
  kServerPort,
  kHost,
  kClient,
  kIncidents,
  kUnits,
  kFlows,
  kFailed,
  kReset,
  kLost,
  kSince,
  kUntil
};

End end_of(std::string_view endpoint) {
  for (const End end : {End::Client, End::Server})
    if (name(end) == endpoint) return end;
  return End::None;
}

class Lines {
 public:
  Lines(Database& store, const UnitNames& names, bool compare)
      : names_(names),
        // Its gravest incident, by the rule of the view.
        worst_(store.prepare(
            "SELECT i.certainty, i.verdict, i.actor, i.remedy, i.see, i.flow, u.files, u.name, "
            "IFNULL(p.path, u.name) FROM incidents i JOIN units u USING (unit) "
            "LEFT JOIN flows f ON f.unit = i.unit AND f.flow = i.flow "
            "LEFT JOIN files p ON p.unit = i.unit AND p.file = f.file "
            "WHERE i.cause = ? AND i.endpoint = ? AND i.place = ? ORDER BY i.level DESC, "
            "i.connections_failed DESC, i.connections_reset DESC, i.time_lost_ns DESC, i.first_ns, u.name, "
            "i.incident LIMIT 1")) {
    if (compare)
      before_.emplace(store.prepare(
          "SELECT COUNT(*), SUM(flows) FROM old.incidents WHERE cause = ? AND endpoint = ? AND place = ?"));
  }

  IncidentLine line(const Statement& row) {
    IncidentLine line;
    line.level = row.integer(kLevel);
    line.severity = name(static_cast<Severity>(line.level));
    line.cause = row.text(kCause);
    line.endpoint = row.text(kEndpoint);
    line.place = row.text(kPlace);
    if (!row.is_null(kServerIp)) line.service = {row.text(kServerIp), row.integer(kServerPort)};
    line.host = row.text(kHost);
    line.client = row.text(kClient);
    line.incidents = row.integer(kIncidents);
    line.captures = row.integer(kUnits);
    line.flows = row.integer(kFlows);
    line.failed = row.integer(kFailed);
    line.reset = row.integer(kReset);
    line.lost_ns = row.integer(kLost);
    line.first_ns = row.integer(kSince);
    line.last_ns = row.integer(kUntil);
    take_worst(line);
    if (const CauseWords* words = cause_words(line.cause)) put_in_words(line, *words);
    compare(line);
    return line;
  }

 private:
  static void bind(Statement& statement, const IncidentLine& line) {
    statement.with(std::string_view(line.cause), std::string_view(line.endpoint),
                   std::string_view(line.place));
  }

  void take_worst(IncidentLine& line) {
    bind(worst_, line);
    if (!worst_.step()) return;
    line.certainty = worst_.text(0);
    line.headline = worst_.text(1);
    line.actor = worst_.text(2);
    line.remedy = worst_.text(3);
    line.where.file = worst_.text(8);
    if (!worst_.is_null(5)) line.where.flow = worst_.integer(5);
    line.where.command = fmt::format("tcpautopsy {} {}", worst_.text(4),
                                     names_.input(worst_.integer(6), worst_.text(7), worst_.text(8)));
    worst_.reset();
  }

  // The headline of one incident counts only its own connections.
  static void put_in_words(IncidentLine& line, const CauseWords& words) {
    CauseNames names;
    names.host = line.host.empty() ? line.service ? line.service->first : "several hosts" : line.host;
    names.service = line.service        ? place_text(line.service->first, line.service->second)
                    : line.host.empty() ? "several services"
                                        : line.host;
    names.client = line.client.empty() ? "several clients" : line.client;
    names.flows = static_cast<std::uint64_t>(line.flows);
    names.end = end_of(line.endpoint);
    const bool possible = line.certainty == name(Certainty::Possible);
    line.headline =
        hedged(fill_in(words.headline, names), possible ? Certainty::Possible : Certainty::Certain);
    line.remedy = fill_in(words.remedy, names);
  }

  // By connections, which is what an incident grows by; those that tell of none are counted themselves.
  void compare(IncidentLine& line) {
    if (!before_) return;
    bind(*before_, line);
    before_->step();
    const std::int64_t incidents = before_->integer(0), flows = before_->integer(1);
    before_->reset();
    line.trend = line.flows + flows > 0 ? trend_of(line.flows, flows, incidents > 0)
                                        : trend_of(line.incidents, incidents, incidents > 0);
  }

  const UnitNames& names_;
  Statement worst_;
  std::optional<Statement> before_;
};

}  // namespace

void add_incidents(Database& store, const UnitNames& names, std::size_t most, Report& report) {
  Lines lines(store, names, !report.baseline.empty());
  Statement rows = store.prepare("SELECT * FROM worst_incidents");
  while (rows.step()) {
    ++report.incidents_by_level.at(static_cast<std::size_t>(rows.integer(kLevel)));
    if (report.incidents.size() < most) report.incidents.push_back(lines.line(rows));
  }
}

std::uint64_t incidents_left_out(const Report& report) {
  const auto& levels = report.incidents_by_level;
  return std::accumulate(levels.begin(), levels.end(), std::uint64_t{0}) - report.incidents.size();
}

std::string cost_text(const IncidentLine& line) {
  std::string out;
  const auto say = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (line.failed > 0) say(grouped(static_cast<std::uint64_t>(line.failed)) + " failed");
  if (line.reset > 0) say(grouped(static_cast<std::uint64_t>(line.reset)) + " reset");
  if (line.lost_ns > 0) say(readable_span(line.lost_ns) + " lost");
  return out;
}

std::string extent_text(const IncidentLine& line) {
  std::string out = plural(static_cast<std::uint64_t>(line.incidents), "incident", "incidents");
  if (line.captures > 1)
    out += fmt::format(" in {} captures", grouped(static_cast<std::uint64_t>(line.captures)));
  return out;
}

}  // namespace tcpautopsy::batch
