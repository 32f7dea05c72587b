// Things of one kind that happened in a stream: how many, how long, and the frames that show the first and
// the last of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// Costs three words until the first incident, and a bounded amount after any number.
class Incidents {
 public:
  static constexpr std::size_t kFramesKept = 32;  // at each end, as contract.md has them

  Incidents() = default;
  Incidents(const Incidents& from);
  Incidents& operator=(const Incidents& from);
  Incidents(Incidents&&) noexcept = default;
  Incidents& operator=(Incidents&&) noexcept = default;

  // One more; `frame` shows it, `took_ns` is the time it cost, where that means anything.
  void add(const FrameRef& frame, TimeNs took_ns = 0);
  // One more frame of the latest incident (an ACK that shows it, a probe's answer).
  void show(const FrameRef& frame);
  // The latest went on until here.
  void prolong(TimeNs more_ns);

  std::uint64_t count() const { return log_ ? log_->count : 0; }
  explicit operator bool() const { return count() > 0; }
  TimeNs total_ns() const { return log_ ? log_->total_ns : 0; }
  TimeNs longest_ns() const { return log_ ? log_->longest_ns : 0; }
  // In order captured: all, or the first and the last kFramesKept.
  std::vector<FrameRef> frames() const;
  // Of incidents that there are.
  FrameRef first() const { return frames().front(); }
  FrameRef last() const { return frames().back(); }
  std::uint64_t frames_total() const { return log_ ? log_->shown : 0; }

 private:
  struct Log {
    std::uint64_t count = 0, shown = 0;
    TimeNs total_ns = 0, longest_ns = 0, latest_ns = 0;
    std::vector<FrameRef> first, last;  // `last` is a ring from shown - kFramesKept on
  };
  std::unique_ptr<Log> log_;
};

}  // namespace tcpautopsy
