#include "analyzer/transfer/windows.h"

#include <algorithm>
#include <utility>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// From here on a transfer may become one worth judging; before, it is still in slow start.
constexpr std::uint64_t kFollowLimitFrom = 32'768;

// RFC 9293 3.8.6.2.2: the least by which a receiver should move the right edge, with Fr = 1/2; of a full
// segment only half is asked for here.
StreamOffset least_step(const SenderView& peer, std::uint32_t largest_window) {
  return std::min(StreamOffset{peer.full_size()}, StreamOffset{largest_window}) / 2;
}

// What the scale leaves unsaid of a window.
StreamOffset granularity(const PlacedSegment& s) {
  return s.segment.window == 0 ? 1 : s.window / s.segment.window;
}

// The highest number that its SACK blocks show to have come; its ACK where it has none.
StreamOffset highest_sacked(const PlacedSegment& s) {
  const TcpOptions& options = s.segment.options;
  StreamOffset highest = s.ack;
  for (std::size_t i = 0; i < options.sack_count && i < options.sack.size(); ++i)
    highest = std::max(highest,
                       s.ack + static_cast<std::int32_t>(options.sack[i].right.raw() - s.segment.ack.raw()));
  return highest;
}

}  // namespace

Windows::Rare& Windows::Advertised::odd() {
  if (!rare) rare = std::make_unique<Rare>();
  return *rare;
}

void Windows::add(const PlacedSegment& s, const Views& views) {
  Advertised& offered = windows_[index(s.side)];     // by its sender
  Advertised& met = windows_[index(other(s.side))];  // by its sender's peer
  if (s.has(kRst)) {
    if (offered.rare) offered.rare->zero.reset(s.frame, false);
    if (met.rare) met.rare->zero.reset(s.frame, true);
    return;
  }
  gaps_ = gaps_ || s.standing.acks_unseen || s.standing.after_gap;
  sent(s, met, views);
  if (s.has(kAck)) acknowledged(s, views.peer, offered);
}

void Windows::acknowledged(const PlacedSegment& s, const SenderView& peer, Advertised& window) {
  if (s.segment.window == 0 || (window.rare && peer.ever_closed)) {
    window.odd().zero.advertised(s, peer);
  } else if (window.rare) {
    window.rare->zero.heard(s);
  }
  if (window.rare && window.rare->beyond.undecided) window.rare->beyond.heard(s);
  if (!s.window_known || (peer.acked && s.ack < peer.snd_una)) return;
  window.largest = std::max(window.largest, s.window);
  if (window.limit) window.limit->offered(s.time_ns(), s.ack + s.window, s.rtt_receiver_ns);
  step(s, peer, window);
}

// Where the ACK stops at a hole below, only SACK can tell that the receiver holds the excess, and nothing
// that it does not; but of what begins past the edge it takes nothing (RFC 9293 3.10.7.4, first check).
void Windows::Beyond::heard(const PlacedSegment& s) {
  if (s.time_ns() - sent_ns < std::max<TimeNs>(s.rtt_sender_ns, 0)) return;
  if (s.ack > edge || highest_sacked(s) > edge) {
    ++taken;
  } else if (s.ack >= begin || begin >= edge) {
    ++refused;
  } else {
    return;
  }
  undecided = false;
}

void Windows::step(const PlacedSegment& s, const SenderView& peer, Advertised& window) {
  if (!peer.edge_known || peer.data_segments == 0 || (s.segment.flags & (kSyn | kFin)) != 0) return;
  const StreamOffset edge = peer.snd_una + peer.snd_wnd;  // it may have moved back since the widest offer
  const StreamOffset by = s.ack + s.window - edge;
  if (by <= 0) return;
  const StreamOffset usable = edge - peer.snd_nxt;
  const StreamOffset least = least_step(peer, window.largest);
  if (usable >= least || by >= least) return;
  if (by < granularity(s) && granularity(s) > 1) return;  // rounding
  Silly& silly = window.odd().silly;
  silly.steps.add(s.frame);
  const auto octets = static_cast<std::uint32_t>(by);
  silly.smallest = silly.smallest == 0 ? octets : std::min(silly.smallest, octets);
}

void Windows::sent(const PlacedSegment& s, Advertised& window, const Views& views) {
  const SenderView& own = views.own;
  if (own.ever_closed && window.rare) window.rare->zero.met(s, own, views.probe);
  if (!s.has_data()) return;
  window.peer_bytes += s.new_bytes;
  // Where the peer sent data meanwhile, it was an answer that was waited for: small turns end anywhere.
  const bool answered = last_data_[index(other(s.side))].time_ns > own.new_ns;
  if (own.unscaled.at_edge && s.data_end() > own.snd_nxt && !answered) {
    window.odd().unscaled_stops.add(last_data_[index(s.side)], s.time_ns() - own.new_ns);
    window.odd().unscaled_stops.show(s.frame);
  }
  last_data_[index(s.side)] = s.frame;
  if (own.edge_known && s.data_end() > own.right_edge && s.data_end() > own.snd_nxt &&
      views.probe == ProbeKind::None)
    beyond(s, own, window);
  if (window.rare && window.rare->silly.steps && s.data_end() == own.snd_una + own.snd_wnd &&
      s.segment.payload_length < least_step(own, window.largest))
    ++window.rare->silly.filled;
  if (!window.limit) {
    if (window.peer_bytes < kFollowLimitFrom || !own.edge_known) return;
    window.limit = std::make_unique<WindowLimit>();
  }
  window.limit->sent(s, own);
}

void Windows::beyond(const PlacedSegment& s, const SenderView& own, Advertised& window) {
  // An octet into a window that has just closed is a probe that its sender need not have known to be one.
  if (s.segment.payload_length <= 1 && own.closed) return;
  Beyond& b = window.odd().beyond;
  b.segments.add(s.frame);
  b.octets = std::max(b.octets, static_cast<std::uint64_t>(s.data_end() - own.right_edge));
  if (b.undecided) return;
  b.begin = s.seq;
  b.edge = own.right_edge;
  b.sent_ns = s.time_ns();
  b.undecided = true;
}

void Windows::finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts) {
  for (const Side side : {Side::A, Side::B}) {
    Advertised& window = windows_[index(side)];
    const SenderView& peer = views[index(other(side))];
    WindowResults& own = facts.windows[index(side)];
    WindowResults& met = facts.windows[index(other(side))];
    own.full_size = peer.full_size();
    if (window.rare) {
      Rare& rare = *window.rare;
      rare.zero.finish(peer, last_ns, own, met);
      if (peer.unscaled.obeyed()) {
        own.unscaled_stops = std::move(rare.unscaled_stops);
        own.window_first = peer.window_first;
        own.window_of_syn = peer.window_of_syn;
      }
      own.silly_steps = std::move(rare.silly.steps);
      own.silly_segments = rare.silly.filled;
      own.smallest_step = rare.silly.smallest;
      met.beyond_window = std::move(rare.beyond.segments);
      met.beyond_octets = rare.beyond.octets;
      met.beyond_refused = rare.beyond.refused;
      met.beyond_taken = rare.beyond.taken;
      met.beyond_with_gaps = gaps_;
    }
    if (window.limit) window.limit->finish(own);
    own.limit.bytes = window.peer_bytes;
  }
}

}  // namespace tcpautopsy
