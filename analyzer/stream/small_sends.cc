#include "analyzer/stream/small_sends.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void SmallSends::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void SmallSends::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
