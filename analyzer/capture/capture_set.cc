#include "analyzer/capture/capture_set.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "analyzer/capture/archive_reader.h"

namespace tcpautopsy {
namespace {

struct Scanned {
  std::size_t file = 0;
  std::vector<int> link_types;              // sorted
  std::optional<std::int64_t> first, last;  // none: cannot be compared, so the file stands on its own
};

Scanned scan(std::size_t file, const std::string& path, MemberShelf& shelf) {
  const auto source = CaptureSource::open(path, "", &shelf);
  Frame frame;
  while (source->next(frame)) {
  }
  Scanned found{file, source->info().link_types, source->info().first_ns, source->info().last_ns};
  std::sort(found.link_types.begin(), found.link_types.end());
  return found;
}

// Marks of a run of files sorted by start those that share a moment with another; touching ends do not count.
std::vector<bool> overlapping(const std::vector<Scanned>& files) {
  std::vector<bool> marks(files.size());
  std::size_t latest = 0;
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i].first < files[latest].last) marks[i] = marks[latest] = true;
    if (files[i].last > files[latest].last) latest = i;
  }
  return marks;
}

// Files of one set of link types.
void group_by_time(std::vector<Scanned> files, std::vector<CaptureGroup>& groups) {
  std::stable_sort(files.begin(), files.end(),
                   [](const Scanned& a, const Scanned& b) { return a.first < b.first; });
  const std::vector<bool> apart = overlapping(files);
  CaptureGroup rotated;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (apart[i] || !files[i].first)
      groups.push_back({{files[i].file}, false});
    else
      rotated.files.push_back(files[i].file);
  }
  if (!rotated.files.empty()) groups.push_back(std::move(rotated));
}

CapturePlan plan_merged(const std::vector<std::string>& paths, MemberShelf& shelf) {
  CapturePlan plan;
  CaptureGroup all{{}, true};
  for (std::size_t file = 0; file < paths.size(); ++file) {
    try {
      if (!reads_once(paths[file])) (void)CaptureSource::open(paths[file], "", &shelf);
      all.files.push_back(file);
    } catch (const CaptureError& error) {
      plan.errors.push_back({file, error.what()});
    }
  }
  if (!all.files.empty()) plan.groups.push_back(std::move(all));
  return plan;
}

}  // namespace

bool reads_once(const std::string& path) {
  struct stat status {};
  if (path == "-") return true;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

CapturePlan plan_captures(const std::vector<std::string>& paths, bool merge, MemberShelf& shelf) {
  CapturePlan plan;
  if (paths.size() == 1) {
    plan.groups.push_back({{0}, false});
    return plan;
  }
  if (merge) return plan_merged(paths, shelf);
  std::map<std::vector<int>, std::vector<Scanned>> by_link_types;
  for (std::size_t file = 0; file < paths.size(); ++file) {
    if (reads_once(paths[file])) {
      plan.groups.push_back({{file}, false});
      continue;
    }
    try {
      Scanned found = scan(file, paths[file], shelf);
      by_link_types[found.link_types].push_back(std::move(found));
    } catch (const CaptureError& error) {
      plan.errors.push_back({file, error.what()});
    }
  }
  for (auto& [link_types, files] : by_link_types) group_by_time(std::move(files), plan.groups);
  const auto first_input = [](const CaptureGroup& group) {
    return *std::min_element(group.files.begin(), group.files.end());
  };
  std::sort(plan.groups.begin(), plan.groups.end(),
            [&](const CaptureGroup& a, const CaptureGroup& b) { return first_input(a) < first_input(b); });
  return plan;
}

}  // namespace tcpautopsy
