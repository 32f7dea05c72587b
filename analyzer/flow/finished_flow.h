// A connection that gets no more segments, and what follows from them not worked out yet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "analyzer/flow/live_flow.h"

namespace tcpautopsy {

// Stands alone: the table has let go of it.
class FinishedFlow {
 public:
  FinishedFlow(std::unique_ptr<LiveFlow> flow, bool copies_are_capture, std::optional<std::uint64_t> next)
      : flow_(std::move(flow)), next_(next), copies_are_capture_(copies_are_capture) {}

  // Once.
  EndedFlow conclude() {
    EndedFlow ended = flow_->conclude(copies_are_capture_);
    ended.next = next_;
    flow_.reset();
    return ended;
  }

 private:
  std::unique_ptr<LiveFlow> flow_;
  std::optional<std::uint64_t> next_;
  bool copies_are_capture_;
};

}  // namespace tcpautopsy
