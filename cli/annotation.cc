#include "cli/annotation.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/capture/capture_set.h"
#include "analyzer/report/ladder/packet_notes.h"
#include "analyzer/report/summary/summary_report.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::string_view kOurs = "tcpautopsy: ";  // what a display filter finds them by
constexpr std::size_t kScreen = 80;

// The first octet of a line that waits.
constexpr char kStates = 's', kFinding = 'f';
constexpr char kBetween = '\x1f';

// A rotated capture may have many files.
std::size_t memory_of_each(std::size_t files) {
  constexpr std::size_t kAll = std::size_t{32} << 20, kLeast = std::size_t{64} << 10;
  return std::max(kLeast, kAll / std::max<std::size_t>(files, 1));
}

}  // namespace

void need_second_pass(const Options& options, std::string_view what) {
  const auto once = std::find_if(options.files.begin(), options.files.end(), &reads_once);
  if (once != options.files.end())
    throw UsageError{fmt::format("{} reads its input twice, and {} can be read once only; save it to a file",
                                 what, *once == "-" ? "standard input" : *once)};
}

Annotation::Annotation(const Options& options)
    : options_(options), summary_(options.limit, !options.selection.wants_all()), pending_(options, causes_) {
  for (std::size_t i = 0; i < options.files.size(); ++i)
    of_files_.push_back(std::make_unique<SortedSpool>(memory_of_each(options.files.size())));
}

void Annotation::gather_by(Handlers& handlers) {
  handlers.causes = &causes_;
  handlers.flow = [this, before = std::move(handlers.flow)](const FlowResult& flow,
                                                            const FlowContext& context) {
    if (before) before(flow, context);
    note(flow, context);
  };
  handlers.part = [this](const PartCandidate& part) {
    summary_.demote(part.detector->doc.id, part.severity, part.flow, part.wanted_as_part);
  };
  handlers.capture = [this, before = std::move(handlers.capture)](CaptureOverview& overview,
                                                                  TimeNs capture_start) {
    if (before) before(overview, capture_start);
    for (std::size_t i = 0; i < overview.findings.size(); ++i)
      note(overview.findings[i], nullptr, overview.tickets[i], capture_start);
    pending_.settle(overview.parts);
    summary_.add(std::move(overview), options_.files);
  };
}

void Annotation::conclude() { summary_.set_incidents(causes_); }

void Annotation::note(const FlowResult& flow, const FlowContext& context) {
  const auto wanted = [&](const Finding& f) { return options_.selection.wants(f, context.capture_start); };
  summary_.add(flow, context.origin, wanted);
  for_each_state_note(flow, context.origin,
                      [this](const FrameRef& frame, const std::string& text) { put(frame, kStates + text); });
  for (std::size_t i = 0; i < flow.findings.size(); ++i)
    if (wanted(flow.findings[i]))
      note(flow.findings[i], &flow.history.trace,
           context.tickets.empty() ? CauseTicket{} : context.tickets[i], context.capture_start);
}

void Annotation::note(const Finding& finding, const FlowTrace* flow, const CauseTicket& ticket,
                      TimeNs capture_start) {
  const std::string line =
      fmt::format("{}{}{}{}{}{}{}", kFinding, name(finding.severity), kBetween, subject_of(finding), kBetween,
                  sentence_of(finding), pending_.tail(finding, flow, ticket, capture_start));
  for (const FrameRef& frame : finding.frames) put(frame, line);
}

void Annotation::put(const FrameRef& frame, std::string_view line) {
  of_files_.at(frame.file)->add(SortedSpool::number_key(frame.number), line);
}

std::string Annotation::of_section() const {
  return std::string(kOurs) + "the report of the whole run\n" + first_screen(summary_, TextStyle{kScreen});
}

void Annotation::of_packet(std::uint32_t file, std::uint64_t frame, std::vector<std::string>& comments) {
  of_files_.at(file)->drain_below(SortedSpool::number_key(frame + 1), [&](std::string_view line) {
    if (std::string comment = comment_of(std::string(line)); !comment.empty())
      comments.push_back(std::string(kOurs) + comment);
  });
}

// Empty for a finding that is not wanted any more.
std::string Annotation::comment_of(std::string line) const {
  if (line.front() == kStates) return line.substr(1);
  const PendingParts::Known known = pending_.take(line);
  if (!known.wanted) return {};
  const std::size_t subject = line.find(kBetween) + 1, sentence = line.find(kBetween, subject) + 1;
  const std::string severity = known.whose.empty() ? line.substr(1, subject - 2) : "info";
  std::string text =
      fmt::format("{}: {} {}", line.substr(subject, sentence - subject - 1), severity, line.substr(sentence));
  if (!known.whose.empty()) text += fmt::format(" (part of {})", known.whose);
  if (known.incident)
    text += fmt::format(" (incident {}: {})", *known.incident, causes_.incidents().at(*known.incident).cause);
  return text;
}

std::string Annotation::place_text(std::uint32_t file, std::uint64_t frame) const {
  return fmt::format("{}frame {} of {}", kOurs, frame, printable(options_.files.at(file)));
}

}  // namespace tcpautopsy::cli
