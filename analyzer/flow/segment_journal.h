// The first segments of a flow in a few octets each, so that a flow which waits costs little and can be had
// again whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/decode/stand_in_payload.h"
#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/octets.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

// Of what use a segment is to its flow.
enum class Role : std::uint8_t {
  Ordinary,
  Stray,  // a challenge ACK to this flow's SYN, or the RST to that: their numbers are another incarnation's
  Copy,   // of a packet just before
};

// What segments are told relative to: the one before, and the last of the same direction.
struct JournalContext {
  struct Direction {
    std::uint32_t next_seq = 0, ts_val = 0, overhead = 0;
    std::uint16_t ip_id = 0, window = 0;
    std::uint8_t ttl = 0;
  };
  explicit JournalContext(TimeNs epoch = 0) : time_ns(epoch) {}

  PerSide<Direction> directions;
  std::uint64_t number = 0;
  TimeNs time_ns;
  std::uint32_t file = 0;
};

struct JournalEntry {
  TcpSegment
      segment;  // without ends and encapsulation; payload is stand_in_payload() if it was captured whole
  FrameRef frame;
  Side side = Side::A;
  Role role = Role::Ordinary;
};

// The most octets an entry takes.
constexpr std::size_t kLongestEntry = 160;
using EntryWriter = OctetWriter<kLongestEntry>;

// False: the segment cannot be told exactly, and nothing was written.
bool write_entry(const TcpSegment& segment, const FrameRef& frame, Side side, Role role,
                 JournalContext& context, EntryWriter& to);

// `epoch` is a time not far from the first entry's, the same for writing and reading.
class SegmentJournal {
 public:
  explicit SegmentJournal(TimeNs epoch) : context_(epoch) {}
  // False as write_entry().
  bool append(const TcpSegment& segment, const FrameRef& frame, Side side, Role role);
  // Goes on from entries that were read elsewhere.
  void resume(Bytes bytes, const JournalContext& context);
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  const JournalContext& context() const { return context_; }
  void clear() { std::vector<std::uint8_t>().swap(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
  JournalContext context_;
};

// Reads what was written.
class JournalReader {
 public:
  JournalReader(Bytes bytes, TimeNs epoch) : bytes_(bytes), context_(epoch) {}
  const JournalContext& context() const { return context_; }
  bool next(JournalEntry& entry);
  bool done() const { return bytes_.empty(); }

 private:
  Bytes bytes_;
  JournalContext context_;
};

}  // namespace tcpautopsy
