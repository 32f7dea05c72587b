#include "cli/interruption.h"

#include <signal.h>

#include <atomic>

#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy::cli {
namespace {

std::atomic<int> came{0};

extern "C" void on_signal(int number) {
  came = number;
  stop_reading();
  for (const int each : {SIGINT, SIGTERM}) ::signal(each, SIG_DFL);
}

}  // namespace

void end_reading_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;  // without SA_RESTART: a read that waits ends
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
      ::sigaction(number, &action, nullptr);
  }
}

int status_of_signal() { return came == 0 ? 0 : 128 + came; }

const char* word_of_signal() { return came == SIGTERM ? "terminated" : "interrupted"; }

}  // namespace tcpautopsy::cli
