#include "analyzer/transfer/ack_loop.h"

#include <algorithm>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kFewest = 20;
// An answer takes no longer than the path. Keep-alives and what answers them come seconds apart.
constexpr TimeNs kPace = 300 * kMillisecond;

}  // namespace

bool AckLoop::goes_on(const PlacedSegment& s) const {
  const Ack& before = latest_[index(s.side)];
  if (run_ > 0 && (s.side == last_side_ || s.time_ns() - last_.time_ns > kPace)) return false;
  return !before.known || (before.seq == s.seq && before.ack == s.ack);
}

void AckLoop::follow(const PlacedSegment& s) {
  if (s.length > 0 || (s.segment.flags & (kSyn | kFin | kRst | kAck)) != kAck) {
    end();
    latest_ = {};
    return;
  }
  if (!goes_on(s)) end();
  if (run_++ == 0) first_ = s.frame;
  last_ = s.frame;
  last_side_ = s.side;
  latest_[index(s.side)] = {s.seq, s.ack, true};
}

void AckLoop::end() {
  if (run_ >= kFewest) {
    loops_.add(first_, last_.time_ns - first_.time_ns);
    loops_.show(last_);
    acks_ += run_;
  }
  run_ = 0;
}

void AckLoop::finish(const PerSide<SenderView>&, TimeNs, TransferResults& facts) {
  end();
  facts.ack_loops = std::move(loops_);
  facts.looped_acks = acks_;
}

}  // namespace tcpautopsy
