// A SYN inside a connection that seems alive: a new incarnation, or a forged or old one that the connection
// outlives?
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/flow/live_flow.h"

namespace tcpautopsy {

struct HeldSegment {
  TcpSegment segment;  // its payload is stand_in_payload(), or `octets`
  FrameRef frame;
  bool copy = false;
  std::shared_ptr<const std::vector<std::uint8_t>> octets;
};

// Keeps the segments since the SYN until they tell.
class PendingSyn {
 public:
  enum class Verdict : std::uint8_t {
    Wait,    // the segment was taken: nothing is told yet
    Opens,   // the SYN opened a new incarnation
    Forged,  // the connection goes on
  };

  PendingSyn(const TcpSegment& syn, const FrameRef& frame, bool copy, bool keep_octets)
      : keep_octets_(keep_octets) {
    take(syn, frame, copy);
  }

  // What `segment` shows; it is taken only with Wait. `before` is the connection the SYN fell into.
  Verdict judge(const TcpSegment& segment, const FrameRef& frame, bool copy, LiveFlow& before);
  const std::vector<HeldSegment>& segments() const { return segments_; }
  // The SYN came once, and all that its receiver sent since is of the connection before: an ACK at least.
  bool only_challenged() const;

 private:
  static constexpr std::size_t kMost = 16;

  void take(const TcpSegment& segment, const FrameRef& frame, bool copy);
  bool answers_challenge(const TcpSegment& rst) const;
  Verdict from_syn_sender(const TcpSegment& segment, LiveFlow& before) const;
  Verdict from_syn_receiver(const TcpSegment& segment, LiveFlow& before) const;

  std::vector<HeldSegment> segments_;
  bool keep_octets_;
};

}  // namespace tcpautopsy
