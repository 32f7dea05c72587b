#include "analyzer/transfer/window_limit.h"

#include <algorithm>
#include <utility>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {

void WindowLimit::offered(TimeNs time_ns, StreamOffset edge, TimeNs rtt_sender_ns) {
  if (total_ > 0) {
    const Offer& last = offer(total_ - 1);
    if (edge <= last.edge || time_ns - last.time_ns < rtt_sender_ns / 32) return;
  }
  offers_[total_ % kOffers] = {time_ns, edge};
  ++total_;
  if (total_ - known_ > kOffers) known_ = total_ - kOffers;
}

void WindowLimit::advance(TimeNs known_ns, StreamOffset sent_to) {
  // What it sent shows an offer that allows it to be known, however long that should have taken.
  const auto known = [&](const Offer& next) {
    return next.time_ns <= known_ns || (known_ > 0 && offer(known_ - 1).edge < sent_to);
  };
  for (; known_ < total_ && known(offer(known_)); ++known_) {
    if (waiting_ && !let_go_ && offer(known_).edge >= wanted_) {
      let_go_ = true;
      let_go_ns_ = offer(known_).time_ns;
    }
  }
}

// Where the time since its last segment went.
void WindowLimit::account(const PlacedSegment& s, const SenderView& own, TimeNs delay) {
  const TimeNs from = last_.time_ns;
  TimeNs until = s.time_ns();
  if (own.ever_closed && own.closed_ns > from) until = own.closed_ns;
  const TimeNs gap = std::max<TimeNs>(until - from, 0);
  TimeNs busy = gap;
  if (own.in_flight() == 0) busy = std::clamp<TimeNs>(own.acked_ns + delay - from, 0, gap);
  TimeNs limited = 0;
  if (waiting_ && !s.standing.retransmission) {
    limited = let_go_ ? std::clamp<TimeNs>(let_go_ns_ + delay - from, 0, gap) : gap;
    limited_.add(last_, limited);
    facts_.largest_window = std::max(facts_.largest_window, window_);
    facts_.smallest_window =
        facts_.smallest_window == 0 ? window_ : std::min(facts_.smallest_window, window_);
  }
  facts_.sending_ns = add_sat(facts_.sending_ns, std::max(busy, limited));
  facts_.limited_ns = add_sat(facts_.limited_ns, limited);
}

void WindowLimit::sent(const PlacedSegment& s, const SenderView& own) {
  const TimeNs rtt = std::max<TimeNs>(s.rtt_sender_ns, 0);
  const TimeNs delay = rtt + rtt / 16;
  const StreamOffset sent_to = std::max(own.snd_nxt, s.data_end());
  advance(s.time_ns() - delay, sent_to);
  if (judged_) account(s, own, delay);
  last_ = s.frame;
  let_go_ = waiting_ = false;
  judged_ = known_ > 0;
  if (s.standing.retransmission || known_ == 0 || own.closed) return;
  const Offer& last = offer(known_ - 1);
  // The latest that the sender knew of may be gone from the ring: then nothing can be said.
  const bool overrun = total_ >= kOffers && known_ == total_ - kOffers && last.time_ns > s.time_ns() - delay;
  waiting_ = !overrun && last.edge - sent_to < StreamOffset{own.full_size()};
  wanted_ = sent_to + own.full_size();
  window_ = own.snd_wnd;
}

void WindowLimit::finish(WindowResults& advertiser) {
  advertiser.limit = facts_;
  advertiser.limited = std::move(limited_);
}

}  // namespace tcpautopsy
