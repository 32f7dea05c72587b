#include "analyzer/stream/marks.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void Marks::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void Marks::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
