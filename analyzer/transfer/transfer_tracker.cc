#include "analyzer/transfer/transfer_tracker.h"

namespace tcpautopsy {

void TransferTracker::add(const PlacedSegment& segment) {
  SenderView& own = views_[index(segment.side)];
  SenderView& peer = views_[index(other(segment.side))];
  const ProbeKind probe = probe_kind(segment, own, peer);
  const bool is_plain = !long_way_ && plain(segment, probe);
  const Views views{own, peer, probe, is_plain, !peer.acked || segment.ack > peer.snd_una};
  retransmissions_.add(segment, views);
  windows_.add(segment, views);
  probes_.add(segment, views);
  small_sends_.add(segment, views);
  marks_.add(segment, views);
  time_split_.add(segment, views);
  turns_.add(segment, views);
  ack_loop_.add(segment, views);
  own.sent(segment);
  if (probe == ProbeKind::Window) own.probed(segment.time_ns());
  peer.heard(segment);
}

std::shared_ptr<const TransferResults> TransferTracker::finish(TimeNs last_ns) {
  auto facts = std::make_shared<TransferResults>();
  retransmissions_.finish(views_, last_ns, *facts);
  windows_.finish(views_, last_ns, *facts);
  probes_.finish(views_, last_ns, *facts);
  small_sends_.finish(views_, last_ns, *facts);
  marks_.finish(views_, last_ns, *facts);
  time_split_.finish(views_, last_ns, *facts);
  turns_.finish(views_, last_ns, *facts);
  ack_loop_.finish(views_, last_ns, *facts);
  for (const Side side : {Side::A, Side::B})
    facts->data_segments[index(side)] = views_[index(side)].data_segments;
  return facts;
}

}  // namespace tcpautopsy
