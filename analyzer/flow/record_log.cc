#include "analyzer/flow/record_log.h"

#include <utility>

namespace tcpautopsy {
namespace {

template <class Folded>
void fold_into(SegmentRecord& next, Folded& gone) {
  next.folded_packets += gone.packets;
  next.folded_bytes += gone.bytes;
  gone = {};
}

template <class Folded>
void add_to(Folded& gone, const SegmentRecord& record) {
  gone.packets += record.folded_packets + 1;
  gone.bytes += record.folded_bytes + record.payload;
}

}  // namespace

void RecordLog::append(const SegmentRecord& record, bool late) {
  if (kept_.empty()) kept_.reserve(8);
  kept_.push_back({record, late});
  fold_into(kept_.back().record, carried_[index(record.side)]);
  if (late) ++late_;
}

void RecordLog::flush(bool late) {
  for (const Side side : {pending_first_, other(pending_first_)}) {
    Pending& pending = pending_[index(side)];
    if (!pending.held) continue;
    append(pending.record, late);
    pending.held = false;
  }
}

void RecordLog::keep(const SegmentRecord& record, std::size_t max_records) {
  flush();
  append(record, false);
  if (kept_.size() > max_records + kSlack) drop_middle(max_records);
}

void RecordLog::keep_late(const SegmentRecord& record, std::size_t max_records) {
  flush(true);
  append(record, true);
  if (late_ > kLateBound + kSlack) drop_oldest_late();
  if (kept_.size() > max_records + kSlack) drop_middle(max_records);
}

SegmentRecord& RecordLog::pend(Side side) {
  Pending& pending = pending_[index(side)];
  Folded gone = std::exchange(carried_[index(side)], {});
  if (pending.held) add_to(gone, pending.record);
  pending.record = SegmentRecord();
  pending.record.folded_packets = gone.packets;
  pending.record.folded_bytes = gone.bytes;
  pending.held = true;
  pending_first_ = pending_[index(other(side))].held ? other(side) : side;
  return pending.record;
}

void RecordLog::shift(Side side, StreamOffset by) {
  const auto move = [&](SegmentRecord& record) {
    if (record.side != side) {
      if (record.has(kAck)) record.ack += by;
      return;
    }
    record.seq += by;
    record.contiguous += by;
    record.sent_max += by;
  };
  for (Kept& kept : kept_) move(kept.record);
  for (Pending& pending : pending_)
    if (pending.held) move(pending.record);
}

void RecordLog::drop_oldest_late() {
  PerSide<Folded> gone;
  std::size_t to_drop = late_ - kLateBound;
  std::size_t out = 0;
  for (Kept& kept : kept_) {
    Folded& folded = gone[index(kept.record.side)];
    if (kept.late && to_drop > 0) {
      add_to(folded, kept.record);
      --to_drop;
      continue;
    }
    fold_into(kept.record, folded);
    kept_[out++] = kept;
  }
  kept_.resize(out);
  late_ = kLateBound;
  for (const Side side : {Side::A, Side::B}) {
    carried_[index(side)].packets += gone[index(side)].packets;
    carried_[index(side)].bytes += gone[index(side)].bytes;
  }
}

void RecordLog::drop_middle(std::size_t max_records) {
  PerSide<Folded> gone;
  const std::size_t head = max_records / 2;
  const std::size_t drop = kept_.size() - max_records;
  for (std::size_t i = head; i < head + drop; ++i) {
    const Kept& kept = kept_[i];
    add_to(gone[index(kept.record.side)], kept.record);
    if (kept.late) --late_;
  }
  const auto begin = kept_.begin() + static_cast<std::ptrdiff_t>(head);
  kept_.erase(begin, begin + static_cast<std::ptrdiff_t>(drop));
  left_out_ += drop;
  for (std::size_t i = head; i < kept_.size(); ++i) {
    fold_into(kept_[i].record, gone[index(kept_[i].record.side)]);
  }
  for (const Side side : {Side::A, Side::B}) {
    carried_[index(side)].packets += gone[index(side)].packets;
    carried_[index(side)].bytes += gone[index(side)].bytes;
  }
}

std::vector<SegmentRecord> RecordLog::take(std::size_t max_records) {
  flush();
  if (kept_.size() > max_records) drop_middle(max_records);
  std::vector<SegmentRecord> records;
  records.reserve(kept_.size());
  for (const Kept& kept : kept_) records.push_back(kept.record);
  kept_.clear();
  return records;
}

}  // namespace tcpautopsy
