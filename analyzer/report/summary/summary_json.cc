#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/incident_lines.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/summary_words.h"

namespace tcpautopsy {
namespace {

void write_file(JsonWriter& w, const CaptureInfo& file) {
  w.field("file", file.file);
  w.field("format", file.format);
  w.field("packets", file.packets);
  w.field("filtered_out", file.filtered_out);
  w.field("cut_packets", file.cut_packets);
  w.field("first_ns", file.first_ns);
  w.field("last_ns", file.last_ns);
  w.field("dropped", file.dropped);
}

void write_capture(JsonWriter& w, const CaptureOverview& capture) {
  w.objects("files", capture.files, [&w](const CaptureInfo& file) { write_file(w, file); });
  w.field("capture_end_ns", capture.end_ns);
  w.key("packets");
  w.begin_object();
  const DecodeCounts& d = capture.decoded;
  w.field("tcp", d.tcp);
  w.field("icmp_errors", d.icmp_errors);
  w.field("other", d.other);
  w.field("fragments_held", d.fragments_held);
  w.field("fragments_dropped", d.fragments_dropped);
  w.field("cut_short", d.cut_short);
  w.field("malformed", d.malformed);
  w.field("unknown_link_type", d.unknown_link_type);
  w.end_object();
  w.field("flows", capture.facts.flows);
  w.field("duplicates_dropped", capture.facts.copies_dropped);
  w.field("halves_joined", capture.facts.halves_joined);
  w.key("limits_met");
  w.begin_object();
  for (const LimitMet& limit : capture.limits) w.field(limit.name, limit.count);
  w.end_object();
}

void write_spread(JsonWriter& w, std::string_view name, const Spread& spread) {
  w.key(name);
  w.begin_object();
  w.field("count", spread.count());
  w.field("min", spread.least());
  w.field("median", spread.median());
  w.field("max", spread.most());
  w.end_object();
}

void write_outcomes(JsonWriter& w, const Summary& summary) {
  w.field("connections", summary.connections());
  w.key("handshake");
  w.begin_object();
  for (int i = 0; i <= static_cast<int>(Handshake::None); ++i) {
    const auto handshake = static_cast<Handshake>(i);
    if (summary.count(handshake) > 0) w.field(name(handshake), summary.count(handshake));
  }
  w.end_object();
  w.key("close");
  w.begin_object();
  for (const auto& [word, count] : summary.closes()) w.field(word, count);
  w.end_object();
  w.key("rtt_ns");
  w.begin_object();
  write_spread(w, "clients", summary.rtt_to_clients());
  write_spread(w, "servers", summary.rtt_to_servers());
  w.end_object();
}

void write_times(JsonWriter& w, const TimeTotals& times) {
  w.key("where_time_went");
  w.begin_object();
  w.field("connections", times.connections());
  w.field("total_ns", times.whole());
  w.key("causes");
  w.begin_object();
  for (const TimeCause cause : times.order()) {
    const TimeTotals::Total& total = times.of(cause);
    w.key(field_name(cause));
    w.begin_object();
    w.field("total_ns", total.ns);
    w.field("largest_in", total.largest_in);
    w.field("most_ns", total.worst_ns);
    w.field("most_in_flow", total.worst_flow);
    w.end_object();
  }
  w.end_object();
  w.end_object();
}

void write_kept(JsonWriter& w, const KeptFinding& kept) {
  const Finding& finding = kept.finding;
  w.word_field("severity", name(finding.severity));
  w.field("flow", finding.flow);
  w.field("client", kept.client);
  w.field("server", kept.server);
  w.field("endpoint", kept.endpoint.empty() ? std::nullopt : std::optional<std::string>(kept.endpoint));
  w.field("time_ns", finding.time_ns);
  w.word_field("certainty", name(finding.certainty));
  w.field("summary", finding.summary);
  w.key("evidence");
  write_evidence(w, finding);
  w.field("file", kept.file);
  w.field("filter", kept.filter);
  w.field("part_of", finding.part_of.empty() ? std::nullopt : std::optional<std::string>(finding.part_of));
}

void write_group(JsonWriter& w, const FindingGroup& group) {
  w.field("id", group.id);
  w.word_field("severity", name(group.worst));
  w.field("title", title_of(group.id));
  w.field("count", group.total);
  w.key("by_severity");
  w.begin_object();
  for (std::size_t i = 0; i < group.by_severity.size(); ++i) {
    w.field(name(static_cast<Severity>(i)), group.by_severity[i]);
  }
  w.end_object();
  w.objects("examples", group.kept, [&w](const KeptFinding& kept) { write_kept(w, kept); });
}

void write_service(JsonWriter& w, const EndpointAddress& address, const Service& service) {
  w.field("ip", to_string(address.ip));
  w.field("port", address.port);
  w.field("connections", service.connections);
  w.field("not_opened", service.failed);
  w.field("errors", service.errors);
  w.field("warnings", service.warnings);
  w.key("findings");
  w.begin_object();
  for (const auto& [id, count] : service.ids) w.field(id, count);
  w.end_object();
}

void write_peak(JsonWriter& w, std::string_view name, const Population::Peak& peak) {
  w.key(name);
  w.begin_object();
  w.field("count", peak.count);
  w.field("at_ns", peak.count > 0 ? std::optional(peak.at_ns) : std::nullopt);
  w.end_object();
}

void write_host_row(JsonWriter& w, const ServiceRow& row) {
  w.field("ip", to_string(row.service.ip));
  w.field("port", row.service.port);
  w.field("connections", row.connections);
  w.field("exact", row.whole);
  w.field("opened", row.opened);
  w.field("failed", row.failed);
  w.field("failure_rate", row.failure_rate());
  w.key("outcome");
  w.begin_object();
  for (std::size_t o = 0; o < kOutcomes; ++o) w.field(name(static_cast<Outcome>(o)), row.outcomes[o]);
  w.end_object();
  write_peak(w, "peak_half_open", row.half_open);
  write_peak(w, "peak_time_wait", row.time_wait);
  write_peak(w, "peak_time_wait_of_one_client", row.client_time_wait);
  w.field("client_with_most_time_wait", row.client ? std::optional(to_string(*row.client)) : std::nullopt);
  w.key("closed_first");
  w.begin_object();
  w.field("service", row.closed_by_service);
  w.field("client", row.closed_by_client);
  w.field("both", row.closed_by_both);
  w.end_object();
  w.key("load");
  w.begin_array();
  for (const std::uint64_t most : row.load) w.value(most);
  w.end_array();
}

}  // namespace

std::string summary_json(const Summary& summary) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.field("schema", 1);
  w.objects("captures", summary.captures(), [&w](const CaptureOverview& c) { write_capture(w, c); });
  write_outcomes(w, summary);
  write_times(w, summary.times());
  w.objects("incidents", summary.incidents(),
            [&w](const auto& told) { write_incident(w, told.first, told.second); });
  w.objects("findings", summary.groups(), [&w](const FindingGroup* group) { write_group(w, *group); });
  w.objects("services_in_trouble", summary.troubled(100),
            [&w](const auto& at) { write_service(w, at.first, *at.second); });
  w.objects("services", summary.services(100, 64), [&w](const ServiceRow& row) { write_host_row(w, row); });
  w.end_object();
  out += '\n';
  return out;
}

}  // namespace tcpautopsy
