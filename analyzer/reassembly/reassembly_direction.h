// One direction of a StreamReassembly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "analyzer/reassembly/delivered_data.h"
#include "analyzer/reassembly/held_data.h"
#include "analyzer/reassembly/reassembly.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

class DirectionReassembly {
 public:
  DirectionReassembly(Side side, const ReassemblyOptions& options, StreamListener& listener)
      : side_(side), options_(options), listener_(listener), delivered_(options.remembered) {}

  // A segment of this direction, no RST.
  void sent(const TcpSegment& segment, const FrameRef& frame);
  // A segment of the other direction that has an acknowledgment.
  void acknowledged(const TcpSegment& segment, const FrameRef& frame);
  void sent_reset(const TcpSegment& segment, const FrameRef& frame);
  void met_reset() { after_reset_ = true; }
  void finish();

  // False: the checksum is wrong, and that is not the sender's own network card filling it in later, as that
  // of the first segment was right.
  bool intact(const TcpSegment& segment) const {
    return segment.checksum != Checksum::Bad || !checksums_good_.value_or(false);
  }
  const StreamSummary& summary() const { return summary_; }
  std::size_t held() const { return held_.cost(); }

 private:
  // How sure it is where the stream begins.
  enum class Start : std::uint8_t {
    Unknown,
    ByEmpty,  // a segment without data told, which may be a keep-alive one below
    ByAck,    // the peer's acknowledgment told
    ByData,
    BySyn,
  };

  bool locate(const TcpSegment& segment);
  bool locate_syn(const TcpSegment& segment);
  void begin_at(Seq first, Start how);
  // What SYN data became of, where only the sender's next segment tells.
  void judge_syn_data(StreamOffset at);
  bool keepalive(const TcpSegment& segment, StreamOffset at) const;
  void take(const TcpSegment& segment, StreamOffset at, const FrameRef& frame);
  void take_piece(Piece piece);
  void compare_delivered(const Piece& piece);
  void note_late(StreamOffset begin, StreamOffset end);
  void note_fin(StreamOffset at, const FrameRef& frame);
  Doubt doubt_of(const TcpSegment& segment) const;

  // Delivers what can be; with `force` one step that cannot.
  void drain();
  bool step(bool force, GapReason reason);
  std::uint64_t deliverable(const HeldBlock& block, bool force) const;
  void keep_within_limit();
  void deliver(Bytes octets, const FrameRef& frame);
  void skip(std::uint64_t length, GapReason reason);
  void advance(std::uint64_t length);
  void end_at_fin();
  void flush_unheard();
  void tell_last_gap();
  void tell_conflict(StreamOffset offset, std::uint64_t differ, const FrameRef& kept, const FrameRef& other);

  const Side side_;
  const ReassemblyOptions options_;
  StreamListener& listener_;
  HeldData held_;            // by internal offsets
  DeliveredData delivered_;  // by offsets from the first octet, as the listener has them
  StreamSummary summary_;
  struct Missing {
    StreamOffset begin, end;
  };
  std::deque<Missing> missing_;  // the latest gaps
  FrameRef now_;                 // the segment at hand
  // Internal offsets count from base_, which is where the stream began at first sight.
  Seq base_;
  StreamOffset start_ = 0, next_ = 0, acked_ = 0;
  std::optional<StreamOffset> fin_;
  Start how_ = Start::Unknown;
  bool begun_ = false;                  // something was told to the listener: start_ stands
  bool ended_ = false;                  // all before the FIN is delivered
  std::optional<bool> checksums_good_;  // the first segment's was
  bool after_reset_ = false, syn_data_ = false;
};

}  // namespace tcpautopsy
