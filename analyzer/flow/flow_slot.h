// Where one flow is kept: awake, ready for its next segment, or asleep, packed to few octets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "analyzer/capture/frame.h"
#include "analyzer/flow/finished_flow.h"
#include "analyzer/flow/live_flow.h"

namespace tcpautopsy {

// What a sleeping flow knows beside its segments.
struct SleepingFlow {
  FlowKey key;
  std::uint64_t number = 0;
  std::uint32_t incarnation = 0, joined_encapsulation = 0;
  CopiedPairs::Pair pair = CopiedPairs::kNone;
  bool a_is_low = false, queued = false;
  // Where its journal ends, unless that is soon read or seldom asked for.
  struct Mark {
    JournalContext context;
    LiveFlow::Notes notes;
  };
  std::optional<Mark> mark;
  std::optional<TimeNs> over_since;  // of one that is LiveFlow::plainly_over(): its last packet
  Bytes journal;                     // views into the slot

  static SleepingFlow of(const LiveFlow& flow);
  // What it leaves when it is over, but for what all flows have in common.
  FinishedFlow finish() const;
};

// Eight octets: there is one for each flow.
class FlowSlot {
 public:
  FlowSlot() = default;
  FlowSlot(FlowSlot&& o) noexcept : at_(o.at_) { o.at_ = 0; }
  FlowSlot& operator=(FlowSlot&& o) noexcept;
  ~FlowSlot() { clear(); }

  bool empty() const { return at_ == 0; }
  bool awake() const { return at_ != 0 && (at_ & 1U) == 0; }
  LiveFlow* flow() const { return awake() ? reinterpret_cast<LiveFlow*>(at_) : nullptr; }
  void hold(std::unique_ptr<LiveFlow> flow);
  void hold(const SleepingFlow& flow);
  // An awake flow, which leaves the slot.
  std::unique_ptr<LiveFlow> release() {
    return std::unique_ptr<LiveFlow>(reinterpret_cast<LiveFlow*>(std::exchange(at_, 0)));
  }
  // Of memory: of an awake flow as it was when it came here, or was weighed since.
  std::size_t octets() const {
    if (empty()) return 0;
    return kBeside + (awake() ? flow()->weighed : packed_length());
  }
  // Of a sleeping flow.
  SleepingFlow sleeping() const;
  std::uint64_t number() const;
  std::optional<TimeNs> over_since() const;
  void clear();

 private:
  // What a flow takes in the tables around it, and the allocator for itself.
  static constexpr std::size_t kBeside = 64;

  static constexpr std::uint8_t kOver = 0x80;  // beside the length's first octet

  std::size_t packed_length() const {
    return static_cast<std::size_t>(packed()[0] & ~kOver) << 8 | packed()[1];
  }
  const std::uint8_t* packed() const { return reinterpret_cast<const std::uint8_t*>(at_ - 1); }

  std::uintptr_t at_ =
      0;  // of a LiveFlow, or one past the start of the packed octets; both begin at even addresses
};

}  // namespace tcpautopsy
