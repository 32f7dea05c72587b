#include "analyzer/reassembly/reassembly_direction.h"

#include <utility>

namespace tcpautopsy {
namespace {

// Beyond this a number says nothing about where the stream is (RFC 7323 2.3: windows are below 2^30).
constexpr StreamOffset kFar = 1 << 30;
// How far before the first number seen a reordered segment may lie and still be how the stream begins.
constexpr StreamOffset kEarlier = 1 << 22;
constexpr std::size_t kMostMissing = 64;

std::uint64_t span(StreamOffset begin, StreamOffset end) {
  return end > begin ? static_cast<std::uint64_t>(end - begin) : 0;
}

}  // namespace

void DirectionReassembly::begin_at(Seq first, Start how) {
  base_ = first;
  start_ = next_ = acked_ = 0;
  held_.clear();
  fin_.reset();
  how_ = how;
}

// False: another connection's.
bool DirectionReassembly::locate_syn(const TcpSegment& segment) {
  const Seq first = segment.seq + 1;
  const bool same = how_ != Start::Unknown && unwrap(first, base_, next_) == start_;
  if (begun_) return same;
  // Another ISN before any was acknowledged: SYN cookies, or a server that was restarted.
  if (!same && summary_.acknowledged) return false;
  if (!same) begin_at(first, Start::BySyn);
  how_ = Start::BySyn;
  return true;
}

// Where `segment` is in the stream; false if it is elsewhere.
bool DirectionReassembly::locate(const TcpSegment& segment) {
  if (segment.has(kSyn) && !locate_syn(segment)) {
    ++summary_.far_off;
    return false;
  }
  const bool octets = segment.payload_length > 0;
  if (how_ == Start::Unknown) {
    // A lone octet that nobody pushed is how some stacks keep an idle connection alive (RFC 9293 3.8.4).
    const bool probe = segment.payload_length == 1 && !segment.has(kPsh) && !segment.has(kFin);
    begin_at(segment.seq + (probe ? 1 : 0), octets && !probe ? Start::ByData : Start::ByEmpty);
    return true;
  }
  const StreamOffset at = unwrap(segment.has(kSyn) ? segment.seq + 1 : segment.seq, base_, next_);
  if (at - next_ > kFar || next_ - at > kFar) {
    ++summary_.far_off;
    return false;
  }
  if (begun_ || how_ == Start::BySyn || !octets) return true;
  const bool one_on = how_ == Start::ByEmpty && at == next_ + 1;
  const bool earlier = at < next_ && next_ - at <= kEarlier && !keepalive(segment, at);
  if (one_on || earlier) {
    start_ = next_ = at;
    ended_ = fin_ == next_;
  }
  return true;
}

bool DirectionReassembly::keepalive(const TcpSegment& segment, StreamOffset at) const {
  if (segment.payload_length != 1 || segment.has(kFin) || segment.has(kSyn)) return false;
  if (ended_ && at == next_) return true;  // SND.NXT counts the FIN
  // Of a window probe, which looks alike, the octet is not acknowledged yet.
  if (at == next_ - 1) return at < acked_ || !summary_.acknowledged;
  return !segment.has(kPsh) && at >= next_ && at < acked_;
}

void DirectionReassembly::judge_syn_data(StreamOffset at) {
  if (!syn_data_) return;
  syn_data_ = false;
  // Its sender begins anew after the SYN: the data was not acknowledged (RFC 7413 4.1.1).
  if (at == start_) {
    summary_.syn_data_refused += held_.drop(Doubt::SynData);
  } else {
    held_.trust(Doubt::SynData);
    drain();
  }
}

Doubt DirectionReassembly::doubt_of(const TcpSegment& segment) const {
  if (segment.has(kSyn)) return Doubt::SynData;
  if (!intact(segment)) return Doubt::BadChecksum;
  return after_reset_ ? Doubt::AfterReset : Doubt::None;
}

void DirectionReassembly::sent(const TcpSegment& segment, const FrameRef& frame) {
  summary_.heard_from = true;
  now_ = frame;
  const bool intact_here = intact(segment);
  if (!checksums_good_ && segment.checksum != Checksum::Unknown)
    checksums_good_ = segment.checksum == Checksum::Good;
  if (how_ == Start::Unknown && !intact_here) return;
  if (!locate(segment)) return;
  const StreamOffset at = unwrap(segment.has(kSyn) ? segment.seq + 1 : segment.seq, base_, next_);
  if (!segment.has(kSyn)) judge_syn_data(at);
  if (segment.payload_length > 0) {
    if (keepalive(segment, at)) {
      ++summary_.keepalives;
    } else {
      take(segment, at, frame);
    }
  }
  if (segment.has(kFin) && intact_here) note_fin(at + segment.payload_length, frame);
  keep_within_limit();
}

void DirectionReassembly::take(const TcpSegment& segment, StreamOffset at, const FrameRef& frame) {
  const Doubt doubt = doubt_of(segment);
  const std::uint64_t captured = std::min<std::uint64_t>(segment.payload.size(), segment.payload_length);
  if (doubt == Doubt::SynData) syn_data_ = true;
  if (captured > 0) take_piece({at, captured, segment.payload.first(captured), frame, doubt});
  if (captured < segment.payload_length)
    take_piece(
        {at + static_cast<StreamOffset>(captured), segment.payload_length - captured, {}, frame, doubt});
}

void DirectionReassembly::take_piece(Piece piece) {
  if (ended_ && piece.end() > next_) {
    summary_.after_fin += span(std::max(piece.begin, next_), piece.end());
    if (!summary_.first_after_fin) summary_.first_after_fin = piece.frame;
  }
  if (piece.begin < next_) {
    const std::uint64_t old = std::min(span(piece.begin, next_), piece.length);
    const Piece seen{piece.begin, old, piece.octets.empty() ? Bytes() : piece.octets.first(old), piece.frame,
                     piece.doubt};
    compare_delivered(seen);
    if (!piece.octets.empty()) {
      note_late(seen.begin, seen.end());
      piece.octets = piece.octets.subspan(old);
    }
    piece.begin += static_cast<StreamOffset>(old);
    piece.length -= old;
  }
  if (ended_ || piece.length == 0) return;
  const bool plain = piece.begin == next_ && held_.empty() && !fin_ && piece.doubt == Doubt::None &&
                     options_.overlap == Overlap::First && !piece.octets.empty();
  if (plain) return deliver(piece.octets, piece.frame);
  held_.insert(piece, options_.overlap == Overlap::Last,
               [this](StreamOffset offset, std::uint64_t differ, const FrameRef& kept,
                      const FrameRef& other) { tell_conflict(offset - start_, differ, kept, other); });
  drain();
}

void DirectionReassembly::compare_delivered(const Piece& piece) {
  if (piece.begin < start_) summary_.before_start += span(piece.begin, std::min(piece.end(), start_));
  if (piece.octets.empty() || piece.doubt == Doubt::BadChecksum || piece.doubt == Doubt::SynData) return;
  Piece from_first = piece;
  from_first.begin -= start_;
  delivered_.compare(from_first,
                     [this](StreamOffset offset, std::uint64_t differ, const FrameRef& kept,
                            const FrameRef& other) { tell_conflict(offset, differ, kept, other); });
}

void DirectionReassembly::note_late(StreamOffset begin, StreamOffset end) {
  for (const Missing& gap : missing_)
    summary_.late += span(std::max(begin, gap.begin), std::min(end, gap.end));
}

void DirectionReassembly::tell_conflict(StreamOffset offset, std::uint64_t differ, const FrameRef& kept,
                                        const FrameRef& other) {
  ++summary_.conflicts;
  listener_.conflict({side_, offset, differ, kept, other});
}

void DirectionReassembly::note_fin(StreamOffset at, const FrameRef& frame) {
  // A FIN below what was delivered is a forgery or of another time.
  if (at < next_ || (fin_ && *fin_ <= at)) return;
  fin_ = at;
  summary_.fin = frame;
  drain();
  if (next_ == at) end_at_fin();
}

void DirectionReassembly::end_at_fin() {
  ended_ = true;
  if (held_.empty()) return;
  if (!summary_.first_after_fin) summary_.first_after_fin = held_.front().frame;
  summary_.after_fin += held_.drop_from(next_);
}

void DirectionReassembly::acknowledged(const TcpSegment& segment, const FrameRef& frame) {
  if (how_ == Start::Unknown) begin_at(segment.ack, segment.has(kSyn) ? Start::BySyn : Start::ByAck);
  now_ = frame;
  const StreamOffset ack = unwrap(segment.ack, base_, next_);
  if (ack - next_ > kFar || next_ - ack > kFar) return;
  summary_.acknowledged = true;
  if (syn_data_ && ack == start_) {
    syn_data_ = false;
    summary_.syn_data_refused += held_.drop(Doubt::SynData);
  }
  if (ack <= acked_) return;
  acked_ = ack;
  drain();
}

void DirectionReassembly::sent_reset(const TcpSegment& segment, const FrameRef& frame) {
  summary_.heard_from = true;
  summary_.in_reset += segment.payload_length;
  if (!summary_.reset) summary_.reset = frame;
  after_reset_ = true;
}

// How many octets of the block that is next in order are delivered.
std::uint64_t DirectionReassembly::deliverable(const HeldBlock& block, bool force) const {
  const std::uint64_t room = fin_ ? std::min(block.length, span(next_, *fin_)) : block.length;
  if (force || (block.doubt == Doubt::None && options_.overlap == Overlap::First)) return room;
  return std::min(room, span(next_, acked_));
}

// Delivers a block, a part of it, or a gap; false if the next octets have to be waited for.
bool DirectionReassembly::step(bool force, GapReason reason) {
  if (ended_ || held_.empty()) return false;
  if (held_.begin() > next_) {
    if (!force && acked_ < held_.begin()) return false;
    skip(span(next_, fin_ ? std::min(held_.begin(), *fin_) : held_.begin()), reason);
  } else {
    const std::uint64_t length = deliverable(held_.front(), force);
    if (length == 0) return false;
    const HeldBlock block = held_.take_front(length);
    if (block.cut()) {
      skip(block.length, GapReason::SnapLength);
    } else {
      deliver(block.octets, block.frame);
    }
  }
  if (fin_ && next_ == *fin_) end_at_fin();
  return true;
}

void DirectionReassembly::drain() {
  while (step(false, GapReason::NotCaptured)) {
  }
}

void DirectionReassembly::keep_within_limit() {
  while (held_.cost() > options_.most_held && step(true, GapReason::GivenUp)) drain();
}

void DirectionReassembly::deliver(Bytes octets, const FrameRef& frame) {
  const StreamOffset offset = next_ - start_;
  summary_.delivered += octets.size();
  delivered_.note(offset, octets, frame);
  advance(octets.size());
  listener_.data({side_, offset, octets, frame, now_});
}

void DirectionReassembly::skip(std::uint64_t length, GapReason reason) {
  if (length == 0) return;
  const StreamOffset offset = next_ - start_;
  ++summary_.gaps;
  summary_.missing += length;
  if (missing_.size() == kMostMissing) missing_.pop_front();
  missing_.push_back({next_, next_ + static_cast<StreamOffset>(length)});
  advance(length);
  listener_.gap({side_, offset, length, reason, now_});
}

void DirectionReassembly::advance(std::uint64_t length) {
  next_ += static_cast<StreamOffset>(length);
  begun_ = true;
}

// Nothing tells what a receiver that was not captured got: all that was sent is taken as delivered.
void DirectionReassembly::flush_unheard() {
  held_.trust(Doubt::SynData);
  summary_.after_reset += held_.drop(Doubt::AfterReset);
  while (step(true, GapReason::NotCaptured)) {
  }
}

void DirectionReassembly::tell_last_gap() {
  StreamOffset end = acked_;
  if (fin_) end = std::min(end, *fin_);
  // One number more may be a FIN that was not captured.
  if (end <= next_ || (!fin_ && end == next_ + 1)) return;
  skip(span(next_, end), GapReason::NotCaptured);
}

void DirectionReassembly::finish() {
  summary_.mid_stream = how_ != Start::Unknown && how_ != Start::BySyn;
  // Sent and acknowledged before the capture began, as far as it tells.
  if (!begun_ && how_ != Start::BySyn && step(true, GapReason::NotCaptured)) drain();
  if (!summary_.acknowledged) {
    flush_unheard();
  } else if (options_.overlap == Overlap::Last) {
    // In order and unacknowledged: as `First` has it.
    while (!held_.empty() && held_.begin() == next_ && held_.front().doubt == Doubt::None &&
           step(true, GapReason::NotCaptured)) {
    }
  }
  summary_.after_reset += held_.drop(Doubt::AfterReset);
  summary_.bad_checksum += held_.drop(Doubt::BadChecksum);
  summary_.syn_data_refused += held_.drop(Doubt::SynData);
  tell_last_gap();
  held_.drop_before(next_);
  summary_.never_delivered = held_.octets();
  held_.clear();
  if (summary_.acknowledged) summary_.unacknowledged = span(acked_, next_);
}

}  // namespace tcpautopsy
