#include "analyzer/flow/folding.h"

namespace tcpautopsy {
namespace {

// A silence that ends a run: long enough for timers to have their say.
constexpr TimeNs kSilence = kSecond;

// Of a side's segments without SYN, FIN or RST; never 0.
std::uint8_t signature_of(const Bearing& bearing) {
  return static_cast<std::uint8_t>(4U | (bearing.acks_syn ? 1U : 0U) | (bearing.acks_fin ? 2U : 0U));
}

}  // namespace

bool Folding::is_incident(const SegmentRecord& record, const Bearing& bearing) const {
  const bool window_turns = (record.window == 0) != window_closed_[index(record.side)];
  const Standing& standing = record.standing;
  return standing.retransmission || standing.fills_gap || standing.after_gap || standing.keepalive ||
         bearing.news || record.window == 0 || window_turns;
}

bool Folding::is_turn(const SegmentRecord& record, const Bearing& bearing) {
  const std::size_t side = index(record.side);
  const std::uint8_t signature = signature_of(bearing);
  bool turn = opening_ < kOpening || signature != signature_[side];
  if (record.payload > 0 && !data_seen_[side]) turn = data_seen_[side] = true;
  signature_[side] = signature;
  if ((record.flags & (kSyn | kFin | kRst)) != 0) {
    after_close_ = (record.flags & (kFin | kRst)) != 0 ? kAfterClose : after_close_;
    return true;
  }
  if (after_close_ > 0) {
    --after_close_;
    turn = true;
  }
  return turn;
}

void Folding::add(RecordLog& log, const SegmentRecord& record, const Bearing& bearing, bool keep_all,
                  std::size_t max_records) {
  const std::size_t side = index(record.side);
  const bool first = opening_ == 0;
  if (!first && record.frame.time_ns - last_ns_ >= kSilence && silences_ < kSilences) {
    ++silences_;
    log.flush();
    keep_next_ = {true, true};
  }
  last_ns_ = record.frame.time_ns;
  const bool incident = is_incident(record, bearing);
  const bool turn = is_turn(record, bearing);
  window_closed_[side] = record.window == 0;
  if (opening_ < kOpening) ++opening_;

  if (keep_all || turn || (incident && incidents_ < kIncidents)) {
    if (incident && incidents_ < kIncidents) ++incidents_;
    log.keep(record, max_records);
    keep_next_ = {true, true};
  } else if (incident) {
    log.keep_late(record, max_records);
  } else if (keep_next_[side]) {
    keep_next_[side] = false;
    log.keep(record, max_records);
  } else {
    SegmentRecord& pending = log.pend(record.side);
    const std::uint32_t packets = pending.folded_packets;
    const std::uint64_t bytes = pending.folded_bytes;
    pending = record;
    pending.folded_packets = packets;
    pending.folded_bytes = bytes;
  }
}

bool Folding::carries_on(Side s, TimeNs time_ns, bool payload, const Bearing& bearing) {
  const std::size_t side = index(s);
  const bool silent = time_ns - last_ns_ >= kSilence && silences_ < kSilences;
  if (opening_ < kOpening || after_close_ > 0 || keep_next_[side] || window_closed_[side] || silent ||
      signature_of(bearing) != signature_[side] || (payload && !data_seen_[side])) {
    return false;
  }
  last_ns_ = time_ns;
  return true;
}

bool Folding::add_copy(RecordLog& log, const SegmentRecord& record, std::size_t max_records) {
  if (copies_ == kCopies) return false;
  ++copies_;
  log.keep(record, max_records);
  return true;
}

}  // namespace tcpautopsy
