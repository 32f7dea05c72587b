#include "analyzer/analysis/part_of.h"

#include <algorithm>
#include <set>

namespace tcpautopsy {
namespace {

bool takes(const Detector& detector, std::string_view id) {
  const auto& ids = detector.parts.ids;
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

FlowPlace FlowPlace::of(const FlowFacts& trace) {
  return {trace.facts(trace.client).address, trace.facts(other(trace.client)).address, trace.first.time_ns,
          trace.facts(Side::A).payload_bytes + trace.facts(Side::B).payload_bytes == 0};
}

PartOf::PartOf(const Findings& found) {
  for (const Finding& finding : found) {
    const Detector* detector = finding.host ? find_detector(finding.id) : nullptr;
    if (detector == nullptr || detector->parts.ids.empty()) continue;
    episodes_[*finding.host].push_back(
        {detector, finding.port, finding.severity, finding.time_ns, finding.end_ns});
  }
}

void PartOf::look(std::string_view id, const FlowPlace& flow, bool client, const Episode*& best) const {
  const auto host = episodes_.find(client ? flow.client.ip : flow.server.ip);
  if (host == episodes_.end()) return;
  for (const Episode& episode : host->second) {
    const Parts& parts = episode.detector->parts;
    const auto is = client ? Parts::HostIs::Client : Parts::HostIs::Server;
    if (parts.host != is && parts.host != Parts::HostIs::Either) continue;
    const bool own_port = client && parts.host == Parts::HostIs::Either;
    if (episode.port && *episode.port != (own_port ? flow.client.port : flow.server.port)) continue;
    if (flow.begun_ns < episode.from_ns || flow.begun_ns > episode.until_ns) continue;
    if (parts.without_data && !flow.without_data) continue;
    if (!takes(*episode.detector, id)) continue;
    if (best == nullptr || episode.severity > best->severity ||
        (episode.severity == best->severity && episode.detector->doc.id < best->detector->doc.id))
      best = &episode;
  }
}

std::string_view PartOf::of(std::string_view id, const FlowPlace& flow) const {
  const Episode* best = nullptr;
  look(id, flow, false, best);
  look(id, flow, true, best);
  return best == nullptr ? std::string_view{} : best->detector->doc.id;
}

void PartOf::mark(Finding& finding, const FlowPlace& flow) const {
  finding.part_of = of(finding.id, flow);
  if (!finding.part_of.empty()) finding.severity = Severity::Info;
}

bool PartOf::possible(std::string_view id) {
  static const std::set<std::string_view> all = [] {
    std::set<std::string_view> ids;
    for (const Detector* detector : detectors())
      ids.insert(detector->parts.ids.begin(), detector->parts.ids.end());
    return ids;
  }();
  return all.contains(id);
}

}  // namespace tcpautopsy
