#include "analyzer/batch/report.h"
#include "analyzer/batch/report_incidents.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy::batch {
namespace {

void write_time(JsonWriter& w, std::string_view key, std::int64_t ns) { w.field(key, rfc3339(ns)); }

void write_where(JsonWriter& w, const Where& where) {
  w.key("where");
  if (where.file.empty()) return w.null();
  w.begin_object();
  w.field("file", where.file);
  w.field("flow", where.flow);
  w.field("frame", where.frame);
  w.field("command", where.command);
  w.end_object();
}

void write_if_other(JsonWriter& w, std::string_view key, std::string_view word) {
  w.key(key);
  if (word.empty())
    w.null();
  else
    w.value(word);
}

void write_trend(JsonWriter& w, const Trend& trend) {
  w.key("trend");
  if (trend.kind == Trend::Kind::None) return w.null();
  w.begin_object();
  w.word_field("change", name(trend.kind));
  w.field("before", trend.before);
  write_if_other(w, "before_severity", trend.before_severity);
  write_if_other(w, "before_cause", trend.before_cause);
  w.end_object();
}

void write_places(JsonWriter& w, std::string_view key, std::string_view what,
                  const std::vector<PlaceLine>& places) {
  w.objects(key, places, [&](const PlaceLine& line) {
    w.field(what, line.place);
    w.field("connections", line.connections);
    if (what == "service") w.field("not_opened", line.not_opened);
    w.field("errors", line.errors);
    w.field("warnings", line.warnings);
    write_time(w, "first_time", line.first_ns);
    write_time(w, "last_time", line.last_ns);
    w.field("what", line.ids);
    write_trend(w, line.trend);
    write_where(w, line.where);
  });
}

void write_totals(JsonWriter& w, const Report& r) {
  w.field("schema", 1);
  w.field("store", r.store);
  w.key("baseline");
  if (r.baseline.empty())
    w.null();
  else
    w.value(r.baseline);
  w.field("captures", r.units);
  w.field("files", r.files);
  w.field("broken_files", r.broken_files);
  w.field("packets", r.packets);
  w.field("tcp_packets", r.tcp_packets);
  w.field("connections", r.flows);
  w.field("first_ns", r.first_ns);
  w.field("last_ns", r.last_ns);
  w.key("severities");
  w.begin_object();
  w.field("error", r.by_level[3]);
  w.field("warning", r.by_level[2]);
  w.field("note", r.by_level[1]);
  w.field("info", r.by_level[0]);
  w.end_object();
}

void write_service(JsonWriter& w, const IncidentLine& line) {
  w.key("service");
  if (!line.service) return w.null();
  w.begin_object();
  w.field("ip", line.service->first);
  w.field("port", line.service->second);
  w.end_object();
}

void write_incident(JsonWriter& w, const IncidentLine& line) {
  const auto text_or_null = [&](std::string_view key, const std::string& text) {
    w.field(key, text.empty() ? std::nullopt : std::optional(text));
  };
  w.field("severity", line.severity);
  w.field("certainty", line.certainty);
  w.field("cause", line.cause);
  w.field("headline", line.headline);
  w.field("actor", line.actor);
  write_service(w, line);
  text_or_null("host", line.host);
  text_or_null("client", line.client);
  text_or_null("endpoint", line.endpoint);
  w.field("incidents", line.incidents);
  w.field("captures", line.captures);
  w.field("flows", line.flows);
  w.key("impact");
  w.begin_object();
  w.field("connections_failed", line.failed);
  w.field("connections_reset", line.reset);
  w.field("time_lost_ns", line.lost_ns);
  w.end_object();
  write_time(w, "first_time", line.first_ns);
  write_time(w, "last_time", line.last_ns);
  w.field("remedy", line.remedy);
  write_if_other(w, "explained_by", line.explained_by);
  write_trend(w, line.trend);
  write_where(w, line.where);
}

}  // namespace

std::string report_json(const Report& r) {
  std::string out;
  {
    JsonWriter w(out);
    w.begin_object();
    write_totals(w, r);
    w.objects("incidents", r.incidents, [&](const IncidentLine& line) { write_incident(w, line); });
    w.field("incidents_left_out", incidents_left_out(r));
    w.objects("findings", r.findings, [&](const FindingLine& line) {
      w.field("id", line.id);
      w.field("severity", line.severity);
      w.field("title", line.title);
      w.field("findings", line.findings);
      w.field("services", line.services);
      write_time(w, "first_time", line.first_ns);
      write_time(w, "last_time", line.last_ns);
      write_trend(w, line.trend);
      write_where(w, line.where);
    });
    write_places(w, "services", "service", r.services);
    write_places(w, "hosts", "host", r.hosts);
    w.objects("times", r.times, [&](const TimeLine& line) {
      w.field("time", line.time);
      w.field("connections", line.connections);
      w.field("errors", line.errors);
      w.field("warnings", line.warnings);
      w.field("notes", line.notes);
      write_where(w, line.where);
    });
    w.key("changed");
    w.begin_object();
    for (const auto& [kind, many] : r.changed) w.field(name(kind), many);
    w.end_object();
    w.objects("changes", r.changes, [&](const Change& change) {
      w.word_field("change", name(change.kind));
      w.field("id", change.id);
      w.field("severity", change.severity);
      w.field("service", change.place);
      w.field("before", change.before);
      w.field("now", change.now);
      write_where(w, change.where);
    });
    w.objects("broken", r.broken, [&](const BrokenLine& line) {
      w.field("file", line.file);
      w.field("error", line.error);
    });
    w.end_object();
  }
  return out + "\n";
}

}  // namespace tcpautopsy::batch
