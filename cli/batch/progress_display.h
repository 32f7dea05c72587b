// Tells how far a batch is: a bar on a terminal, a line every few seconds elsewhere.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "analyzer/batch/unit.h"

namespace tcpautopsy::cli {

class ProgressDisplay {
 public:
  // Shows nothing if `quiet`.
  ProgressDisplay(const batch::Progress& progress, bool quiet);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  void loop();
  std::string line(double seconds) const;
  std::string with_bar(const std::string& words, std::size_t columns) const;

  const batch::Progress& progress_;
  bool terminal_;
  double planned_at_ = -1;
  bool over_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace tcpautopsy::cli
