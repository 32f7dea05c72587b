// The octets of a connection as its two applications got them, in order and as a stream: nothing is kept but
// what waits for a hole before it to be filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// Whose octets count where segments that were not delivered yet overlap. RFC 9293 3.10.7.4 leaves it open.
enum class Overlap : std::uint8_t {
  First,  // what came first, as most stacks have it; octets are delivered as soon as they are in order
  Last,   // what came last before its acknowledgment; octets are delivered when they are acknowledged
};

struct ReassemblyOptions {
  std::size_t most_held = std::size_t{16}
                          << 20;  // octets waiting, a direction, with what it takes to keep them
  std::size_t remembered = std::size_t{1}
                           << 20;  // delivered octets that resends are compared with, a direction
  Overlap overlap = Overlap::First;
};

// Offsets below count from a direction's first octet of data (0), be it the first after the SYN or, where the
// capture begins in the middle, the first that is known.

// Octets delivered in order. The view lives as long as the call.
struct StreamChunk {
  Side sender = Side::A;
  StreamOffset offset = 0;
  Bytes octets;
  FrameRef frame;      // that carried them
  FrameRef delivered;  // whose arrival put them in order, or shows that they were delivered
};

enum class GapReason : std::uint8_t {
  NotCaptured,  // the receiver has them (its acknowledgment tells), or later data, and the capture has not
  SnapLength,   // cut off by the snap length
  GivenUp,      // more waited behind them than may be held
};
std::string_view name(GapReason reason);  // contract.md's words

// Octets of the stream that the capture does not have.
struct StreamGap {
  Side sender = Side::A;
  StreamOffset offset = 0;
  std::uint64_t length = 0;
  GapReason reason = GapReason::NotCaptured;
  FrameRef shown_by;
};

// Two segments carry different octets for the same place.
struct StreamConflict {
  Side sender = Side::A;
  StreamOffset offset = 0;   // of the first octet that differs
  std::uint64_t differ = 0;  // how many do
  FrameRef kept, other;
};

// What became of a direction; complete after finish().
struct StreamSummary {
  std::uint64_t delivered = 0;          // octets handed on
  std::uint64_t gaps = 0, missing = 0;  // gaps and the octets in them
  std::uint64_t conflicts = 0;
  std::uint64_t never_delivered = 0;  // waited to the end behind octets that were never acknowledged
  std::uint64_t unacknowledged = 0;   // handed on, yet not acknowledged by the end
  std::uint64_t late = 0;             // came when their gap had been told
  std::uint64_t before_start = 0;     // came when the stream had begun at a later octet
  std::uint64_t in_reset = 0;         // in RSTs: a remark on why (RFC 9293 3.5.3), no data
  std::uint64_t after_fin = 0;        // beyond the FIN, ignored
  std::uint64_t after_reset = 0;      // sent after a RST and never acknowledged, ignored
  std::uint64_t bad_checksum = 0;     // in segments with a wrong checksum and never acknowledged, ignored
  std::uint64_t syn_data_refused = 0;
  std::uint64_t keepalives = 0;  // octets at SND.NXT-1 that are no data
  std::uint64_t far_off = 0;     // segments whose numbers are not of this stream
  std::optional<FrameRef> first_after_fin, fin, reset;
  bool mid_stream = false;    // its beginning was not captured
  bool heard_from = false;    // any segment of this direction was captured
  bool acknowledged = false;  // any acknowledgment of this direction was captured
};

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void data(const StreamChunk& chunk) = 0;
  virtual void gap(const StreamGap& gap) = 0;
  virtual void conflict(const StreamConflict& conflict) = 0;
};

class DirectionReassembly;

// Both directions of one connection (one incarnation). Feed its segments in order of capture.
class StreamReassembly {
 public:
  // `listener` must outlive it.
  StreamReassembly(const ReassemblyOptions& options, StreamListener& listener);
  ~StreamReassembly();
  StreamReassembly(StreamReassembly&&) noexcept;

  // Tells the listener what `segment` puts in order: first of the other direction, which it acknowledges.
  void add(const TcpSegment& segment, const FrameRef& frame, Side sender);
  // What the end of the capture leaves open. Nothing may be added after it.
  void finish();

  const StreamSummary& summary(Side sender) const;
  std::size_t held() const;  // what waits, as most_held counts it

 private:
  PerSide<std::unique_ptr<DirectionReassembly>> directions_;
};

}  // namespace tcpautopsy
