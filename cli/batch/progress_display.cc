#include "cli/batch/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "analyzer/report/text/text.h"
#include "analyzer/report/text/time_text.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBarStep = std::chrono::milliseconds(200);
constexpr auto kLineStep = std::chrono::seconds(5);
constexpr std::size_t kBarWidth = 20, kLeastBar = 5;

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

ProgressDisplay::ProgressDisplay(const batch::Progress& progress, bool quiet)
    : progress_(progress), terminal_(isatty(STDERR_FILENO) == 1) {
  if (!quiet) thread_ = std::thread([this] { loop(); });
}

ProgressDisplay::~ProgressDisplay() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ProgressDisplay::loop() {
  const auto start = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  std::unique_lock lock(mutex_);
  bool shown = false;
  auto last = start;
  while (!wake_.wait_for(lock, kBarStep, [this] { return over_; })) {
    const double now = seconds();
    if (planned_at_ < 0 && progress_.planned) planned_at_ = now;
    if (!terminal_ && Clock::now() - last < kLineStep) continue;
    last = Clock::now();
    if (terminal_)
      std::fprintf(stderr, "\r%s\033[K", with_bar(line(now), terminal_columns() - 1).c_str());
    else
      say(line(now));
    shown = true;
  }
  if (terminal_ && shown) std::fputs("\r\033[K", stderr);
}

// The bar takes what the words leave.
std::string ProgressDisplay::with_bar(const std::string& words, std::size_t columns) const {
  const std::uint64_t done = progress_.planned ? progress_.bytes_done : progress_.files_scanned;
  const std::uint64_t all = progress_.planned ? progress_.bytes : progress_.files_found;
  constexpr std::size_t kFrame = 3;
  const std::size_t room = columns > words.size() + kFrame ? columns - words.size() - kFrame : 0;
  const std::size_t width = std::min(room, kBarWidth);
  if (all == 0 || width < kLeastBar) return cut(words, columns);
  const std::size_t filled = std::min<std::size_t>(width, done * width / all);
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + words;
}

std::string ProgressDisplay::line(double seconds) const {
  const batch::Progress& p = progress_;
  if (!p.planned) {
    const std::uint64_t scanned = p.files_scanned, found = p.files_found;
    return found == 0 ? "looking for files"
                      : fmt::format("looked at {} of {} files", grouped(scanned), grouped(found));
  }
  const std::uint64_t done = p.bytes_done, all = p.bytes;
  const double spent = seconds - planned_at_;
  const auto pace = static_cast<std::uint64_t>(spent > 0 ? static_cast<double>(p.packets) / spent : 0);
  // What matters most comes first: a narrow terminal cuts the rest.
  std::string text = fmt::format("{}/{} files, {} of {}", grouped(p.files_done), grouped(p.files),
                                 readable_bytes(done), readable_bytes(all));
  if (done > 0 && spent > 1) {
    const double left = spent * static_cast<double>(all - done) / static_cast<double>(done);
    text += ", " + readable_span(static_cast<TimeNs>(left) * kSecond) + " left";
  }
  text += fmt::format(", {} packets/s, {} findings", grouped(pace), grouped(p.findings));
  if (p.errors > 0) text += fmt::format(", {} broken", grouped(p.errors));
  return text;
}

}  // namespace tcpautopsy::cli
