// What one end was seen to send of its stream: how far, what is missing, what came again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/seq/seq.h"
#include "analyzer/seq/standing.h"

namespace tcpautopsy {

// The sequence numbers a segment occupies, [begin, end): SYN and FIN count one each.
struct SequenceSpan {
  StreamOffset begin = 0;
  std::uint32_t payload = 0;
  bool syn = false, fin = false;

  StreamOffset end() const { return begin + payload + (syn ? 1 : 0) + (fin ? 1 : 0); }
  StreamOffset data_begin() const { return begin + (syn ? 1 : 0); }
  StreamOffset data_end() const { return data_begin() + payload; }
};

class SequenceTracker {
 public:
  static constexpr std::size_t kMostHoles = 64;  // the lowest is given up for one more

  struct Added {
    Standing standing;            // but for what it acknowledges
    std::uint32_t new_bytes = 0;  // payload not seen before
  };

  bool started() const { return started_; }
  // Begins at the number of the first segment seen.
  void start(StreamOffset first);
  Added add(const SequenceSpan& span);
  // The end has sent up to here, though it was not captured.
  void sent_unseen(StreamOffset up_to);
  // Begun, and nothing missing but what was acknowledged: the next segment in order needs no more than
  // extend().
  bool steady() const { return started_ && (!holes_ || holes_->back().end <= acked_); }
  void extend(std::uint32_t octets) { sent_max_ += octets; }
  // The peer acknowledged up to here: holes below were the capture's, and no longer bound contiguous().
  void acknowledged(StreamOffset ack) { acked_ = ack > acked_ ? ack : acked_; }

  // Holes that were not acknowledged yet and are forgotten for want of room: what fills them later looks
  // like a retransmission.
  std::uint32_t holes_given_up() const { return holes_given_up_; }
  std::size_t octets() const { return holes_ ? holes_->capacity() * sizeof(Hole) : 0; }  // beside itself

  // No octet of it was captured: only where the first empty segment stood is known.
  bool nothing_seen() const { return low_ == sent_max_; }
  StreamOffset low() const { return low_; }
  StreamOffset sent_max() const { return sent_max_; }
  StreamOffset contiguous() const;

 private:
  struct Hole {
    StreamOffset begin, end;
  };
  // Closes what `span` covers of the holes below `end`; tells whether it did.
  bool take_from_holes(const SequenceSpan& span, StreamOffset end, std::uint32_t& new_bytes);
  void add_hole(Hole hole);
  void bound_holes();
  // Its peer was heard, and did not acknowledge all.
  bool last_outstanding() const { return acked_ >= std::max<StreamOffset>(low_, 1) && acked_ < sent_max_; }

  StreamOffset low_ = 0, sent_max_ = 0, acked_ = 0;
  std::unique_ptr<std::vector<Hole>> holes_;  // sorted and apart; most streams never have one
  std::uint32_t holes_given_up_ = 0;
  bool started_ = false;
};

}  // namespace tcpautopsy
