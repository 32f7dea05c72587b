#include "analyzer/transfer/zero_window.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy {
namespace {

// A sender that was waiting for the window sends when it hears of it; a host's delay comes on top.
constexpr TimeNs kSchedulingDelay = 20 * kMillisecond;

TimeNs prompt(const PlacedSegment& s) {
  return s.rtt_sender_ns + std::max<TimeNs>(s.rtt_sender_ns, 0) / 2 + kSchedulingDelay;
}

// A sender probes a closed window at least so often (Linux TCP_RTO_MAX, RFC 9293 3.8.6.1), and its timer may
// be late by a part: in a longer silence nothing was captured.
constexpr TimeNs kLongestStep = 150 * kSecond;

// All it has to send is acknowledged, its FIN too: no window matters to it any more.
bool done(const SenderView& peer, StreamOffset ack) { return peer.fin_sent && ack >= peer.snd_nxt; }

}  // namespace

void ZeroWindow::advertised(const PlacedSegment& s, const SenderView& peer) {
  heard(s);
  const bool zero = s.segment.window == 0;
  if (zero && (s.segment.flags & (kSyn | kFin)) == 0) ++segments_;
  if (peer.acked && s.ack < peer.snd_una) return;  // an older ACK, RFC 9293 3.10.7.4 SND.WL2
  if (done(peer, s.ack)) {
    if (phase_ == Phase::Closed) open(s.frame);
    return;
  }
  if (zero && phase_ == Phase::Unheard) heard_open(s.time_ns());
  if (zero && phase_ != Phase::Closed) close(s, peer);
  if (!zero && phase_ == Phase::Closed) open(s.frame);
  last_ns_ = s.time_ns();
}

TimeNs ZeroWindow::seen_until(TimeNs now) const {
  return probed_ && now - last_ns_ > kLongestStep ? last_ns_ : now;
}

void ZeroWindow::heard(const PlacedSegment& s) {
  if (phase_ != Phase::Closed) last_ns_ = s.time_ns();
  unanswered_ = 0;
  if (phase_ == Phase::Opened && s.has_data()) advertiser_sent_ = true;
}

void ZeroWindow::close(const PlacedSegment& s, const SenderView& peer) {
  phase_ = Phase::Closed;
  closed_by_ = s.frame;
  closed_by_syn_ = s.has(kSyn);
  probed_ = advertiser_sent_ = false;
  at_edge_ = peer.stopped_at(s.ack);
  all_.add(s.frame);
}

void ZeroWindow::open(const FrameRef& frame) {
  const TimeNs until = seen_until(frame.time_ns);
  all_.prolong(until - closed_by_.time_ns);
  all_.show(frame);
  opened_by_ = frame;
  if (probed_) {
    stalled(until);
    stalls_.show(frame);
    phase_ = Phase::Open;
  } else {
    phase_ = Phase::Opened;
  }
}

void ZeroWindow::stalled(TimeNs until_ns) {
  // Where the peer had room left when the window closed, it got its data some time before its first probe.
  const TimeNs from = at_edge_ || !probed_ ? closed_by_.time_ns : first_probe_.time_ns;
  stalls_.add(closed_by_, until_ns - from);
  if (probed_) ++probed_stalls_;
}

// Its probe, later than it would go on had it heard that the window is open.
void ZeroWindow::probes_on(const PlacedSegment& probe) {
  if (phase_ == Phase::Closed || phase_ == Phase::Unheard || opened_by_.number == 0) return;
  if (probe.time_ns() - opened_by_.time_ns <= prompt(probe)) return;
  if (phase_ == Phase::Opened) {
    stalls_.add(closed_by_, opened_by_.time_ns - closed_by_.time_ns);
    stalls_.show(opened_by_);
    ++probed_stalls_;
  }
  unheard_.add(opened_by_);
  phase_ = Phase::Unheard;
}

void ZeroWindow::heard_open(TimeNs until_ns) {
  unheard_.prolong(until_ns - opened_by_.time_ns);
  stalls_.prolong(until_ns - opened_by_.time_ns);
  phase_ = Phase::Open;
}

void ZeroWindow::met(const PlacedSegment& s, const SenderView& own, ProbeKind kind) {
  if (phase_ == Phase::Closed && seen_until(s.time_ns()) != s.time_ns()) {
    // What the window did meanwhile is not known: the episode ends where it was last seen, another begins.
    all_.prolong(last_ns_ - closed_by_.time_ns);
    stalled(last_ns_);
    closed_by_ = s.frame;
    all_.add(s.frame);
    probed_ = false;
    unanswered_ = 0;
  }
  last_ns_ = s.time_ns();
  if (kind == ProbeKind::Window) probes_.add(s.frame);
  if (kind == ProbeKind::Window || kind == ProbeKind::ClosedRetransmission) {
    last_step_ns_ = unanswered_ > 0 ? s.time_ns() - last_unanswered_.time_ns : 0;
    last_unanswered_ = s.frame;
    ++unanswered_;
  }
  if (kind == ProbeKind::Window) probes_on(s);
  if (phase_ == Phase::Unheard && s.has_data() && kind == ProbeKind::None) heard_open(s.time_ns());
  if (phase_ == Phase::Closed) {
    const bool knows = s.time_ns() - closed_by_.time_ns >= std::max<TimeNs>(s.rtt_sender_ns, 0);
    if (kind == ProbeKind::None && !(knows && s.has_data() && s.end() > own.closed_edge)) return;
    if (!probed_) first_probe_ = s.frame;
    probed_ = true;
  } else if (phase_ == Phase::Opened && s.has_data() && kind == ProbeKind::None) {
    const bool at_once = s.time_ns() - opened_by_.time_ns <= prompt(s);
    phase_ = Phase::Open;
    if (!at_once || closed_by_syn_ || (advertiser_sent_ && !at_edge_)) return;
    stalled(opened_by_.time_ns);
    stalls_.show(opened_by_);
    ++resumed_stalls_;
  }
}

void ZeroWindow::reset(const FrameRef& frame, bool by_peer) {
  if (phase_ == Phase::Unheard) heard_open(frame.time_ns);
  if (phase_ != Phase::Closed) return;
  const TimeNs until = seen_until(frame.time_ns);
  all_.prolong(until - closed_by_.time_ns);
  if (probed_ || at_edge_) stalled(until);
  if (probed_ && by_peer) given_up_by_ = frame;
  phase_ = Phase::Open;
}

void ZeroWindow::finish(const SenderView& peer, TimeNs last_ns, WindowResults& advertiser,
                        WindowResults& prober) {
  if (phase_ == Phase::Closed) {
    all_.prolong(last_ns - closed_by_.time_ns);
    if (probed_ || at_edge_) stalled(last_ns);
    advertiser.closed_at_end = !done(peer, peer.snd_una);
    advertiser.closed_by = closed_by_;
  }
  if (given_up_by_) advertiser.closed_by = closed_by_;
  if (phase_ == Phase::Unheard) heard_open(last_ns);
  advertiser.given_up_by = given_up_by_;
  advertiser.openings_unheard = std::move(unheard_);
  advertiser.zero_windows = std::move(all_);
  advertiser.zero_window_stalls = std::move(stalls_);
  advertiser.zero_window_segments = segments_;
  advertiser.stalls_probed = probed_stalls_;
  advertiser.stalls_resumed = resumed_stalls_;
  advertiser.probes_unanswered = unanswered_;
  advertiser.last_unanswered = last_unanswered_;
  advertiser.last_step_ns = last_step_ns_;
  prober.window_probes = std::move(probes_);
}

}  // namespace tcpautopsy
