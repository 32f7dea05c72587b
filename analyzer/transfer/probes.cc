#include "analyzer/transfer/probes.h"

#include <algorithm>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// findings.md's threshold; middleboxes seldom forget sooner.
constexpr TimeNs kSilence = 30 * kSecond;
// Whoever does not know the connection answers a probe at once; the rest is the longest round trip.
constexpr TimeNs kAnswerComes = 3 * kSecond;
// Retransmissions this close belong to one run of the timer.
constexpr TimeNs kOneBurst = 20 * kMillisecond;

bool backs_off(TimeNs step, TimeNs before) { return before > 0 && step >= before + before / 2; }

}  // namespace

void Probes::add(const PlacedSegment& s, const Views& views) {
  Sender& own = senders_[index(s.side)];
  Sender& peer = senders_[index(other(s.side))];
  if (asked_ && peer.asks()) answered(s, peer);
  if (asked_ && own.asks()) {
    // It acknowledges more than before: it has heard its peer, though the capture may not.
    const SenderView& other_end = views.peer;
    if (s.has(kAck) && other_end.acked && s.ack > other_end.snd_una) heard_unseen(own);
  }
  if (s.has(kRst)) {
    gave_up(s, own);
  } else {
    if (s.has_data() && !s.has(kSyn)) data(s, views);
    if (s.segment.payload_length <= 1) probed(s, views);
    if (s.has(kAck) && !(views.plain && !views.moves && !peer.size.stuck()))
      peer.size.acknowledged(s, views.peer);
  }
  last_ = s.frame;
  started_ = true;
}

void Probes::probed(const PlacedSegment& s, const Views& views) {
  if (views.probe != ProbeKind::KeepAlive) return;
  auto& run = senders_[index(s.side)].keepalives;
  if (!run) run = std::make_unique<KeepAlives>();
  asked_ = true;
  ProbeResults& facts = run->facts;
  // Where the capture holds nothing but probes, the silence is counted from the segment before.
  const TimeNs new_ns = std::max(views.own.new_ns, views.peer.new_ns);
  const TimeNs active_ns = new_ns > 0 ? new_ns : last_.time_ns;
  if (!facts.keepalives) facts.idle_ns = s.time_ns() - active_ns;
  if (facts.keepalives && active_ns < run->last_ns) {
    const TimeNs step = s.time_ns() - run->last_ns;
    facts.shortest_step_ns = facts.shortest_step_ns == 0 ? step : std::min(facts.shortest_step_ns, step);
    facts.longest_step_ns = std::max(facts.longest_step_ns, step);
  }
  facts.keepalives.add(s.frame);
  facts.unanswered.add(s.frame);
  facts.reset_by_peer = facts.reset_itself = false;
  run->last_ns = s.time_ns();
  run->last_ack = s.ack;
  run->waiting = true;
}

void Probes::data(const PlacedSegment& s, const Views& views) {
  Sender& own = senders_[index(s.side)];
  const SenderView& view = views.own;
  own.size.sent(s, view);
  if (!s.standing.retransmission) {
    if (started_ && view.heard_ns > 0 && s.time_ns() - last_.time_ns >= kSilence && !own.silence) {
      own.silence = std::make_unique<AfterSilence>();
      asked_ = true;
      own.silence->begin = s.seq;
      own.silence->facts.silence_ns = s.time_ns() - last_.time_ns;
      own.silence->facts.survived = survived(own.silence->facts.silence_ns);
      own.silence->facts.before = last_;
      own.silence->facts.data = s.frame;
    }
    return;
  }
  if (views.probe != ProbeKind::None) return;
  if (own.silence) own.silence->facts.retransmissions.add(s.frame);
  if (!own.unheard) own.unheard = std::make_unique<Unheard>();
  asked_ = true;
  UnheardFacts& facts = own.unheard->facts;
  if (facts.retransmissions && s.time_ns() - own.unheard->last_ns < kOneBurst) return;
  const TimeNs before = facts.retransmissions ? own.unheard->last_ns : view.sent_ns;
  if (!facts.retransmissions) facts.first_sent_ns = before;
  const TimeNs step = s.time_ns() - before;
  if (facts.retransmissions && backs_off(step, facts.last_step_ns)) facts.backed_off = true;
  facts.last_step_ns = step;
  facts.heard_ns = views.peer.heard_ns;
  facts.retransmissions.add(s.frame, step);
  own.unheard->last_ns = s.time_ns();
}

void Probes::answered(const PlacedSegment& s, Sender& asker) {
  if (asker.keepalives && asker.keepalives->waiting) {
    KeepAlives& run = *asker.keepalives;
    run.waiting = false;
    if (s.has(kRst)) {
      run.facts.reset_by_peer =
          (s.seq == run.last_ack || s.has(kAck)) && s.time_ns() - run.last_ns <= kAnswerComes;
      run.facts.reset = s.frame;
    } else {
      ++run.facts.answered;
    }
    run.facts.unanswered = {};
  }
  if (asker.unheard) asker.unheard->facts = {};
  if (!asker.silence) return;
  SilenceFacts& facts = asker.silence->facts;
  if (facts.reset) return;
  // A RST that acknowledges the data comes from a socket that has taken them.
  if (s.has(kRst) && !(s.has(kAck) && s.ack > asker.silence->begin)) {
    facts.reset = true;
    facts.answer = s.frame;
  } else {
    survived_ns_ = std::max(survived_ns_, facts.silence_ns);
    asker.silence.reset();
  }
}

void Probes::heard_unseen(Sender& sender) {
  if (sender.unheard) sender.unheard->facts = {};
  sender.silence.reset();
  if (!sender.keepalives) return;
  sender.keepalives->waiting = false;
  sender.keepalives->facts.unanswered = {};
}

void Probes::gave_up(const PlacedSegment& rst, Sender& sender) {
  if (!sender.keepalives || !sender.keepalives->facts.unanswered) return;
  sender.keepalives->facts.reset_itself = true;
  sender.keepalives->facts.reset = rst.frame;
}

void Probes::finish(const PerSide<SenderView>&, TimeNs, TransferResults& facts) {
  for (const Side side : {Side::A, Side::B}) {
    Sender& sender = senders_[index(side)];
    ProbeResults& told = facts.probes[index(side)];
    if (sender.keepalives) told = std::move(sender.keepalives->facts);
    if (sender.unheard) told.unheard = std::move(sender.unheard->facts);
    if (sender.silence) told.silence = std::move(sender.silence->facts);
    sender.size.finish(told.stuck);
  }
}

}  // namespace tcpautopsy
