#include "analyzer/transfer/retransmissions.h"

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {

void Retransmissions::add(const PlacedSegment& segment, const Views& views) {
  const Side sender = segment.side, receiver = other(segment.side);
  if (segment.has(kSyn)) {
    const TcpOptions& options = segment.segment.options;
    sack_unused_ = sack_unused_ || (!options.sack_permitted && !options.cut);
  }
  if (views.plain && !views.moves && segment.has_data()) {
    watches_[index(receiver)].hears_nothing_new(segment);
  } else {
    watches_[index(receiver)].hears(segment, views.peer);
  }
  if (segment.has(kRst)) return;
  if (views.probe == ProbeKind::KeepAlive) return;
  if (views.probe == ProbeKind::Window) return watches_[index(sender)].probes(segment);
  watches_[index(sender)].sends(segment, views.own, sack_unused_);
}

void Retransmissions::finish(const PerSide<SenderView>& views, TimeNs, TransferResults& facts) {
  for (const Side side : {Side::A, Side::B})
    watches_[index(side)].finish(views[index(side)], facts.retransmissions[index(side)],
                                 facts.retransmissions[index(other(side))]);
}

}  // namespace tcpautopsy
