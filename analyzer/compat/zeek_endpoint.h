// One end of a connection as Zeek follows it. The words are Zeek's, so that conn_state can be told as its
// scripts do.
#pragma once

#include <cstdint>

#include "analyzer/compat/zeek_reassembly.h"
#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

enum class ZeekState : std::uint8_t {
  Inactive,  // nothing captured of this end
  SynSent,
  SynAckSent,  // a SYN-ACK from the originator: the SYN was not captured
  Partial,     // captured, but without a SYN
  Established,
  Closed,  // sent a FIN
  Reset,
};

// A position on the 2^32 circle and how often it has gone round.
struct ZeekPosition {
  std::uint32_t number = 0;
  std::uint32_t wraps = 0;

  void advance(std::uint32_t to) {
    if (to < number) ++wraps;
    number = to;
  }
  std::uint64_t full() const { return (std::uint64_t{wraps} << 32) + number; }
};

struct ZeekRelative {
  std::uint64_t position = 0;
  bool underflow = false;  // lies before what Zeek takes for the start
};

class ZeekEndpoint {
 public:
  // Settles the start of the numbering by a segment of this end; a SYN after the first may move it.
  void begin(const TcpSegment& segment);
  // Nothing is captured of this end yet, but the other acknowledges `ack`.
  void begin_by_ack(std::uint32_t ack);

  ZeekRelative relative_seq(std::uint32_t seq) const { return relative(seq, sent_); }
  ZeekRelative relative_ack(std::uint32_t ack) const { return relative(ack, acked_); }

  // Returns whether the segment only repeats.
  bool note_sent(const TcpSegment& segment);
  void note_acked(std::uint32_t ack);
  void note_fin(std::uint64_t position) { fin_end_ = position, fin_seen_ = true; }

  void add_data(std::uint64_t position, std::uint32_t length);
  unsigned acknowledge(std::uint64_t position, bool partial_connection);

  std::size_t octets() const { return reassembly_.octets(); }  // of memory, beside itself
  // Stream octets sent, as conn.log's orig_bytes and resp_bytes count them.
  std::uint64_t size() const;

  void enter(ZeekState next) {
    if (next == state) return;
    previous_state = state;
    state = next;
  }
  bool is_clean() const {
    return state == ZeekState::Established ||
           (state == ZeekState::Closed && previous_state == ZeekState::Established);
  }

  ZeekState state = ZeekState::Inactive, previous_state = ZeekState::Inactive;
  bool heard = false;  // a segment with a good checksum was captured of it
  std::uint32_t last_syn = 0, last_fin = 0,
                last_rst = 0;  // relative, of the control segments last in the history
  std::uint32_t repeats = 0, zero_windows = 0, gaps = 0;

 private:
  void start_at(std::uint32_t number, std::uint32_t next);
  ZeekRelative relative(std::uint32_t number, const ZeekPosition& last) const;
  bool nothing_acked() const;

  std::uint32_t start_ = 0;
  ZeekPosition sent_, acked_;
  std::uint64_t fin_end_ = 0;
  bool fin_seen_ = false;
  ZeekReassembly reassembly_;
};

// Sequence numbers that the segment takes by Zeek's reckoning: payload on a RST is no part of the stream.
std::uint32_t zeek_length(const TcpSegment& segment);

}  // namespace tcpautopsy
