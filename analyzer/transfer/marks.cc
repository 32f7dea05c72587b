#include "analyzer/transfer/marks.h"

#include <algorithm>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Further apart than anything that loss, reordering or a late start of the capture can explain; one number
// of 32 at random is nearer.
constexpr std::uint64_t kFar = 1 << 26;
// Of an offloading host each checksum is wrong: there is no use in so many frames.
constexpr std::uint64_t kWrongShown = 8;

bool far(StreamOffset a, StreamOffset b) { return static_cast<std::uint64_t>(a - b) + kFar > 2 * kFar; }

bool strange_sack(const TcpSegment& s) {
  for (std::size_t i = 0; i < s.options.sack_count && i < s.options.sack.size(); ++i) {
    const auto apart = static_cast<std::int32_t>(s.options.sack[i].left.raw() - s.ack.raw());
    if (far(apart, 0)) return true;
  }
  return false;
}

}  // namespace

void Marks::add(const PlacedSegment& s, const Views& views) {
  paws_.add(s, views);
  MarkResults& facts = facts_[index(s.side)];
  if (views.plain && !marked_) {
    ++facts.checksums.right;
  } else {
    ecn_.add(s, views);
    if (s.has(kUrg) && s.segment.urgent != 0) facts.urgent.add(s.frame);
    check(s);
    marked_ = ecn_.any() || wrong_[0].open || wrong_[1].open;
  }
  if (s.has(kRst) || s.has(kSyn)) return;
  if (s.has(kAck)) compare(s, views.peer);
  last_seq_[index(s.side)] = s.seq;
  StrangeNumberFacts& of_peer = facts_[index(other(s.side))].strange;
  if (of_peer.acks && s.new_bytes > 0) ++of_peer.went_on;
}

void Marks::check(const PlacedSegment& s) {
  ChecksumFacts& own = facts_[index(s.side)].checksums;
  WrongSegment& before = wrong_[index(s.side)];
  if (before.open && s.seq < before.end && s.end() > before.seq) {
    before.open = false;
    ++own.repeated;
  }
  if (s.segment.checksum == Checksum::Bad) {
    ++own.bad;
    if (own.right > 0 || own.bad <= kWrongShown) own.wrong.add(s.frame);
    if (s.length > 0 && !s.has(kRst) && !s.standing.retransmission) before = {s.seq, s.end(), true};
  } else {
    ++(s.segment.checksum == Checksum::Good ? own.right : own.unverified);
  }
  WrongSegment& of_peer = wrong_[index(other(s.side))];
  if (of_peer.open && s.has(kAck) && !s.has(kRst) && s.ack >= of_peer.end) {
    of_peer.open = false;
    ++facts_[index(other(s.side))].checksums.accepted;
  }
}

void Marks::compare(const PlacedSegment& s, const SenderView& data_sender) {
  StrangeNumberFacts& strange = facts_[index(s.side)].strange;
  if (s.segment.options.sack_count > 0 && strange_sack(s.segment)) strange.sacks.add(s.frame);
  if (!data_sender.started) return;
  // Its peer may have jumped ahead by one forged segment.
  if (far(s.ack, data_sender.snd_nxt) && far(s.ack, last_seq_[index(other(s.side))])) {
    strange.acks.add(s.frame);
  } else {
    ++strange.plain_acks;
  }
}

void Marks::finish(const PerSide<SenderView>&, TimeNs, TransferResults& facts) {
  ecn_.finish(facts_);
  paws_.finish(facts_);
  facts.marks = std::move(facts_);
}

}  // namespace tcpautopsy
