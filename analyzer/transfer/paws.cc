#include "analyzer/transfer/paws.h"

#include <algorithm>
#include <utility>

#include "analyzer/seq/timestamp.h"

namespace tcpautopsy {
namespace {

// Stacks let a timestamp pass that is one tick behind.
constexpr std::int32_t kLetPass = 1;

bool tells(const PlacedSegment& s, const SenderView& own) {
  if (s.length > 0) return !own.acked || s.end() > own.snd_una;
  return s.pure_ack();
}

}  // namespace

void Paws::add(const PlacedSegment& s, const Views& views) {
  const TcpOptions& options = s.segment.options;
  if (!options.has_timestamps || s.has(kRst)) return;
  if (s.has(kAck) && !s.standing.keepalive) judge(s);
  const std::size_t side = index(s.side);
  if (!any_[side] || ahead(options.ts_val, newest_[side]) > 0) newest_[side] = options.ts_val;
  any_[side] = true;
  if (s.has(kSyn) || s.standing.keepalive || !tells(s, views.own)) return;
  latest_[side] = {s.frame, s.end(), s.ack, options.ts_val, s.length > 0, true};
}

// What the receiver echoes is the latest timestamp that it took (TS.Recent), if its peer ever sent it.
void Paws::judge(const PlacedSegment& answer) {
  const std::size_t of = index(other(answer.side));
  Sent& sent = latest_[of];
  if (!sent.open) return;
  const std::int32_t behind = ahead(answer.segment.options.ts_ecr, sent.ts_val);
  const bool echoes_one_sent = ahead(answer.segment.options.ts_ecr, newest_[of]) <= 0;
  if (taken(sent, answer)) {
    sent.open = false;
  } else if (behind > kLetPass && echoes_one_sent && (sent.has_data || answer.has_data())) {
    facts_[of].refused.add(sent.frame);
    facts_[of].refused.show(answer.frame);
    facts_[of].most_behind = std::max(facts_[of].most_behind, static_cast<std::uint32_t>(behind));
    sent.open = false;
  }
}

// Data are taken when acknowledged; an acknowledgment, when its receiver no longer sends what it covers.
bool Paws::taken(const Sent& sent, const PlacedSegment& answer) const {
  return sent.has_data ? answer.ack >= sent.end : answer.has_data() && answer.seq >= sent.ack;
}

void Paws::finish(PerSide<MarkResults>& facts) {
  for (const Side side : {Side::A, Side::B}) facts[index(side)].paws = std::move(facts_[index(side)]);
}

}  // namespace tcpautopsy
