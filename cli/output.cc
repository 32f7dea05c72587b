#include "cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "cli/overwriting.h"
#include "cli/status_line.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::size_t kBuffer = 1 << 16;
constexpr std::size_t kNarrowest = 60, kDefaultWidth = 100;

bool coloured(const Options& options, const Output& output) {
  if (options.color != When::Auto) return options.color == When::Always;
  // no-color.org: any value but the empty one.
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return output.terminal() && (term == nullptr || std::string_view(term) != "dumb");
}

std::size_t terminal_width(const Output& output) {
  if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
    std::size_t width = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), width);
    if (error == std::errc{} && *end == '\0' && width > 0) return width;
  }
  winsize size{};
  if (output.terminal() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return kDefaultWidth;
}

// Nobody reads sparklines out of a file.
Bars bars_of(const Output& output) {
  if (!output.terminal()) return Bars::None;
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    const bool utf8 = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
    return utf8 ? Bars::Blocks : Bars::Ascii;
  }
  return Bars::Ascii;
}

template <class Action>
void on_disk(Action action) {
  try {
    action();
  } catch (const std::system_error& error) {
    throw OutputError{error.what()};
  }
}

}  // namespace

Output::Output(const std::string& path) {
  if (path.empty() || path == "-") return;
  name_ = path;
  const Target target = target_of(path);
  if (target.replaced) {
    on_disk([&] { file_.emplace(target.path); });
    return;
  }
  fd_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) throw OutputError{fmt::format("{}: {}", path, std::strerror(errno))};
  own_ = true;
}

Output::Output(const Options& options) : Output(options.output) {
  const bool for_people =
      options.format == "text" || options.format == "table" || options.format == "markdown";
  paged_ = for_people && options.pager && !options.unordered && terminal();
}

Output::~Output() {
  if (own_) ::close(fd_);
}

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void Output::line(std::string_view text) {
  buffer_ += text;
  buffer_ += '\n';
  if (buffer_.size() >= kBuffer) flush();
}

void Output::close() {
  flush();
  pager_.reset();
  if (file_) on_disk([&] { file_->commit(); });
}

bool Output::terminal() const { return !own_ && !file_ && isatty(fd_) == 1; }

void Output::flush() {
  if (file_)
    on_disk([&] { file_->write(buffer_); });
  else
    write_through(buffer_);
  buffer_.clear();
}

void Output::write_through(std::string_view text) {
  if (!text.empty() && terminal()) clear_status();
  if (!text.empty() && paged_) start_pager();
  if (pager_) return pager_->write(text);
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd_, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EPIPE) throw ReaderGone{};
    if (wrote < 0) throw OutputError{fmt::format("{}: {}", name_, std::strerror(errno))};
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// Only now: where nothing is told there is nothing to page through.
void Output::start_pager() {
  paged_ = false;
  pager_ = Pager::start();
}

TextStyle text_style(const Options& options, const Output& output) {
  const std::size_t width = options.width > 0 ? options.width : terminal_width(output);
  return {std::max(width, kNarrowest), coloured(options, output), bars_of(output),
          options.width > 0 || output.terminal()};
}

std::string no_such_flow(std::uint64_t flows) {
  return flows == 0 ? "the capture holds no TCP connection"
                    : fmt::format("no such flow was found: the capture has flows 0 to {}", flows - 1);
}

void say(std::string_view message) {
  clear_status();
  std::fprintf(stderr, "tcpautopsy: %s\n", printable(message).c_str());
}

}  // namespace tcpautopsy::cli
