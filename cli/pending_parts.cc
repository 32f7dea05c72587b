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

static_assert(std::is_trivially_copyable_v<CauseTicket>);

constexpr char kTicket = '\0', kPart = '\1';  // the last octet of each line

template <class T>
std::string octets_of(const T& value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}

template <class T>
T take_off(std::string& line) {
  T value;
  std::memcpy(&value, line.data() + line.size() - sizeof value, sizeof value);
  line.resize(line.size() - sizeof value);
  return value;
}

void make_part_of_row(std::string& line) {
  // The severity is the first cell.
  line.replace(0, line.find_first_of('\x1f'), name(Severity::Info));
}

void put_incident_in_row(std::string& line, std::optional<std::uint64_t> incident) {
  // The second cell, which is empty.
  line.insert(line.find_first_of('\x1f') + 1, incident ? std::to_string(*incident) : "-");
}

}  // namespace

std::string PendingParts::tail(const Finding& finding, const FlowTrace* flow, const CauseTicket& ticket,
                               TimeNs capture_start) const {
  if (flow == nullptr || !PartOf::possible(finding.id)) return octets_of(ticket) + kTicket;
  Finding part = finding;
  part.severity = Severity::Info;
  Tail tail;
  tail.place = FlowPlace::of(*flow);
  tail.capture = captures_.size();
  tail.detector = find_detector(finding.id);
  tail.wanted_as_part = options_.selection.wants(part, capture_start);
  return octets_of(tail) + octets_of(ticket) + kPart;
}

PendingParts::Known PendingParts::take(std::string& line) const {
  Known known;
  const bool may_be_part = line.back() == kPart;
  line.pop_back();
  known.incident = causes_.number_of(take_off<CauseTicket>(line));
  if (!may_be_part) return known;
  const Tail tail = take_off<Tail>(line);
  known.whose = captures_.at(tail.capture).of(tail.detector->doc.id, tail.place);
  known.wanted = known.whose.empty() || tail.wanted_as_part;
  return known;
}

void PendingParts::tell_whose(std::string& line, std::string_view whose) const {
  if (options_.format == "csv")
    make_part_of_csv(line, whose);
  else if (options_.format == "table")
    make_part_of_row(line);
  else
    make_part_of_json(line, whose);
}

void PendingParts::tell_incident(std::string& line, std::optional<std::uint64_t> incident) const {
  if (options_.format == "csv")
    append_incident_csv(line, incident);
  else if (options_.format == "table")
    put_incident_in_row(line, incident);
  else
    append_incident_json(line, incident);
}

bool PendingParts::tell(std::string& line) const {
  const Known known = take(line);
  if (!known.wanted) return false;
  if (!known.whose.empty()) tell_whose(line, known.whose);
  tell_incident(line, known.incident);
  return true;
}

}  // namespace tcpautopsy::cli
