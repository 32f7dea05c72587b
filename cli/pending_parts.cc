#include "cli/pending_parts.h"

#include <cstring>
#include <type_traits>

#include "analyzer/detect/detector.h"
#include "analyzer/report/json/finding_lines.h"

namespace tcpautopsy::cli {
namespace {

struct Tail {
  FlowPlace place;
  std::uint64_t capture = 0;
  const Detector* detector = nullptr;
  bool wanted_as_part = false;
};
static_assert(std::is_trivially_copyable_v<Tail>);

constexpr char kNone = '\0', kTail = '\1';  // the last octet of each line

void make_part_of_row(std::string& line) {
  // The severity is the first cell.
  line.replace(0, line.find_first_of('\x1f'), name(Severity::Info));
}

}  // namespace

std::string PendingParts::tail(const Finding& finding, const FlowTrace* flow, TimeNs capture_start) const {
  if (flow == nullptr || !PartOf::possible(finding.id)) return {kNone};
  Finding part = finding;
  part.severity = Severity::Info;
  Tail tail;
  tail.place = FlowPlace::of(*flow);
  tail.capture = captures_.size();
  tail.detector = find_detector(finding.id);
  tail.wanted_as_part = options_.selection.wants(part, capture_start);
  std::string text(sizeof tail, '\0');
  std::memcpy(text.data(), &tail, sizeof tail);
  return text + kTail;
}

bool PendingParts::tell(std::string& line) const {
  const bool waits = line.back() == kTail;
  line.pop_back();
  if (!waits) return true;
  Tail tail;
  std::memcpy(&tail, line.data() + line.size() - sizeof tail, sizeof tail);
  line.resize(line.size() - sizeof tail);
  const std::string_view whose = captures_.at(tail.capture).of(tail.detector->doc.id, tail.place);
  if (whose.empty()) return true;
  if (!tail.wanted_as_part) return false;
  if (options_.format == "csv")
    make_part_of_csv(line, whose);
  else if (options_.format == "table")
    make_part_of_row(line);
  else
    make_part_of_json(line, whose);
  return true;
}

}  // namespace tcpautopsy::cli
