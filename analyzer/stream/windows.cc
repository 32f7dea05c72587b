#include "analyzer/stream/windows.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void Windows::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void Windows::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
