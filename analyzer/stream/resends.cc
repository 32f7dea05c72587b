#include "analyzer/stream/resends.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void Resends::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void Resends::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
