// Connections captured on both sides of an address translation: the same packets twice, one address or port
// rewritten.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_facts.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

// Compares SYNs, SYN-ACKs and the data that connections begun before the capture begin with, each with those
// of the last moments: a NAT leaves both numbers, the IP ID, the timestamp and one end alone. What many bear,
// or what comes again later, are the numbers of a scanner or of a flood, and no NAT's copies.
class TranslatedCopies {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 16;  // connections at one time, on whichever side

  explicit TranslatedCopies(std::size_t most = kMost) : most_(most), slots_(kSlots) {}

  // A SYN or SYN-ACK of connection `flow`, or its first segment.
  void note(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow);
  std::optional<TranslatedLeg> leg(std::uint64_t flow) const;
  // When it is over: it is forgotten.
  std::optional<TranslatedLeg> take(std::uint64_t flow);

  std::uint64_t found() const { return found_; }
  std::uint64_t not_kept() const { return not_kept_; }  // segments that tell of one, beyond the bound
  const FrameRef& first() const { return first_; }

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kMostLegs = 3;  // a packet may pass two translations
  struct Slot {
    std::uint64_t print = 0;
    std::array<std::uint64_t, kMostLegs> flows{};
    std::size_t legs = 0;
    bool common = false;  // many bear these numbers
    EndpointAddress source, destination;
    TimeNs time_ns = 0;

    bool has(std::uint64_t flow) const;
    void add(const TcpSegment& segment, const FrameRef& frame, std::uint64_t flow);
  };

  static bool behind_nat(const Slot& slot, const TcpSegment& segment, const FrameRef& frame);
  void note_answer(std::uint64_t flow);
  void remember(std::uint64_t before, std::uint64_t flow, const FrameRef& frame);
  void enter(std::uint64_t flow, std::uint64_t original);
  void take_back(const Slot& slot);

  std::size_t most_;
  std::vector<Slot> slots_;
  std::unordered_map<std::uint64_t, std::uint64_t> originals_;  // of each leg, the original too
  struct Original {
    std::size_t open = 0;  // legs that go on
    bool answered = false;
  };
  std::unordered_map<std::uint64_t, Original> legs_;
  std::uint64_t found_ = 0, not_kept_ = 0;
  FrameRef first_;
};

}  // namespace tcpautopsy
