// The trackers of other tools' names for a flow, spared the segments that cannot change what they say.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/compat/completeness.h"
#include "analyzer/compat/peer_words.h"
#include "analyzer/compat/zeek_conn.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

class CompatTrackers {
 public:
  // Where nobody asks for the words, nothing is followed.
  explicit CompatTrackers(bool wanted) {
    if (wanted) zeek_.emplace();
  }

  void add(const TcpSegment& segment, Side side);
  // A segment in order, without SYN, FIN or RST, its window open, that acknowledges nothing unseen and not
  // less than before. Runs of such are told as one, when the next other segment comes.
  void carry_on(const TcpSegment& segment, Side side);
  PeerWords words();
  std::size_t octets() const { return zeek_ ? zeek_->octets() : 0; }  // of memory, beside itself

 private:
  // Of one side since it was last told of.
  struct Run {
    EndpointAddress source, destination;
    Seq begin, ack_before, ack;
    std::uint32_t octets = 0;
    bool waiting = false;
    bool data_told = false, ack_told = false;  // of this side, at any time: later ones add no letter
  };

  void tell(const TcpSegment& segment, Side side);
  void catch_up();
  static TcpSegment as_segment(const Run& run, std::uint32_t octets, Seq ack);

  PerSide<Run> runs_;
  bool cut_ = false;              // by the snap length, some payload
  std::optional<ZeekConn> zeek_;  // none: not wanted
  Completeness completeness_;
};

}  // namespace tcpautopsy
