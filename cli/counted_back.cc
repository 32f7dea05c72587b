#include "cli/counted_back.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_set.h"

namespace tcpautopsy::cli {
namespace {

struct NamedTime {
  const char* option;
  std::optional<TimeSpec>& time;
};

std::vector<NamedTime> counted_back(Options& options) {
  std::vector<NamedTime> found;
  for (const NamedTime& each : {NamedTime{"at", options.at}, NamedTime{"since", options.selection.since()},
                                NamedTime{"until", options.selection.until()}})
    if (each.time && each.time->kind == TimeSpec::Kind::BeforeEnd) found.push_back(each);
  return found;
}

// What cannot be read is told when it is analysed.
std::vector<CaptureInfo> read_all(const std::vector<std::string>& paths, std::uint64_t most_expansion) {
  std::vector<CaptureInfo> infos;
  MemberShelf shelf(most_expansion);
  Frame frame;
  for (const std::string& path : paths) {
    try {
      const auto source = CaptureSource::open(path, "", &shelf);
      while (source->next(frame)) {
      }
      infos.push_back(source->info());
    } catch (const CaptureError&) {
    }
  }
  return infos;
}

TimeNs end_of_all(const Options& options) {
  const std::vector<CaptureInfo> infos = read_all(options.files, options.most_expansion);
  std::optional<TimeNs> first, last = stated_end(infos);
  for (const CaptureInfo& info : infos) {
    if (info.first_ns) first = std::min(first.value_or(*info.first_ns), *info.first_ns);
    if (info.last_ns) last = std::max(last.value_or(*info.last_ns), *info.last_ns);
  }
  const TimeNs end = last.value_or(0);
  return options.capture_end ? options.capture_end->resolve(first.value_or(0), end) : end;
}

}  // namespace

void count_back_from_end(Options& options) {
  const std::vector<NamedTime> times = counted_back(options);
  if (times.empty()) return;
  const auto once = std::find_if(options.files.begin(), options.files.end(), &reads_once);
  if (once != options.files.end())
    throw UsageError{fmt::format(
        "--{} counts back from the capture's end, which is not known before {} was read; save it to a file",
        times.front().option, *once == "-" ? "standard input" : *once)};
  const TimeNs end = end_of_all(options);
  for (const NamedTime& each : times)
    each.time = TimeSpec{TimeSpec::Kind::Absolute, each.time->resolve(0, end)};
}

}  // namespace tcpautopsy::cli
