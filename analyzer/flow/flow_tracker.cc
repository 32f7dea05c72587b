#include "analyzer/flow/flow_tracker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "analyzer/decode/window_scale.h"
#include "analyzer/flow/too_big.h"

namespace tcpautopsy {
namespace {

// A RST further from the expected number than this moves no position of the stream, lest a guess or a relic
// shift what comes after it. Whether its receiver takes it is not asked here (infer/resets.h).
constexpr StreamOffset kRstMovesStream = 1 << 22;
// Beyond this a number says nothing about where the stream is.
constexpr StreamOffset kFar = 1 << 30;
// A SYN that comes after the segment it precedes was reordered by no more than this.
constexpr StreamOffset kLateSyn = 1 << 16;
// Of a number that cannot be compared: worse than any real neighbour, better than a number that is elsewhere.
constexpr std::uint32_t kUntold = 1 << 22;
// A SYN is sent again no more often than this (Linux's tcp_syn_retries), and each may draw one answer.
constexpr std::uint64_t kMostAnswersOfOld = 8;
// A keep-alive is sent after silence; what comes sooner answers something, or was reordered.
constexpr TimeNs kProbeSilence = kSecond;

StreamOffset distance(StreamOffset a, StreamOffset b) { return a > b ? a - b : b - a; }

// RFC 2883 4: the first block reports a duplicate if the cumulative ACK or the second block covers it.
bool is_dsack(const TcpSegment& s) {
  if (s.options.sack_count == 0) return false;
  const SackBlock first = s.options.sack[0];
  const auto before = [](Seq a, Seq b) { return static_cast<std::int32_t>(a.raw() - b.raw()) <= 0; };
  if (before(first.right, s.ack)) return true;
  if (s.options.sack_count < 2) return false;
  const SackBlock second = s.options.sack[1];
  return before(second.left, first.left) && before(first.right, second.right);
}

// Damaged on the way, where its sender's other segments came whole, and its numbers fit nothing.
bool damaged(const LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment,
             StreamOffset apart) {
  if (segment.checksum != Checksum::Bad || sender.bad_checksums * 2 > sender.packets) return false;
  if (apart > kSameStream) return true;
  if ((segment.flags & kAck) == 0 || !receiver.sent.started()) return false;
  const StreamOffset ack = unwrap(segment.ack, receiver.base, receiver.sent.sent_max());
  return ack > receiver.sent.sent_max() + 1;
}

}  // namespace

std::size_t FlowTracker::octets() const {
  constexpr std::size_t kSmallParts = 2048;  // incidents, sketches and the like: most flows have few
  return sizeof(FlowTracker) + kSmallParts + log_.octets() + sides_[0].sent.octets() +
         sides_[1].sent.octets() + icmp_.capacity() * sizeof(IcmpRecord) + compat_.octets() +
         (transfer_ ? transfer_->octets() : 0);
}

bool FlowTracker::closed() const { return reset_ || (sides_[0].fin_seen && (self() || sides_[1].fin_seen)); }

bool FlowTracker::over() const {
  if (reset_) return true;
  const auto acked = [this](Side s) {
    const LiveSide& sender = side(s);
    return sender.fin_seen && peer_of(s).acked_max >= sender.fin_end;
  };
  return acked(Side::A) && (self() || acked(Side::B));
}

std::uint32_t FlowTracker::misfit(const TcpSegment& segment, Side s) const {
  const LiveSide& sender = side(s);
  const LiveSide& receiver = peer_of(s);
  StreamOffset worst = 0;
  const auto compare = [&worst](const LiveSide& of, const LiveSide& peer, Seq seq) {
    const StreamOffset expected = of.checkpoint(peer);
    worst = std::max(
        worst, of.has_base ? distance(unwrap(seq, of.base, expected), expected) : StreamOffset{kUntold});
  };
  compare(sender, receiver, segment.seq);
  if ((segment.flags & kAck) != 0) compare(receiver, sender, segment.ack);
  return static_cast<std::uint32_t>(std::min<StreamOffset>(worst, kUnfit));
}

bool FlowTracker::never_sent(Seq seq, Side s) const {
  const LiveSide& sender = side(s);
  if (!sender.sent.started() || sender.tentative) return false;
  const StreamOffset expected = sender.checkpoint(peer_of(s)), at = unwrap(seq, sender.base, expected);
  // While a connection opens all that an end has sent is known (RFC 5927 4.1).
  if (!synchronized_ && sender.iss_known) return at < sender.origin || at > sender.sent.sent_max();
  return distance(at, expected) > kSameStream && !(sender.sent.low() <= at && at < expected);
}

std::uint32_t FlowTracker::misfit(const IcmpError& error, Side s) const {
  if (!side(s).has_base) return kUntold;
  if (!error.seq) return 0;
  const StreamOffset expected = side(s).checkpoint(peer_of(s));
  const StreamOffset apart = distance(unwrap(*error.seq, side(s).base, expected), expected);
  return static_cast<std::uint32_t>(std::min<StreamOffset>(apart, kUnfit));
}

void FlowTracker::count(LiveSide& sender, const TcpSegment& segment) {
  if (sender.packets == 0) sender.ttl = segment.ttl;
  ++sender.packets;
  sender.wire_bytes += segment.wire_length;
  if (segment.checksum == Checksum::Bad) ++sender.bad_checksums;
}

void FlowTracker::locate_syn(Side s, LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment) {
  const StreamOffset at = sender.has_base ? unwrap(segment.seq, sender.base, sender.checkpoint(receiver)) : 0;
  const bool first_seen = !sender.sent.started();
  if (sender.tentative) log_.shift(s, -at);  // what came before had a place of its own
  if (!sender.has_base || sender.tentative || (sender.iss_known && !synchronized_ && at != sender.origin)) {
    // Nothing certain so far, or another ISN before the handshake was through (SYN cookies, a restarted
    // server).
    if (sender.has_base) transfer_.reset();  // what it placed by the base before
    if (sender.iss_known && (segment.flags & kAck) != 0 && !self()) {
      sender.other_iss = sender.iss();
      log_.shift(s, -at);
    }
    sender.set_base(segment.seq);
    sender.sent.start(0);
  } else if (first_seen) {
    sender.origin = at;
    sender.sent.start(at);
  } else if (!sender.iss_known && at < sender.sent.low() && sender.sent.low() - at <= kLateSyn) {
    sender.origin = at;
  } else {
    return;
  }
  sender.iss_known = true;
  sender.tentative = sender.of_before = false;
}

// An answer to a SYN that acknowledges nothing near it: of a connection that its sender still has, and the
// capture has not (RFC 9293 3.5.1, figure 9). The numbers of the new one are not told by it.
bool FlowTracker::of_before(const TcpSegment& segment, Side s) const {
  const LiveSide& sender = side(s);
  const LiveSide& opener = peer_of(s);
  if (synchronized_ || !opener.syn_seen || sender.syn_seen || self() || sender.packets > kMostAnswersOfOld ||
      segment.payload_length > 0 || (segment.flags & (kSyn | kRst | kAck)) != kAck)
    return false;
  const StreamOffset sent = opener.sent.sent_max();
  return distance(unwrap(segment.ack, opener.base, sent), sent) > kSameStream;
}

// Of two SYN-ACKs the client took the one that it acknowledges, whichever came last.
void FlowTracker::choose_iss(Side s, Seq acknowledged) {
  LiveSide& server = sides_[index(s)];
  if (!server.other_iss || acknowledged != *server.other_iss + 1) return;
  const Seq left = server.iss();
  log_.shift(s, unwrap(left, *server.other_iss, 0));
  transfer_.reset();
  server.set_base(*server.other_iss);
  server.sent.start(0);
  server.sent.add({0, 0, true, false});
  server.timed.running = false;  // since the other SYN-ACK
  server.other_iss = left;
}

void FlowTracker::locate(Side s, const TcpSegment& segment) {
  LiveSide& sender = sides_[index(s)];
  LiveSide& receiver = peer_of(s);
  if (!synchronized_ && (segment.flags & (kSyn | kRst | kAck)) == kAck && !self())
    choose_iss(other(s), segment.ack);
  if ((segment.flags & kSyn) != 0) {
    locate_syn(s, sender, receiver, segment);
  } else if (!sender.has_base ||
             (sender.tentative && (segment.flags & kRst) == 0 && misfit(segment, s) >= kUntold)) {
    if (sender.has_base) transfer_.reset();
    sender.set_base(segment.seq + 0xFFFFFFFFU);
    sender.sent.start(1);
    sender.of_before = of_before(segment, s);
    sender.tentative = sender.of_before || (segment.flags & kRst) != 0;
  } else if (!sender.sent.started() &&
             !foreign(sender, receiver, segment,
                      unwrap(segment.seq, sender.base, sender.checkpoint(receiver)))) {
    sender.sent.start(unwrap(segment.seq, sender.base, sender.checkpoint(receiver)));
  }
  if ((segment.flags & kAck) != 0 && (segment.flags & kRst) == 0 && !receiver.has_base) {
    receiver.set_base(segment.ack + 0xFFFFFFFFU);
  }
}

// A segment whose numbers are not of this stream: it is told, but moves nothing.
bool FlowTracker::foreign(const LiveSide& sender, const LiveSide& receiver, const TcpSegment& segment,
                          StreamOffset seq) const {
  const StreamOffset apart = distance(seq, sender.checkpoint(receiver));
  if (sender.of_before && (segment.flags & (kSyn | kRst)) == 0) return true;
  if (damaged(sender, receiver, segment, apart)) return true;
  if ((segment.flags & kRst) != 0) return apart > kRstMovesStream && !sender.tentative;
  if ((segment.flags & kSyn) != 0) return seq != sender.origin;
  return apart > kFar;
}

void FlowTracker::describe(const TcpSegment& segment, const FrameRef& frame, Side s, SegmentRecord& r) {
  r.frame = frame;
  r.payload = segment.payload_length;
  r.has_timestamps = segment.options.has_timestamps;
  r.ts_val = segment.options.ts_val;
  r.ts_ecr = segment.options.ts_ecr;
  r.has_ip_id = segment.has_ip_id;
  r.ip_id = segment.ip_id;
  if (segment.options.sack_count > 0) {
    r.has_sack = true;
    r.first_sack = segment.options.sack[0];
    r.is_dsack = is_dsack(segment);
  }
  r.flags = segment.flags;
  r.window = segment.window;
  if ((segment.flags & kSyn) != 0) {
    r.mss = segment.options.has_mss ? segment.options.mss : std::uint16_t{0};
    r.fast_open = segment.options.fast_open;
    r.multipath = segment.options.multipath;
  }
  r.tcp_checksum = segment.tcp_checksum;
  r.ttl = segment.ttl;
  r.side = s;
  r.bad_checksum = segment.checksum == Checksum::Bad;
}

SegmentRecord FlowTracker::record_of(const TcpSegment& segment, const FrameRef& frame, Side s) const {
  const LiveSide& sender = side(s);
  const LiveSide& receiver = peer_of(s);
  SegmentRecord r;
  describe(segment, frame, s, r);
  r.seq = sender.has_base ? unwrap(segment.seq, sender.base, sender.checkpoint(receiver)) : 1;
  if ((segment.flags & kAck) != 0) {
    r.ack = receiver.has_base ? unwrap(segment.ack, receiver.base, receiver.checkpoint(sender)) : 1;
  }
  r.sent_max = r.contiguous = r.seq;
  if (sender.sent.started()) {
    r.sent_max = sender.sent.sent_max();
    r.contiguous = sender.sent.contiguous();
  }
  return r;
}

// Nearly all segments of most captures are in order, acknowledge what was seen, and are folded at once.
bool FlowTracker::carry_on(const TcpSegment& segment, const FrameRef& frame, Side s) {
  if (!synchronized_ || reset_ || (segment.flags & (kSyn | kFin | kRst | kAck)) != kAck ||
      segment.window == 0 || limits_.keep_all || limits_.long_way) {
    return false;
  }
  LiveSide& sender = sides_[index(s)];
  LiveSide& receiver = sides_[index(other(s))];  // never heard of in a self-connection
  if (!sender.sent.steady() || !receiver.sent.steady() || !sender.has_acked) return false;
  const StreamOffset seq = sender.sent.sent_max();
  if (segment.payload_length == 0 && (sender.sent.nothing_seen() || receiver.acked_max > seq)) return false;
  const StreamOffset seen = receiver.sent.sent_max();
  const StreamOffset ack = seen - (wrap(seen, receiver.base).raw() - segment.ack.raw());
  if (segment.seq != wrap(seq, sender.base) || ack < sender.acked_max) return false;
  const Bearing bearing{ack > receiver.origin, receiver.fin_seen && ack >= receiver.fin_end, false};
  if (!folding_.carries_on(s, frame.time_ns, segment.payload_length > 0, bearing)) return false;

  next_is(frame);
  count(sender, segment);
  sender.payload_bytes += segment.payload_length;
  sender.sent.extend(segment.payload_length);
  sender.acked_max = ack;
  receiver.sent.acknowledged(ack);
  SegmentRecord& record = log_.pend(s);
  describe(segment, frame, s, record);
  record.seq = record.sent_max = seq;
  record.ack = ack;
  record.contiguous = sender.sent.sent_max();
  transfer(segment, record, segment.payload_length);
  measure(record, sender, receiver);
  last_sender_ = s;
  return true;
}

void FlowTracker::count_copy(const TcpSegment& segment, const FrameRef& frame, Side s) {
  LiveSide& sender = sides_[index(s)];
  ++sender.copies;
  // Not of a RST, whose TTL these others are to judge.
  if ((segment.flags & kRst) == 0) sender.copy_ttl = segment.ttl;
  sender.copies_wire_bytes += segment.wire_length;
  if (segment.checksum == Checksum::Bad) ++sender.copies_bad_checksum;
  last_copy_ = frame;
  if (first_copy_.number == 0) first_copy_ = frame;
  SegmentRecord record = record_of(segment, frame, s);
  record.copy = true;
  if (folding_.add_copy(log_, record, limits_.max_records)) ++sender.copies_kept;
}

void FlowTracker::add(const TcpSegment& segment, const FrameRef& frame, Side s, Role role) {
  if (role == Role::Ordinary && carry_on(segment, frame, s)) return compat_.carry_on(segment, s);
  compat_.add(segment, s);
  if (role == Role::Copy && started_) return count_copy(segment, frame, s);

  LiveSide& sender = sides_[index(s)];
  next_is(frame);
  count(sender, segment);
  if (role != Role::Stray) locate(s, segment);
  SegmentRecord record = record_of(segment, frame, s);
  Bearing bearing;
  if (role != Role::Stray && !foreign(sender, peer_of(s), segment, record.seq)) {
    follow(segment, record, s, bearing);
  }
  last_sender_ = s;
  folding_.add(log_, record, bearing, limits_.keep_all, limits_.max_records);
}

void FlowTracker::next_is(const FrameRef& frame) {
  silence_ns_ = started_ ? frame.time_ns - last_.time_ns : std::numeric_limits<TimeNs>::max();
  if (!started_) first_ = frame;
  started_ = true;
  last_ = frame;
}

void FlowTracker::follow(const TcpSegment& segment, SegmentRecord& record, Side s, Bearing& bearing) {
  LiveSide& sender = sides_[index(s)];
  LiveSide& receiver = peer_of(s);
  const bool rst = record.has(kRst);
  std::uint32_t new_bytes = 0;
  if (record.has(kSyn)) {
    if (!sender.syn_seen) sender.syn_options = SynOptions::of(segment.options);
    sender.syn_seen = true;
    std::optional<Side>& first = record.has(kAck) ? first_syn_ack_ : first_syn_;
    if (!first) first = s;
  }
  learn_from_probe(record, sender, receiver);
  if (sender.sent.started() && !rst) {
    const SequenceSpan span{record.seq, record.payload, record.has(kSyn), record.has(kFin)};
    const SequenceTracker::Added added = sender.sent.add(span);
    record.standing = added.standing;
    new_bytes = added.new_bytes;
    sender.payload_bytes += new_bytes;
    record.contiguous = sender.sent.contiguous();
  }
  if (record.has(kAck)) {
    learn_from_answer(record, receiver);
    const bool heard = receiver.packets > 0;
    record.standing.acks_unseen =
        !rst && (heard ? receiver.sent.started() && record.ack > receiver.sent.sent_max() : sender.syn_seen);
    bearing.news = record.standing.acks_unseen && heard && record.ack > sender.acked_max;
    bearing.acks_syn = receiver.has_base && record.ack > receiver.origin;
    bearing.acks_fin = receiver.fin_seen && record.ack >= receiver.fin_end;
    note_ack(record, sender, receiver);
  }
  transfer(segment, record, new_bytes);
  measure(record, sender, receiver);
  note_close(record, sender);
  if (!record.has(kSyn) && !rst) synchronized_ = true;
}

// Keep-alives stand at SND.NXT-1 (RFC 9293 3.8.4). Where the capture began later than the stream, SND.NXT is
// learnt from them: an empty segment one below what the peer had acknowledged, or sent after silence again
// and again, asks for an answer.
void FlowTracker::learn_from_probe(const SegmentRecord& record, LiveSide& sender, const LiveSide& receiver) {
  const bool empty = record.sequence_length() == 0 && record.has(kAck) && !record.has(kRst);
  const bool at_end =
      empty && sender.sent.started() && !sender.fin_seen && record.seq == sender.sent.sent_max();
  const bool after_silence = silence_ns_ >= kProbeSilence;
  const bool again = sender.may_probe && last_sender_ == record.side && receiver.packets > 0;
  const bool acked_beyond = receiver.has_acked && receiver.acked_max == record.seq + 1;
  const bool acked_so_far = receiver.has_acked && receiver.acked_max == record.seq;
  if (at_end && after_silence && (acked_beyond || (again && !acked_so_far && sender.sent.nothing_seen())))
    sender.sent.sent_unseen(record.seq + 1);
  sender.may_probe = at_end && after_silence && sender.sent.nothing_seen() && !sender.syn_seen;
}

// The probe that is answered by the ACK of one octet more than was seen.
void FlowTracker::learn_from_answer(const SegmentRecord& record, LiveSide& prober) {
  const bool answers = prober.may_probe && last_sender_ == other(record.side) && record.payload == 0 &&
                       !record.has(kFin) && !record.has(kSyn) && !record.has(kRst);
  if (answers && record.ack == prober.sent.sent_max() + 1) prober.sent.sent_unseen(record.ack);
}

void FlowTracker::transfer(const TcpSegment& segment, const SegmentRecord& record, std::uint32_t new_bytes) {
  if (self()) return;
  const LiveSide& sender = side(record.side);
  const LiveSide& receiver = peer_of(record.side);
  PlacedSegment placed{segment, record.frame, record.side, record.seq, record.ack, record.sent_max};
  placed.new_bytes = new_bytes;
  placed.rtt_sender_ns = sender.rtt_min_ns;
  placed.rtt_receiver_ns = receiver.rtt_min_ns;
  placed.window_known = record.has(kSyn) || window_scale_known(sender, receiver);
  placed.window = std::uint32_t{record.window}
                  << (record.has(kSyn) ? 0 : window_shift(sender.syn_options, receiver.syn_options));
  placed.standing = record.standing;
  if (!transfer_) transfer_.emplace(limits_.long_way);
  transfer_->add(placed);
}

void FlowTracker::note_ack(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver) {
  // A RST may carry any number in its ACK field (RFC 5961 1.1): it is only taken where it acknowledges what
  // was sent.
  if (record.has(kRst) && (!receiver.sent.started() || record.ack > receiver.sent.sent_max())) return;
  if (distance(record.ack, receiver.checkpoint(sender)) > kFar) return;
  sender.acked_max = sender.has_acked ? std::max(sender.acked_max, record.ack) : record.ack;
  sender.has_acked = true;
  receiver.sent.acknowledged(sender.acked_max);
}

void FlowTracker::measure(const SegmentRecord& record, LiveSide& sender, LiveSide& receiver) {
  TimedSegment& sent = receiver.timed;
  // A RST in its name may come from nearer than the end itself; one that refuses a SYN is all there is.
  const bool its_own = !record.has(kRst) || (sent.handshake && record.ack == sent.end);
  if (record.has(kAck) && sent.running && record.ack >= sent.end && its_own && !self()) {
    const bool reply = sent.handshake && (record.has(kSyn) || !record.has(kRst));
    sender.took(record.frame.time_ns - sent.sent_ns, reply);
    sent.running = false;
  }
  if (record.sequence_length() == 0 || record.has(kRst)) return;
  if (record.seq < sender.timed.end) sender.timed.running = false;
  if (record.end() > record.sent_max && !record.standing.fills_gap && !sender.timed.running) {
    sender.timed = {record.end(), record.frame.time_ns, true, record.has(kSyn)};
  }
}

void FlowTracker::note_close(const SegmentRecord& record, LiveSide& sender) {
  if (record.has(kRst)) {
    if (!reset_) reset_by_ = record.side;
    reset_ = true;
  } else if (reset_ && reset_by_ == record.side && record.sequence_length() > 0 && !record.has(kSyn)) {
    reset_ = false;  // octets of it still come: too early to hand the flow out
  } else if (reset_ && reset_by_ != record.side && !record.has(kSyn)) {
    went_on_ = true;
  }
  if (record.has(kFin) && !record.has(kRst)) {
    sender.fin_seen = true;
    sender.fin_end = std::max(sender.fin_end, record.end());
    // What was acknowledged beyond it had not been sent.
    LiveSide& peer = peer_of(record.side);
    if (sender.sent.sent_max() == sender.fin_end && peer.acked_max > sender.fin_end)
      peer.acked_max = record.seq;
  }
}

void FlowTracker::replay(Bytes journal, TimeNs epoch) {
  JournalReader reader(journal, epoch);
  const EndpointAddress& a = a_is_low_ ? key_.low : key_.high;
  const EndpointAddress& b = a_is_low_ ? key_.high : key_.low;
  for (JournalEntry entry; reader.next(entry);) {
    entry.segment.source = entry.side == Side::A ? a : b;
    entry.segment.destination = entry.side == Side::A ? b : a;
    entry.segment.encapsulation = key_.encapsulation;
    add(entry.segment, entry.frame, entry.side, entry.role);
  }
}

// Where the quote ends before its number, the error is about the first that is not acknowledged.
StreamOffset FlowTracker::quoted_number(const IcmpError& error, Side s) const {
  const LiveSide& sender = side(s);
  if (!sender.has_base) return 1;
  if (error.seq) return unwrap(*error.seq, sender.base, sender.checkpoint(peer_of(s)));
  return peer_of(s).has_acked ? peer_of(s).acked_max : sender.origin;
}

void FlowTracker::add(const IcmpError& error, const FrameRef& frame, Side s, bool in_doubt) {
  ++icmp_total_;
  told_ = told_ || !in_doubt;
  IcmpRecord r;
  r.frame = frame;
  r.quoted = s;
  r.seq = quoted_number(error, s);
  r.reporter = error.reporter;
  r.v6 = error.v6;
  r.type = error.type;
  r.code = error.code;
  r.mtu = error.mtu;
  r.in_doubt = in_doubt;
  if (transfer_ && too_big(r)) transfer_->too_big(s, r.seq, frame.time_ns);
  if (icmp_.size() < kMostErrors) icmp_.push_back(r);
}

}  // namespace tcpautopsy
