#include "analyzer/batch/report_incidents.h"

#include <fmt/format.h>

#include <numeric>

#include "analyzer/batch/near_incidents.h"
#include "analyzer/causes/cause_words.h"
#include "analyzer/causes/escalations.h"
#include "analyzer/causes/relations.h"
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
  using Shared = NearIncidents::Shared;

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
            "i.incident LIMIT 1")),
        near_(store) {
    const std::string before =
        "SELECT COUNT(*), IFNULL(SUM(flows), 0), MAX(level) FROM old.incidents WHERE cause = ? ";
    if (!compare) return;
    before_.emplace(store.prepare(before + "AND endpoint = ? AND place = ?"));
    // Of a host a cause names another end than of a connection.
    other_before_.emplace(store.prepare(before + "AND place = ?"));
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
    explain(line);
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

  // Within a capture that was judged when it was read: here by incidents of other captures.
  void explain(IncidentLine& line) {
    for (const Relation* row : relations_to(line.cause)) {
      const bool service = row->reach == Reach::Service ||
                           (row->reach == Reach::ServiceBy && line.endpoint == name(End::Server));
      if (!service && row->reach != Reach::Host && row->reach != Reach::Client) continue;
      const Shared shared = service                     ? Shared::Service
                            : row->reach == Reach::Host ? Shared::Host
                                                        : Shared::Client;
      if (!near_.explain_all(row->cause, shared, line.cause, line.endpoint, line.place)) continue;
      line.explained_by = row->cause;
      return;
    }
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

  // The headline of one incident counts only its own connections. Where the likely cause of the gravest has
  // words of its own, its verdict stands.
  static void put_in_words(IncidentLine& line, const CauseWords& words) {
    CauseNames names;
    names.host = line.host.empty() ? line.service ? line.service->first : "several hosts" : line.host;
    names.service = line.service        ? place_text(line.service->first, line.service->second)
                    : line.host.empty() ? "several services"
                                        : line.host;
    names.client = line.client.empty() ? "several clients" : line.client;
    names.flows = names.attempts = static_cast<std::uint64_t>(line.flows);  // stores do not tell them apart
    names.end = end_of(line.endpoint);
    if (fill_in(words.remedy, names) != line.remedy) return;
    const bool possible = line.certainty == name(Certainty::Possible);
    line.headline =
        hedged(fill_in(words.headline, names), possible ? Certainty::Possible : Certainty::Certain);
  }

  struct Before {
    std::int64_t incidents = 0, flows = 0, level = 0;
  };

  static Before taken(Statement& row) {
    row.step();
    const Before before{row.integer(0), row.integer(1), row.integer(2)};
    row.reset();
    return before;
  }

  // By connections, which is what an incident grows by; those that tell of none are counted themselves.
  void compare(IncidentLine& line) {
    if (!before_) return;
    bind(*before_, line);
    const Before before = taken(*before_);
    const bool by_flows = line.flows + before.flows > 0;
    line.trend = {Trend::Kind::New, 0, {}, {}};
    if (before.incidents > 0)
      line.trend = trend_of_levels(by_flows ? line.flows : line.incidents,
                                   by_flows ? before.flows : before.incidents, line.level, before.level);
    else if (!was_called(line, milder_forms(line.cause), Trend::Kind::Worse))
      was_called(line, graver_forms(line.cause), Trend::Kind::Better);
  }

  // Whether the baseline has one of these at the same place.
  bool was_called(IncidentLine& line, const std::vector<std::string_view>& causes, Trend::Kind kind) {
    for (const std::string_view cause : causes) {
      other_before_->with(cause, std::string_view(line.place));
      const Before before = taken(*other_before_);
      if (before.incidents == 0) continue;
      line.trend = {kind, before.flows > 0 ? before.flows : before.incidents, {}, std::string(cause)};
      if (before.level != line.level) line.trend.before_severity = name(static_cast<Severity>(before.level));
      return true;
    }
    return false;
  }

  const UnitNames& names_;
  Statement worst_;
  NearIncidents near_;
  std::optional<Statement> before_, other_before_;
};

}  // namespace

void add_incidents(Database& store, const UnitNames& names, std::size_t most, Report& report) {
  Lines lines(store, names, !report.baseline.empty());
  Statement rows = store.prepare("SELECT * FROM worst_incidents");
  while (rows.step()) {
    ++report.incidents_by_level[rows.below(report.incidents_by_level.size(), kLevel)];
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
