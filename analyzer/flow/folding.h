// Which segments of a flow can change what is believed of its ends, and which are more of the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/record_log.h"

namespace tcpautopsy {

// A segment's bearing on belief beyond what its record says.
struct Bearing {
  bool acks_syn = false, acks_fin = false;  // of the other side
  bool news = false;                        // acks_unseen or a zero window that was not so before
};

// Decides for each record, in captured order, whether it is kept for good. The number kept does not grow with
// the octets a flow carries: only its opening, its close, and a bounded number of incidents and silences.
class Folding {
 public:
  void add(RecordLog& log, const SegmentRecord& record, const Bearing& bearing, bool keep_all,
           std::size_t max_records);
  // A plain segment that would be pending, and nothing more: the same in short. False: nothing was done.
  bool carries_on(Side side, TimeNs time_ns, bool payload, const Bearing& bearing);
  // Keeps a packet that was captured twice beside its original, the first few of them. False: it was left
  // out.
  bool add_copy(RecordLog& log, const SegmentRecord& record, std::size_t max_records);

 private:
  static constexpr std::uint8_t kOpening = 8;      // first records of a flow
  static constexpr std::uint8_t kAfterClose = 32;  // after each FIN or RST
  static constexpr std::uint8_t kIncidents = 64;   // with what surrounds them; as many of the last without
  static constexpr std::uint8_t kSilences = 64;
  static constexpr std::uint8_t kCopies = 64;

  bool is_incident(const SegmentRecord& record, const Bearing& bearing) const;
  bool is_turn(const SegmentRecord& record, const Bearing& bearing);

  TimeNs last_ns_ = 0;
  std::uint8_t opening_ = 0, after_close_ = 0, incidents_ = 0, silences_ = 0, copies_ = 0;
  PerSide<std::uint8_t> signature_{};
  PerSide<bool> keep_next_{}, data_seen_{}, window_closed_{};
};

}  // namespace tcpautopsy
