#include "cli/read_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "analyzer/capture/capture_set.h"
#include "analyzer/report/text/text.h"
#include "analyzer/report/text/time_text.h"
#include "cli/status_line.h"

namespace tcpautopsy::cli {
namespace {

// What is over sooner shows nothing.
constexpr auto kFirst = std::chrono::milliseconds(500), kBetween = std::chrono::milliseconds(250);

// 0 if one of them has none: a pipe, or a member of an archive, whose size does not tell how much is read.
std::uint64_t size_of_all(const std::vector<std::string>& paths) {
  std::uint64_t sum = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const std::uint64_t size = reads_once(path) ? 0 : std::filesystem::file_size(path, error);
    if (error || size == 0) return 0;
    sum += size;
  }
  return sum;
}

// Whole seconds: nobody reads tenths that jump.
std::string seconds_text(double seconds) {
  const auto whole = static_cast<TimeNs>(std::ceil(seconds));
  return whole < 120 ? fmt::format("{} s", whole) : readable_span(whole * kSecond);
}

}  // namespace

std::string progress_text(const ReadSoFar& s) {
  const double taken = static_cast<double>(s.taken), pace = s.seconds > 0 ? taken / s.seconds : 0;
  const std::string rate = readable_bytes(static_cast<std::uint64_t>(pace)) + "/s";
  if (s.all == 0) return fmt::format("{} packets, {}, {}", grouped(s.packets), readable_bytes(s.taken), rate);
  const std::uint64_t done = std::min(s.taken, s.all);
  std::string text =
      fmt::format("{:.0f} % of {}, {}", 100 * static_cast<double>(done) / static_cast<double>(s.all),
                  readable_bytes(s.all), rate);
  // A growing file may have more by now.
  if (pace >= 1 && s.taken < s.all)
    text += ", " + seconds_text(static_cast<double>(s.all - done) / pace) + " left";
  return text;
}

ReadProgress::ReadProgress(const Options& options)
    : shows_(!options.quiet && status_line_possible()), start_(Clock::now()), next_(start_ + kFirst) {
  if (shows_) all_ = size_of_all(options.files);
}

ReadProgress::~ReadProgress() { clear_status(); }

void ReadProgress::show(std::uint64_t packets, std::uint64_t taken) {
  const auto now = Clock::now();
  next_ = now + kBetween;
  show_status(progress_text({packets, taken, all_, std::chrono::duration<double>(now - start_).count()}));
}

}  // namespace tcpautopsy::cli
