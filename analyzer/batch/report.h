// What a store says: gathered by its own queries, then put into words.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy::batch {

// How to see for oneself.
struct Where {
  std::string file;  // of the frame
  std::optional<std::int64_t> flow, frame;
  std::string command;
};

// Against the store given as baseline.
struct Trend {
  enum class Kind : std::uint8_t { None, New, Gone, Worse, Better, Same };
  Kind kind = Kind::None;
  std::int64_t before = 0;
  std::string_view before_severity;  // the gravest then, where it was another
  std::string before_cause;          // what the fault was called then, where it was another: escalations.h
};
std::string_view name(Trend::Kind kind);

// Incidents of one cause at one place: a service, a host, or the one client that met it at several services.
struct IncidentLine {
  std::string severity, certainty, cause, endpoint, place, host, client, actor, headline, remedy;
  std::optional<std::pair<std::string, std::int64_t>> service;  // address and port
  std::int64_t level = 0, incidents = 0, captures = 0, flows = 0, failed = 0, reset = 0, lost_ns = 0,
               first_ns = 0, last_ns = 0;
  std::string explained_by;  // the cause that others of the store have at the time; empty for none
  Trend trend;               // of connections
  Where where;               // of the gravest
};

struct FindingLine {
  std::string id, severity, title;
  std::int64_t level = 0, findings = 0, services = 0, first_ns = 0, last_ns = 0;
  Trend trend;
  Where where;
};

// Of a service ("10.0.0.2:80") or a host.
struct PlaceLine {
  std::string place, ids;
  std::int64_t connections = 0, not_opened = 0, errors = 0, warnings = 0, first_ns = 0, last_ns = 0;
  Trend trend;
  Where where;
};

struct TimeLine {
  std::string time;  // day, or hour
  std::int64_t connections = 0, errors = 0, warnings = 0, notes = 0;
  Where where;  // of the gravest
};

// A kind of error or warning at one service, in one store or the other.
struct Change {
  std::string id, severity, place;
  std::int64_t level = 0, now = 0, before = 0;
  Trend::Kind kind = Trend::Kind::Same;
  Where where;  // empty for what is gone
};

struct BrokenLine {
  std::string file, error;
};

struct Report {
  std::string store, baseline;
  std::int64_t units = 0, files = 0, packets = 0, tcp_packets = 0, flows = 0, broken_files = 0;
  std::optional<std::int64_t> first_ns, last_ns;
  std::array<std::uint64_t, 4> by_level{};            // info to error
  std::array<std::uint64_t, 4> incidents_by_level{};  // lines of them, those left out too
  std::vector<IncidentLine> incidents;                // each list worst first
  std::vector<FindingLine> findings;
  std::vector<PlaceLine> services, hosts;
  std::vector<TimeLine> times;  // in order of time
  bool by_day = false;
  std::vector<Change> changes;                  // new, worse, gone, better
  std::map<Trend::Kind, std::int64_t> changed;  // how many of each there are
  std::vector<BrokenLine> broken;
};

// At most `most` incidents, services, hosts, changes of a kind, and broken files. `baseline` may be empty.
Report make_report(Database& store, const std::string& baseline, std::size_t most);

std::string report_text(const Report& report, const TextStyle& style);
std::string report_markdown(const Report& report);
std::string report_json(const Report& report);
// A page for a browser, with a heat map of the incidents of the store.
std::string report_html(Database& store, const Report& report);

}  // namespace tcpautopsy::batch
