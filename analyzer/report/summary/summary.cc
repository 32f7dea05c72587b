#include "analyzer/report/summary/summary.h"

#include <algorithm>
#include <tuple>

#include "analyzer/infer/silence.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/text/display_filter.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

// A scan meets any number of ports; beyond this many services no more are told apart.
constexpr std::size_t kMostServices = 65536;

// What may be part of a host's finding is kept in greater number until that is known.
constexpr std::size_t kSpare = 64;

auto gravity(const Finding& f) {
  return std::tuple(-static_cast<int>(f.severity), f.time_ns, f.flow.value_or(~std::uint64_t{0}));
}

KeptFinding keep(const Finding& finding, const FlowTrace* trace, const Origin& origin) {
  KeptFinding kept{finding, {}, {}, {}, finding_filter(finding, trace), {}, {}};
  if (trace == nullptr) {
    if (!finding.frames.empty()) kept.file = origin.file(finding.frames.front());
    return kept;
  }
  const Side client = trace->client;
  kept.client = to_string(trace->facts(client).address);
  kept.server = to_string(trace->facts(trace->self_connection ? client : other(client)).address);
  kept.endpoint = finding_endpoint({finding, trace}).value_or("");
  kept.file = origin.file(finding.frames.empty() ? trace->first : finding.frames.front());
  if (PartOf::possible(finding.id)) kept.place = FlowPlace::of(*trace);
  return kept;
}

// Whose RST ended the connection, if by its verdict another sent it.
std::optional<Side> reset_in_name(const FlowHistory& history) {
  if (!was_reset(history)) return std::nullopt;
  const Side side = history.close == Close::ARst ? Side::A : Side::B;
  const auto& resets = history.closing.resets(side);
  const bool forged = std::any_of(resets.begin(), resets.end(), [&](const ResetVerdict& reset) {
    return reset.segment.record == history.closing.ended_by.record &&
           (reset.became == Became::Forged || reset.cause == ResetCause::Misfit);
  });
  return forged ? std::optional(side) : std::nullopt;
}

}  // namespace

void Summary::add(const FlowResult& flow, const Origin& origin, const Wanted& wanted) {
  const FlowHistory& history = flow.history;
  ++connections_;
  ++handshakes_[static_cast<std::size_t>(history.handshake)];
  if (history.close == Close::Open && never_opens(history.handshake)) {
    ++never_opened_;
  }
  CloseCount& close = closes_[static_cast<std::size_t>(history.close)][index(history.client())];
  if (close.count++ == 0) close.word = close_name(history);
  if (const auto side = reset_in_name(history)) ++reset_in_name_[*side == history.client() ? 0 : 1];
  times_.add(history);
  if (!history.trace.self_connection) {
    if (const auto rtt = history.rtt(history.client())) rtt_clients_.add(*rtt);
    if (const auto rtt = history.rtt(history.server())) rtt_servers_.add(*rtt);
  }
  Service* const service = service_of(history);
  for (const Finding& finding : flow.findings) {
    if (wanted && !wanted(finding)) continue;
    add(finding, &history.trace, origin);
    if (service != nullptr) count_trouble(*service, finding);
  }
  if (selected_) hosts_.note({history.trace, history, history.transfer.get()});
}

void Summary::add(CaptureOverview capture, std::span<const std::string> files) {
  const Origin origin{files, no_encapsulation()};
  for (const Finding& finding : capture.findings) add(finding, nullptr, origin);
  for (auto& [id, group] : groups_) keep_gravest(group, capture.parts);
  if (!selected_) take(std::move(capture.hosts));
  capture.hosts = {};
  captures_.push_back(std::move(capture));
}

// Of one capture nothing is copied.
void Summary::take(HostBook&& hosts) {
  if (captures_.empty())
    hosts_ = std::move(hosts);
  else
    hosts_.merge(hosts);
}

std::vector<ServiceRow> Summary::services(std::size_t most, std::size_t spans) const {
  std::optional<TimeSpan> time;
  for (const CaptureOverview& capture : captures_) {
    for (const CaptureInfo& file : capture.files) {
      if (!file.first_ns) continue;
      if (!time) time = TimeSpan{*file.first_ns, capture.end_ns};
      time->from_ns = std::min(time->from_ns, *file.first_ns);
      time->until_ns = std::max({time->until_ns, capture.end_ns, file.last_ns.value_or(*file.first_ns)});
    }
  }
  return busiest_services(hosts_, most, time.value_or(TimeSpan{}), spans);
}

void Summary::add(const Finding& finding, const FlowTrace* trace, const Origin& origin) {
  FindingGroup& group = group_of(finding.id);
  group.worst = std::max(group.worst, finding.severity);
  if (trace == nullptr && finding.host && finding.port) note_trouble({*finding.host, *finding.port}, finding);
  ++group.by_severity[static_cast<std::size_t>(finding.severity)];
  ++group.total;
  const std::size_t most = kept_per_id_ + (trace != nullptr && group.may_be_part ? kSpare : std::size_t{0});
  const bool full = group.kept.size() >= most;
  if (kept_per_id_ == 0 || (full && gravity(finding) >= gravity(group.kept.back().finding))) return;
  if (full) group.kept.pop_back();
  const auto at = std::upper_bound(
      group.kept.begin(), group.kept.end(), finding,
      [](const Finding& a, const KeptFinding& b) { return gravity(a) < gravity(b.finding); });
  group.kept.insert(at, keep(finding, trace, origin));
}

void Summary::demote(std::string_view id, Severity severity, const FlowPlace& flow, bool chosen) {
  const auto group = groups_.find(id);
  if (group == groups_.end()) return;
  auto& counts = group->second.by_severity;
  --counts[static_cast<std::size_t>(severity)];
  if (chosen)
    ++counts[static_cast<std::size_t>(Severity::Info)];
  else
    --group->second.total;
  while (group->second.worst > Severity::Info && counts[static_cast<std::size_t>(group->second.worst)] == 0)
    group->second.worst = static_cast<Severity>(static_cast<int>(group->second.worst) - 1);
  if (group->second.total == 0) groups_.erase(group);
  const auto service = services_.find(flow.server);
  if (severity < Severity::Warning || service == services_.end()) return;
  --(severity == Severity::Error ? service->second.errors : service->second.warnings);
  const auto of_id = service->second.ids.find(id);
  if (of_id != service->second.ids.end() && --of_id->second == 0) service->second.ids.erase(of_id);
}

void Summary::keep_gravest(FindingGroup& group, const PartOf& parts) {
  for (KeptFinding& kept : group.kept) {
    if (kept.place) parts.mark(kept.finding, *kept.place);
    kept.place.reset();
  }
  std::stable_sort(group.kept.begin(), group.kept.end(), [](const KeptFinding& a, const KeptFinding& b) {
    return gravity(a.finding) < gravity(b.finding);
  });
  if (group.kept.size() > kept_per_id_)
    group.kept.erase(group.kept.begin() + static_cast<std::ptrdiff_t>(kept_per_id_), group.kept.end());
}

void Summary::count_trouble(Service& service, const Finding& finding) {
  if (finding.severity < Severity::Warning) return;
  ++(finding.severity == Severity::Error ? service.errors : service.warnings);
  ++service.ids[finding.id];
}

// Of a host's service, which may have no connection in the selection.
void Summary::note_trouble(const EndpointAddress& address, const Finding& finding) {
  const auto known = services_.find(address);
  if (known != services_.end()) return count_trouble(known->second, finding);
  if (finding.severity >= Severity::Warning && services_.size() < kMostServices)
    count_trouble(services_[address], finding);
}

FindingGroup& Summary::group_of(std::string_view id) {
  const auto [group, fresh] = groups_.try_emplace(id);
  if (fresh) {
    group->second.id = id;
    group->second.may_be_part = PartOf::possible(id);
  }
  return group->second;
}

// The connection's, with it counted; null beyond the bound.
Service* Summary::service_of(const FlowHistory& history) {
  const Side side = history.trace.self_connection ? history.client() : history.server();
  const EndpointAddress& address = history.trace.facts(side).address;
  auto found = services_.find(address);
  if (found == services_.end()) {
    if (services_.size() == kMostServices) return nullptr;
    found = services_.emplace(address, Service{}).first;
  }
  Service& service = found->second;
  ++service.connections;
  if (never_opens(history.handshake)) ++service.failed;
  return &service;
}

std::map<std::string_view, std::uint64_t> Summary::closes() const {
  std::map<std::string_view, std::uint64_t> met;
  for (const PerSide<CloseCount>& both : closes_)
    for (const CloseCount& close : both)
      if (close.count > 0) met[close.word] += close.count;
  return met;
}

void Summary::set_incidents(const CauseBook& causes) {
  std::uint64_t number = 0;
  for (const Incident& incident : causes.incidents()) {
    if (incident.chosen) incidents_.emplace_back(number, incident);
    ++number;
  }
  crowded_ = causes.crowded();
}

std::vector<const FindingGroup*> Summary::groups() const {
  std::vector<const FindingGroup*> out;
  for (const auto& [id, group] : groups_) out.push_back(&group);
  std::stable_sort(out.begin(), out.end(), [](const FindingGroup* a, const FindingGroup* b) {
    return a->worst != b->worst ? a->worst > b->worst : a->total > b->total;
  });
  return out;
}

std::array<std::uint64_t, 4> Summary::by_severity() const {
  std::array<std::uint64_t, 4> sum{};
  for (const auto& [id, group] : groups_)
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += group.by_severity[i];
  return sum;
}

std::vector<std::pair<EndpointAddress, const Service*>> Summary::troubled(std::size_t most) const {
  std::vector<std::pair<EndpointAddress, const Service*>> out;
  for (const auto& [address, service] : services_)
    if (service.errors + service.warnings > 0) out.emplace_back(address, &service);
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.second->errors, a.second->warnings, a.second->failed) >
           std::tuple(b.second->errors, b.second->warnings, b.second->failed);
  });
  if (out.size() > most) out.resize(most);
  return out;
}

}  // namespace tcpautopsy
