#include "cli/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "analyzer/report/text/text.h"

namespace tcpautopsy::cli {
namespace {

std::atomic<bool> shown{false}, ended{false};

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

bool status_line_possible() { return !ended && isatty(STDERR_FILENO) == 1; }

void show_status(std::string_view text) {
  if (!status_line_possible()) return;
  shown = true;
  // Not into the last column, where some terminals would begin a new line.
  std::fprintf(stderr, "\r%s\033[K", cut(text, terminal_columns() - 1).c_str());
}

void clear_status() {
  if (shown.exchange(false)) std::fputs("\r\033[K", stderr);
}

void end_status() {
  clear_status();
  ended = true;
}

}  // namespace tcpautopsy::cli
