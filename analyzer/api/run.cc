#include "analyzer/api/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/api/streams.h"
#include "analyzer/api/values.h"
#include "analyzer/capture/archive_reader.h"
#include "analyzer/causes/part_candidates.h"

namespace tcpautopsy::v1 {
namespace {

constexpr std::uint64_t kProgressStep = 4096;

}  // namespace

struct Run::Group {
  Group(Run& run, const CaptureGroup& files)
      : reader(files, run.options_.captures, run.options_.filter, shelf),
        analysis(settings(run), [this, &run](const FlowResult& flow) { run.on_flow(*this, flow); }) {
    if (run.callbacks_.stream != nullptr) streams.emplace(*run.callbacks_.stream);
  }

  AnalysisOptions settings(const Run& run) {
    AnalysisOptions settings = run.settings_;
    settings.first_flow = run.result_.flows;
    if (run.callbacks_.stream != nullptr)
      settings.on_segment = [this](std::uint64_t flow, Side sender, const TcpSegment& segment,
                                   const FrameRef& frame) { streams->add(flow, sender, segment, frame); };
    return settings;
  }

  MemberShelf shelf;
  GroupReader reader;
  std::optional<Streams> streams;
  tcpautopsy::Analysis analysis;
  PartCandidates candidates;
};

Result Run::all() {
  MemberShelf shelf;
  const CapturePlan plan = plan_captures(options_.captures, options_.merge, shelf);
  for (const InputError& error : plan.errors) result_.problems.push_back(error.message);
  for (const CaptureGroup& group : plan.groups) {
    if (result_.stopped) break;
    try {
      run(group);
    } catch (const CaptureError& error) {
      result_.problems.emplace_back(error.what());
    }
  }
  if (!read_)
    throw Error(Error::Kind::Input,
                result_.problems.empty() ? "no capture could be read" : result_.problems.front());
  causes_.conclude();
  for (const auto& limit : limits_)
    if (limit.count > 0) result_.limits_met.push_back({std::string(limit.name), limit.count, limit.text()});
  for (const auto& incident : causes_.incidents()) result_.incidents.push_back(incident_of(incident));
  return std::move(result_);
}

void Run::run(const CaptureGroup& files) {
  Group group(*this, files);
  read_ = true;
  read(group);
  finish(group);
}

void Run::read(Group& group) {
  const auto next = [&](tcpautopsy::Frame& frame, std::uint32_t& file) {
    return group.reader.next(frame, file);
  };
  group.analysis.add_all(next, [&] {
    if (++result_.packets % kProgressStep == 0 && callbacks_.progress)
      result_.stopped = !callbacks_.progress(result_.packets);
    return !result_.stopped;
  });
}

void Run::on_flow(Group& group, const FlowResult& flow) {
  const FlowTrace& trace = flow.history.trace;
  const auto tickets = causes_.note(flow);
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    const tcpautopsy::Finding& finding = flow.findings[i];
    const auto* detector = group.candidates.detector_of(finding.id);
    if (detector != nullptr && tickets[i].cause != CauseTicket::kNone)
      group.candidates.add({FlowPlace::of(trace), detector, finding.severity, false, false, tickets[i]});
  }
  if (group.streams) group.streams->end(trace.number);
  if (!callbacks_.flow && callbacks_.detectors.empty()) return;
  Flow told = flow_of(flow, group.analysis.encapsulation(trace.encapsulation));
  examine(told);
  if (callbacks_.flow) callbacks_.flow(told);
}

void Run::examine(Flow& flow) const {
  for (const Detector& detector : callbacks_.detectors) {
    std::vector<Finding> found;
    detector.examine(flow, found);
    for (Finding& finding : found) {
      finding.id = detector.id;
      finding.scope = Scope::Flow;
      finding.flow = flow.number;
      flow.findings.push_back(std::move(finding));
    }
  }
}

void Run::finish(Group& group) {
  for (const InputError& error : group.reader.errors()) result_.problems.push_back(error.message);
  for (const Damage& damage : group.reader.damages())
    result_.problems.push_back(fmt::format("{}: damaged at byte offset {}, after packet {}: {}", damage.file,
                                           damage.offset, damage.packet, damage.reason));
  if (const auto end = stated_end(group.reader.infos())) group.analysis.set_capture_end(*end);
  group.analysis.finish();
  const Findings& found = group.analysis.capture_findings();
  for (const auto& finding : found) {
    causes_.note(finding);
    result_.findings.push_back(finding_of(finding, nullptr));
  }
  group.candidates.settle(PartOf(found), [&](const PartCandidate& candidate, std::string_view whose) {
    if (!whose.empty()) causes_.demote(candidate.ticket, candidate.severity);
  });
  add(limits_, group.analysis.limits());
  result_.flows += group.analysis.facts().flows;
  result_.capture_end_ns = group.analysis.capture_end_ns();
}

}  // namespace tcpautopsy::v1
