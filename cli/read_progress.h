// How far reading is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/options.h"

namespace tcpautopsy::cli {

struct ReadSoFar {
  std::uint64_t packets = 0;
  std::uint64_t taken = 0, all = 0;  // octets of the files on disk; `all` 0: not known
  double seconds = 0;                // since reading began
};

// "34 % of 1.2 GB, 120 MB/s, 7 s left", or "1,234,567 packets, 12 MB, 3.1 MB/s" where the size is not
// known.
std::string progress_text(const ReadSoFar& so_far);

class ReadProgress {
 public:
  explicit ReadProgress(const Options& options);
  ~ReadProgress();
  ReadProgress(const ReadProgress&) = delete;
  ReadProgress& operator=(const ReadProgress&) = delete;

  // Looks at the clock only now and then. `taken` gives the octets taken so far.
  template <class Taken>
  void at(std::uint64_t packets, Taken taken) {
    if (shows_ && packets % kStep == 0 && due()) show(packets, taken());
  }

 private:
  static constexpr std::uint64_t kStep = 4096;
  using Clock = std::chrono::steady_clock;

  bool due() const { return Clock::now() >= next_; }
  void show(std::uint64_t packets, std::uint64_t taken);

  bool shows_;
  std::uint64_t all_ = 0;
  Clock::time_point start_, next_;
};

}  // namespace tcpautopsy::cli
