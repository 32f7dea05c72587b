#include "analyzer/batch/capture_sets.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "analyzer/seq/seq.h"

namespace tcpautopsy::batch {
namespace {

// A counter or a time in a name may be anything: pieces of one capture also follow each other closely. An
// idle network leaves gaps, and rotation by the hour is common.
constexpr std::int64_t kGapOfNames = 3600 * kSecond;
constexpr std::int64_t kGapOfTimes = 10 * kSecond;
// Two processors may stamp packets out of order about the moment of rotation.
constexpr std::int64_t kTouch = 100 * kMillisecond;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of("/!");
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

struct Group {
  std::string key;
  std::int64_t gap = 0;
};

std::string numbers(const std::vector<int>& list) {
  std::string text;
  for (const int number : list) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

// Files with the same key may be one capture.
Group group_of(const Scanned& file, SetBy by) {
  const std::string kind = std::string(file.pcapng ? "ng" : "") + numbers(file.link_types);
  switch (by) {
    case SetBy::Name:
      if (const auto name = rotated_name(file.path))
        return {name->pattern + "\n" + kind,
                name->sure ? std::numeric_limits<std::int64_t>::max() : kGapOfNames};
      break;
    case SetBy::Time: return {folder_of(file.path) + "\n" + kind, kGapOfTimes};
    case SetBy::Dir: return {folder_of(file.path), 0};
    case SetBy::None: break;
  }
  return {file.path, 0};
}

bool by_time(const Scanned& a, const Scanned& b) {
  return std::tie(a.first_ns, a.last_ns, a.path) < std::tie(b.first_ns, b.last_ns, b.path);
}

UnitPlan unit_of(std::vector<Scanned> files) {
  UnitPlan unit;
  unit.name = files.front().path;
  for (const Scanned& file : files) unit.bytes += file.size;
  unit.files = std::move(files);
  return unit;
}

// As capture_set.h has it: a file that overlaps another stands alone. Touching does not count.
std::vector<bool> overlapping(const std::vector<Scanned>& files) {
  std::vector<bool> marks(files.size());
  std::size_t latest = 0;
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (*files[i].first_ns + kTouch < *files[latest].last_ns) marks[i] = marks[latest] = true;
    if (*files[i].last_ns > *files[latest].last_ns) latest = i;
  }
  return marks;
}

void chain(std::vector<Scanned> files, std::int64_t gap, std::vector<UnitPlan>& units) {
  const std::vector<bool> alone = overlapping(files);
  std::vector<Scanned> run;
  const auto close = [&] {
    if (!run.empty()) units.push_back(unit_of(std::exchange(run, {})));
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (alone[i]) {
      units.push_back(unit_of({files[i]}));
      continue;
    }
    if (!run.empty() && *files[i].first_ns - *run.back().last_ns > gap) close();
    run.push_back(std::move(files[i]));
  }
  close();
}

void by_folder(std::vector<Scanned> files, std::vector<UnitPlan>& units) {
  std::sort(files.begin(), files.end(), by_time);
  UnitPlan unit = unit_of(std::move(files));
  std::optional<std::int64_t> latest;
  for (const Scanned& file : unit.files) {
    if (file.first_ns && latest && *file.first_ns < *latest) unit.merged = true;
    if (file.last_ns) latest = std::max(latest.value_or(*file.last_ns), *file.last_ns);
  }
  units.push_back(std::move(unit));
}

std::map<std::string, std::pair<std::int64_t, std::vector<std::size_t>>> groups_of(
    const std::vector<Scanned>& captures, SetBy by) {
  std::map<std::string, std::pair<std::int64_t, std::vector<std::size_t>>> groups;
  for (std::size_t i = 0; i < captures.size(); ++i) {
    const Group group = group_of(captures[i], by);
    auto& [gap, files] = groups[group.key];
    gap = files.empty() ? group.gap : std::min(gap, group.gap);
    files.push_back(i);
  }
  return groups;
}

}  // namespace

std::vector<bool> need_whole(const std::vector<Scanned>& captures, SetBy by) {
  std::vector<bool> needed(captures.size());
  if (by == SetBy::None) return needed;
  for (const auto& [key, group] : groups_of(captures, by))
    for (const std::size_t i : group.second) needed[i] = group.second.size() > 1 && !captures[i].whole;
  return needed;
}

std::vector<UnitPlan> plan_units(std::vector<Scanned> captures, SetBy by) {
  std::vector<UnitPlan> units;
  for (auto& [key, group] : groups_of(captures, by)) {
    std::vector<Scanned> timed;
    for (const std::size_t i : group.second) {
      Scanned& file = captures[i];
      const bool alone = group.second.size() == 1 || !file.first_ns || !file.last_ns;
      if (alone && by != SetBy::Dir)
        units.push_back(unit_of({std::move(file)}));
      else
        timed.push_back(std::move(file));
    }
    if (timed.empty()) continue;
    if (by == SetBy::Dir) {
      by_folder(std::move(timed), units);
      continue;
    }
    std::sort(timed.begin(), timed.end(), by_time);
    chain(std::move(timed), group.first, units);
  }
  std::sort(units.begin(), units.end(), [](const UnitPlan& a, const UnitPlan& b) { return a.name < b.name; });
  return units;
}

}  // namespace tcpautopsy::batch
