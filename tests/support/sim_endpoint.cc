#include "tests/support/sim_endpoint.h"

#include <algorithm>

namespace tcpautopsy::sim {

using enum TcpState;

namespace {
constexpr StreamOffset kWindow = 65535;
constexpr TimeNs kLongestRto = 120 * kSecond;
}  // namespace

void Endpoint::emit(std::uint16_t flags, StreamOffset seq, std::uint32_t payload, TimeNs now) {
  Segment segment;
  segment.from = side_;
  segment.flags = flags;
  segment.seq = seq;
  segment.payload = payload;
  if (flags & kAck) {
    segment.ack = rcv_nxt_;
    ack_at_.reset();
  }
  if (habits_.timestamps && !(flags & kRst)) {
    segment.ts_val = static_cast<std::uint32_t>(now / kMillisecond) + 1000;
    segment.ts_ecr = (flags & kAck) ? last_ts_received_ : 0;
  }
  if (habits_.sack && (flags & kAck) && !waiting_.empty()) segment.sack = *waiting_.begin();
  send_(segment, state_);
}

// RFC 9293 3.10.7.1: the RST takes its number from the ACK it answers, or is number 0 and acknowledges all.
void Endpoint::reset(const Segment& cause, TimeNs) {
  if (cause.has(kRst)) return;
  Segment segment;
  segment.from = side_;
  if (cause.has(kAck)) {
    segment.flags = kRst;
    segment.seq = cause.ack;
  } else {
    segment.flags = kRst | kAck;
    segment.seq_is_raw_zero = true;
    segment.ack = habits_.rst_acks_iss ? cause.seq : cause.end();
  }
  send_(segment, state_);
}

void Endpoint::ack_soon(TimeNs now) {
  if (habits_.ack_delay == 0 || ack_at_) return ack(now);  // every second segment at once (RFC 9293 3.8.6.3)
  ack_at_ = now + habits_.ack_delay;
}

void Endpoint::challenge(TimeNs now) {
  if (habits_.challenges) ack(now);
}

void Endpoint::die() {
  state_ = Closed;
  ack_at_.reset();
  rexmit_at_.reset();
  state_ends_at_.reset();
}

void Endpoint::die_silently() {
  vanished_ = vanished_ || state_ != Closed;
  die();
}

void Endpoint::connect(TimeNs now) {
  state_ = SynSent;
  emit(kSyn, 0, 0, now);
  snd_nxt_ = 1;
  restart_timer(now);
}

void Endpoint::write(TimeNs now, std::uint32_t octets) {
  if (close_wanted_ || state_ == Closed) return;
  written_ += octets;
  transmit(now);
}

void Endpoint::shutdown(TimeNs now) {
  if (close_wanted_) return;
  if (state_ == SynSent || state_ == Listen) return die_silently();  // RFC 9293 3.10.4: nothing is sent
  if (state_ == Closed) return;
  close_wanted_ = true;
  transmit(now);
}

void Endpoint::close(TimeNs now) {
  orphaned_ = true;
  shutdown(now);
  if (state_ == FinWait2) state_ends_at_ = now + habits_.fin_wait_2;
}

void Endpoint::abort(TimeNs now) {
  const bool speaks = state_ == SynReceived || state_ == Established || state_ == FinWait1 ||
                      state_ == FinWait2 || state_ == CloseWait;
  if (state_ == TimeWait || state_ == Closing || state_ == LastAck)
    return;  // the application has let go of it
  if (!speaks) return die_silently();
  die();
  emit(kRst | kAck, snd_nxt_, 0, now);
}

void Endpoint::probe(TimeNs now) {
  const bool idle = snd_una_ == snd_nxt_;
  if (idle && (state_ == Established || state_ == CloseWait || state_ == FinWait2))
    emit(kAck, snd_nxt_ - 1, habits_.rubbish_in_probes ? 1 : 0, now);
}

void Endpoint::receive(TimeNs now, const Segment& segment) {
  switch (state_) {
    case Closed: return reset(segment, now);
    case Listen: return in_listen(now, segment);
    case SynSent: return in_syn_sent(now, segment);
    case SynReceived: return in_syn_received(now, segment);
    default: return in_synchronized(now, segment);
  }
}

void Endpoint::in_listen(TimeNs now, const Segment& segment) {
  if (segment.has(kRst)) return;
  if (segment.has(kAck)) return reset(segment, now);
  if (!segment.has(kSyn)) return;
  last_ts_received_ = segment.ts_val;
  rcv_nxt_ = 1;
  state_ = SynReceived;
  emit(kSyn | kAck, 0, 0, now);
  snd_nxt_ = 1;
  restart_timer(now);
}

void Endpoint::in_syn_sent(TimeNs now, const Segment& segment) {
  const bool ack_ok = segment.has(kAck) && segment.ack == 1;
  if (segment.has(kAck) && !ack_ok) return reset(segment, now);
  if (segment.has(kRst)) {
    if (ack_ok) die();
    return;
  }
  if (!segment.has(kSyn)) return;
  last_ts_received_ = segment.ts_val;
  rcv_nxt_ = 1;
  if (!ack_ok) {  // simultaneous open
    state_ = SynReceived;
    emit(kSyn | kAck, 0, 0, now);
    return restart_timer(now);
  }
  establish(now);
  ack(now);
  transmit(now);
}

void Endpoint::establish(TimeNs) {
  state_ = Established;
  snd_una_ = 1;
  resends_ = 0;
  rexmit_at_.reset();
}

void Endpoint::in_syn_received(TimeNs now, const Segment& segment) {
  if (segment.has(kRst)) {
    if (segment.seq == rcv_nxt_) die();
    return;
  }
  if (segment.has(kSyn) && !segment.has(kAck)) return emit(kSyn | kAck, 0, 0, now);  // the SYN came again
  if (!segment.has(kAck)) return;
  if (!segment.has(kSyn) && !acceptable(segment)) return ack(now);
  if (segment.ack != 1) return reset(segment, now);
  establish(now);
  if (!segment.has(kSyn)) in_synchronized(now, segment);
  transmit(now);
}

bool Endpoint::acceptable(const Segment& segment) const {
  const StreamOffset end = segment.end();
  if (end == segment.seq) return segment.seq >= rcv_nxt_ && segment.seq < rcv_nxt_ + kWindow;
  return end > rcv_nxt_ && segment.seq < rcv_nxt_ + kWindow;
}

void Endpoint::in_synchronized(TimeNs now, const Segment& segment) {
  if (!acceptable(segment)) {
    if (segment.has(kRst)) return;
    if (segment.has(kFin) && state_ == TimeWait) enter_time_wait(now);  // restarts 2MSL
    if (segment.has(kAck)) last_ts_received_ = std::max(last_ts_received_, segment.ts_val);
    return ack(now);
  }
  if (segment.has(kRst)) {
    if (segment.seq == rcv_nxt_) return die();
    return challenge(now);  // RFC 5961 3.2
  }
  if (segment.has(kSyn)) return challenge(now);  // RFC 5961 4.2
  if (!segment.has(kAck)) return;
  if (segment.ack > snd_nxt_) return ack(now);
  if (segment.seq <= rcv_nxt_) last_ts_received_ = segment.ts_val;
  take_ack(now, segment.ack);
  if (state_ == Closed) return;
  if (segment.payload > 0 || segment.has(kFin)) take_text(now, segment);
  transmit(now);
}

void Endpoint::take_ack(TimeNs now, StreamOffset acked) {
  if (acked <= snd_una_) {
    if (acked == snd_una_ && snd_nxt_ > snd_una_ && ++duplicate_acks_ == 3) retransmit(now);
    return;
  }
  snd_una_ = acked;
  resends_ = 0;
  duplicate_acks_ = 0;
  restart_timer(now);
  if (!fin_sent_ || acked != written_ + 1) return;
  switch (state_) {
    case FinWait1:
      state_ = FinWait2;
      if (orphaned_) state_ends_at_ = now + habits_.fin_wait_2;
      break;
    case Closing: enter_time_wait(now); break;
    case LastAck: die(); break;
    default: break;
  }
}

void Endpoint::take_text(TimeNs now, const Segment& segment) {
  const bool reads = state_ == Established || state_ == FinWait1 || state_ == FinWait2;
  if (!reads) return ack(now);
  const StreamOffset text_end = segment.seq + segment.payload;
  if (orphaned_ && text_end > rcv_nxt_) {  // nobody will read it (RFC 2525 2.17)
    die();
    return emit(kRst | kAck, snd_nxt_, 0, now);
  }
  if (segment.payload > 0) {
    StreamOffset& end = waiting_[segment.seq];
    end = std::max(end, text_end);
  }
  if (segment.has(kFin)) waiting_fin_ = text_end;
  while (!waiting_.empty() && waiting_.begin()->first <= rcv_nxt_) {
    rcv_nxt_ = std::max(rcv_nxt_, waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  const bool in_order = waiting_.empty() && !segment.has(kFin);
  if (waiting_fin_ && *waiting_fin_ == rcv_nxt_) take_fin(now);
  in_order ? ack_soon(now) : ack(now);
}

void Endpoint::take_fin(TimeNs now) {
  ++rcv_nxt_;
  switch (state_) {
    case Established: state_ = CloseWait; break;
    case FinWait1: state_ = Closing; break;
    case FinWait2: enter_time_wait(now); break;
    default: break;
  }
}

void Endpoint::enter_time_wait(TimeNs now) {
  state_ = TimeWait;
  rexmit_at_.reset();
  state_ends_at_ = now + habits_.time_wait;
}

void Endpoint::transmit(TimeNs now) {
  if (state_ != Established && state_ != CloseWait) return;
  const StreamOffset limit = snd_una_ + StreamOffset{habits_.mss} * habits_.window_segments;
  while (snd_nxt_ < written_ && snd_nxt_ < limit) {
    const auto length = static_cast<std::uint32_t>(std::min<StreamOffset>(habits_.mss, written_ - snd_nxt_));
    const bool last = snd_nxt_ + length == written_;
    if (last && close_wanted_ && habits_.fin_rides_on_data) return send_fin(now, snd_nxt_, length);
    const StreamOffset seq = snd_nxt_;
    snd_nxt_ += length;
    emit(kAck | kPsh, seq, length, now);
    if (!rexmit_at_) restart_timer(now);
  }
  if (close_wanted_ && snd_nxt_ == written_) send_fin(now, snd_nxt_, 0);
}

void Endpoint::send_fin(TimeNs now, StreamOffset seq, std::uint32_t payload) {
  state_ = state_ == CloseWait ? LastAck : FinWait1;
  fin_sent_ = true;
  snd_nxt_ = seq + payload + 1;
  emit(kFin | kAck, seq, payload, now);
  if (!rexmit_at_) restart_timer(now);
}

void Endpoint::retransmit(TimeNs now) {
  constexpr std::uint16_t kSynAck = kSyn | kAck, kFinAck = kFin | kAck, kDataAck = kPsh | kAck;
  if (snd_una_ == 0) {
    std::uint16_t flags = kSynAck;
    if (state_ == SynSent) flags = kSyn;
    return emit(flags, 0, 0, now);
  }
  const StreamOffset text_end = std::min(written_, snd_nxt_);
  const auto length =
      static_cast<std::uint32_t>(std::clamp<StreamOffset>(text_end - snd_una_, 0, habits_.mss));
  const bool fin = fin_sent_ && snd_una_ + length == written_;
  emit(fin ? kFinAck : kDataAck, snd_una_, length, now);
}

void Endpoint::restart_timer(TimeNs now) {
  if (snd_una_ == snd_nxt_) return rexmit_at_.reset();
  const bool opening = state_ == SynSent || state_ == SynReceived;
  const TimeNs base = opening ? habits_.syn_rto : habits_.rto;
  const unsigned doublings = opening && habits_.flat_syn_steps ? 0 : std::min(resends_, 20U);
  rexmit_at_ = now + std::min(kLongestRto, base << doublings);
}

unsigned Endpoint::retries() const {
  if (state_ == SynSent) return habits_.syn_retries;
  if (state_ == SynReceived) return habits_.syn_ack_retries;
  return orphaned_ ? habits_.orphan_retries : habits_.data_retries;
}

void Endpoint::run_timers(TimeNs now) {
  if (ack_at_ && *ack_at_ <= now) return ack(now);
  if (state_ends_at_ && *state_ends_at_ <= now) return die();
  if (!rexmit_at_ || *rexmit_at_ > now) return;
  if (resends_ == retries()) return die();
  ++resends_;
  retransmit(now);
  restart_timer(now);
}

std::optional<TimeNs> Endpoint::next_timer() const {
  std::optional<TimeNs> next;
  for (const auto& timer : {ack_at_, rexmit_at_, state_ends_at_})
    if (timer && (!next || *timer < *next)) next = timer;
  return next;
}

}  // namespace tcpautopsy::sim
