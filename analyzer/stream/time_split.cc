#include "analyzer/stream/time_split.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void TimeSplit::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void TimeSplit::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
