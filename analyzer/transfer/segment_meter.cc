#include "analyzer/transfer/segment_meter.h"

#include "analyzer/decode/window_scale.h"
#include "analyzer/transfer/probe_kind.h"

namespace tcpautopsy {

void SegmentMeter::learn(End& own, End& peer, const TcpSegment& s) {
  if (s.has(kSyn) && !own.syn_seen) {
    own.syn_seen = true;
    own.syn_options = s.options;
  }
  if (!own.has_base) own.base = s.has(kSyn) ? s.seq : s.seq + 0xFFFFFFFFU;
  own.has_base = true;
  if (s.has(kAck) && !s.has(kRst) && !peer.has_base) {
    peer.base = s.ack + 0xFFFFFFFFU;
    peer.has_base = true;
  }
}

void SegmentMeter::judge(SegmentMeasures& measures, const PlacedSegment& placed, const End& own) const {
  if (measures.probe || placed.length == 0 || placed.has(kRst) || !own.view.started) return;
  if (placed.end() > own.view.snd_nxt) return;
  const bool acknowledged = own.view.acked && placed.end() <= own.view.snd_una;
  measures.resent = acknowledged || own.log.find(placed.seq) != nullptr;
  measures.late = !measures.resent;
}

SegmentMeasures SegmentMeter::add(Side sender, const TcpSegment& s, const FrameRef& frame) {
  End& own = ends_[index(sender)];
  End& peer = ends_[index(other(sender))];
  learn(own, peer, s);
  PlacedSegment placed{s, frame, sender};
  placed.seq = unwrap(s.seq, own.base, own.view.started ? own.view.snd_nxt : own.view.snd_una);
  if (s.has(kAck)) placed.ack = unwrap(s.ack, peer.base, peer.view.acked ? peer.view.snd_una : 0);
  placed.window_known = s.has(kSyn) || window_scale_known(own, peer);
  placed.window = std::uint32_t{s.window}
                  << (s.has(kSyn) ? 0 : window_shift(own.syn_options, peer.syn_options));

  SegmentMeasures measures;
  measures.frame = frame;
  measures.seq = placed.seq;
  measures.ack = placed.ack;
  measures.payload = s.payload_length;
  measures.flags = s.flags;
  measures.side = sender;
  measures.window_known = placed.window_known || s.window == 0;
  measures.window = placed.window;
  const ProbeKind kind = probe_kind(placed, own.view, peer.view);
  measures.probe = kind != ProbeKind::None;
  judge(measures, placed, own);
  if (s.has(kAck) && !s.has(kRst) && (!peer.view.acked || placed.ack > peer.view.snd_una)) {
    const SendLog::Acknowledged taken = peer.log.acknowledge(placed.ack);
    if (taken.any && !taken.repeated) measures.rtt_ns = frame.time_ns - taken.last.sent_ns;
  }
  if (!s.has(kRst) && !measures.probe) own.log.sent(placed);
  own.view.sent(placed);
  if (kind == ProbeKind::Window) own.view.probed(frame.time_ns);
  peer.view.heard(placed);
  if (placed.has_data() && own.view.acked) {
    own.rounds.sent(own.view.snd_nxt, own.view.snd_una, false);
    measures.congestion = own.rounds.most();
  }
  measures.in_flight = placed.has_data() ? own.view.in_flight() : peer.view.in_flight();
  return measures;
}

}  // namespace tcpautopsy
