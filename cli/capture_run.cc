#include "cli/capture_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_time.h"
#include "analyzer/capture/stop_reading.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/status_line.h"

namespace tcpautopsy::cli {
namespace {

std::string damage_message(const Damage& damage) {
  return fmt::format("{}: damaged at byte offset {}, after packet {}: {}", damage.file, damage.offset,
                     damage.packet, damage.reason);
}

void note_times(const std::vector<CaptureInfo>& infos) {
  for (const CaptureInfo& info : infos)
    if (info.impossible_times > 0)
      say(fmt::format("{}: note: {} with times before 1970 or after 2106, taken as that bound", info.file,
                      plural(info.impossible_times, "packet", "packets")));
}

void note_limits(const CaptureOverview& capture) {
  for (const LimitMet& limit : capture.limits)
    if (limit.count > 0)
      say(fmt::format("{}: note: limit met: {}", capture.files.front().file, limit.text()));
}

std::optional<TimeNs> first_time(const std::vector<CaptureInfo>& infos) {
  std::optional<TimeNs> first;
  for (const CaptureInfo& info : infos)
    if (info.first_ns) first = std::min(first.value_or(*info.first_ns), *info.first_ns);
  return first;
}

}  // namespace

struct CaptureRun::Group {
  explicit Group(const CaptureGroup& files, const Options& options)
      : shelf(options.most_expansion), reader(files, options.files, options.filter, shelf) {}

  MemberShelf shelf;
  GroupReader reader;
  std::unique_ptr<Analysis> analysis;
  PartCandidates candidates;
  TimeNs start_ns = 0;
  std::optional<TimeNs> end_ns;
};

CaptureRun::CaptureRun(const Options& options) : options_(options), progress_(options) {
  end_reading_on_signals();
}

void CaptureRun::run(const Handlers& handlers) {
  MemberShelf shelf(options_.most_expansion);
  const CapturePlan plan =
      options_.one_capture ? whole_set() : plan_captures(options_.files, options_.merge, shelf);
  for (const InputError& error : plan.errors) trouble(error.message);
  for (const CaptureGroup& group : plan.groups) {
    stopped_ = reading_stopped();
    if (stopped_) break;
    try {
      run_group(group, handlers);
    } catch (const CaptureError& error) {
      stopped_ = reading_stopped();
      if (!stopped_) trouble(error.what());
    }
  }
  if (handlers.causes != nullptr) handlers.causes->conclude();
  if (stopped_) tell_stopped();
}

void CaptureRun::tell_stopped() {
  say(packets_ == 0 ? fmt::format("{} before a packet was analysed", word_of_signal())
                    : fmt::format("{}; what is told is of the first {} alone", word_of_signal(),
                                  plural(packets_, "packet", "packets")));
}

CapturePlan CaptureRun::whole_set() const {
  CaptureGroup all{{}, options_.merge};
  for (std::size_t file = 0; file < options_.files.size(); ++file) all.files.push_back(file);
  return {{std::move(all)}, {}};
}

void CaptureRun::run_group(const CaptureGroup& files, const Handlers& handlers) {
  Group group(files, options_);
  read_ = true;
  read(group, handlers);
  finish(group, handlers);
}

void CaptureRun::read(Group& group, const Handlers& handlers) {
  Frame frame;
  std::uint32_t file = 0;
  if (group.reader.next(frame, file)) {
    start(group, handlers, frame.time_ns);
    // Who waits for a pipe can be interrupted only on the thread that the signal reaches.
    const bool waits = std::any_of(options_.files.begin(), options_.files.end(), &reads_once);
    if (waits || handlers.frame)
      take_one_by_one(group, handlers, frame, file);
    else
      take_all(group, frame, file);
  }
  stopped_ = reading_stopped();
  taken_before_ += group.reader.taken();
  clear_status();
}

void CaptureRun::take_one_by_one(Group& group, const Handlers& handlers, Frame& frame, std::uint32_t& file) {
  do {
    const auto flow = group.analysis->add(frame, file);
    if (handlers.frame) handlers.frame(frame, file, flow);
    progress_.at(++packets_, [&] { return taken_before_ + group.reader.taken(); });
  } while (group.reader.next(frame, file));
}

void CaptureRun::take_all(Group& group, const Frame& first, std::uint32_t first_file) {
  constexpr std::uint64_t kStep = 1024;
  std::uint64_t read = 0;
  // Reading may be on another thread.
  std::atomic<std::uint64_t> taken = 0;
  const auto next = [&](Frame& frame, std::uint32_t& file) {
    if (read++ == 0) {
      frame = first;
      file = first_file;
      return true;
    }
    if (read % kStep == 0) taken = group.reader.taken();
    return group.reader.next(frame, file);
  };
  group.analysis->add_all(next, [&] {
    progress_.at(++packets_, [&] { return taken_before_ + taken; });
    return true;
  });
}

void CaptureRun::start(Group& group, const Handlers& handlers, TimeNs first_ns) {
  group.start_ns = first_time(group.reader.infos()).value_or(first_ns);
  AnalysisOptions analysis;
  analysis.profile = options_.profile;
  analysis.thresholds = options_.thresholds;
  analysis.bounds = options_.bounds;
  analysis.first_flow = flows_;
  analysis.threads = options_.threads > 0 ? options_.threads
                                          : std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  analysis.on_segment = handlers.segment;
  analysis.hosts = handlers.hosts || handlers.causes != nullptr || options_.fail_on;
  analysis.peer_words = handlers.peer_words;
  if (options_.anonymize)
    analysis.stands_for = [cipher = std::make_shared<AddressCipher>(*options_.anonymize)](
                              const IpAddress& address) { return cipher->of(address); };
  if (options_.capture_end && options_.capture_end->kind != TimeSpec::Kind::End) {
    analysis.capture_end_ns = possible_time(options_.capture_end->resolve(group.start_ns, 0));
  }
  if (handlers.keep_selected_whole) {
    analysis.keep_all = [this](std::uint64_t flow) { return options_.selection.wants_number(flow); };
  }
  group.analysis = std::make_unique<Analysis>(
      analysis, [this, &group, &handlers](const FlowResult& flow) { on_flow(group, handlers, flow); });
}

void CaptureRun::on_flow(Group& group, const Handlers& handlers, const FlowResult& flow) {
  const auto tickets =
      handlers.causes == nullptr ? std::span<const CauseTicket>{} : handlers.causes->note(flow);
  const bool wanted = options_.selection.wants(flow, group.start_ns);
  if (!wanted && handlers.left_out) handlers.left_out(flow.history.trace.number);
  if (!wanted && tickets.empty()) return;
  note(group, handlers, flow, tickets, wanted);
  if (!wanted || !handlers.flow) return;
  const Encapsulation& encapsulation = group.analysis->encapsulation(flow.history.trace.encapsulation);
  handlers.flow(flow, {Origin{options_.files, encapsulation}, group.start_ns, group.end_ns, tickets});
}

void CaptureRun::note(Group& group, const Handlers& handlers, const FlowResult& flow,
                      std::span<const CauseTicket> tickets, bool flow_wanted) {
  const bool parts_matter = options_.fail_on || handlers.part || !tickets.empty();
  for (std::size_t i = 0; i < flow.findings.size(); ++i) {
    const Finding& finding = flow.findings[i];
    const CauseTicket ticket = tickets.empty() ? CauseTicket{} : tickets[i];
    const bool wanted = flow_wanted && options_.selection.wants(finding, group.start_ns);
    if (wanted && handlers.causes != nullptr) handlers.causes->choose(ticket);
    if (!wanted && ticket.cause == CauseTicket::kNone) continue;
    const Detector* const detector = parts_matter ? group.candidates.detector_of(finding.id) : nullptr;
    if (detector != nullptr) {
      group.candidates.add({FlowPlace::of(flow.history.trace), detector, finding.severity, wanted,
                            options_.selection.wants(finding, Severity::Info, group.start_ns), ticket});
    } else if (wanted) {
      note_severity(finding.severity);
    }
  }
}

void CaptureRun::settle_parts(Group& group, const Handlers& handlers, const PartOf& parts) {
  group.candidates.settle(parts, [&](const PartCandidate& candidate, std::string_view whose) {
    if (!whose.empty() && handlers.causes != nullptr)
      handlers.causes->demote(candidate.ticket, candidate.severity);
    if (!candidate.wanted) return;
    if (whose.empty()) return note_severity(candidate.severity);
    if (candidate.wanted_as_part) note_severity(Severity::Info);
    if (handlers.part) handlers.part(candidate);
  });
}

void CaptureRun::finish(Group& group, const Handlers& handlers) {
  CaptureOverview capture;
  capture.files = group.reader.infos();
  for (const InputError& error : group.reader.errors()) trouble(error.message);
  for (const Damage& damage : group.reader.damages()) {
    trouble(damage_message(damage));
    if (handlers.damage) handlers.damage(damage);
  }
  if (!options_.quiet) note_times(capture.files);
  if (!group.analysis) start(group, handlers, 0);
  group.analysis->settle();
  if (const auto end = stated_end(capture.files)) group.analysis->set_capture_end(*end);
  group.end_ns = group.analysis->capture_end_ns();
  if (handlers.in_order) handlers.in_order();
  group.analysis->finish();
  capture.decoded = group.analysis->decoded();
  capture.facts = group.analysis->facts();
  capture.limits = group.analysis->limits();
  if (!options_.quiet) note_limits(capture);
  capture.end_ns = capture_end_ns_ = group.analysis->capture_end_ns();
  note_host_findings(group, handlers, capture);
  capture.parts = PartOf(group.analysis->capture_findings());
  settle_parts(group, handlers, capture.parts);
  flows_ += capture.facts.flows;
  capture.hosts = group.analysis->release_hosts();
  if (handlers.capture) handlers.capture(capture, group.start_ns);
}

void CaptureRun::note_host_findings(Group& group, const Handlers& handlers, CaptureOverview& capture) {
  for (const Finding& finding : group.analysis->capture_findings()) {
    const CauseTicket ticket = handlers.causes == nullptr ? CauseTicket{} : handlers.causes->note(finding);
    if (!options_.selection.wants(finding, group.start_ns)) continue;
    if (handlers.causes != nullptr) handlers.causes->choose(ticket);
    note_severity(finding.severity);
    capture.findings.push_back(finding);
    capture.tickets.push_back(ticket);
  }
}

void CaptureRun::note_severity(Severity severity) {
  if (options_.fail_on && severity >= *options_.fail_on) failing_ = true;
}

void CaptureRun::trouble(std::string_view message) {
  damaged_ = true;
  say(message);
}

int CaptureRun::nothing_found() const { return stopped_ ? status_of_signal() : 2; }

int CaptureRun::exit_status() const {
  if (stopped_) return status_of_signal();
  if (!read_) return 2;
  if (failing_) return 3;
  return damaged_ ? 1 : 0;
}

}  // namespace tcpautopsy::cli
