#include "analyzer/stream/probes.h"

#include "analyzer/stream/transfer_facts.h"

namespace tcpautopsy {

void Probes::add(const PlacedSegment&, const PerSide<SenderView>&) {}

void Probes::finish(const PerSide<SenderView>&, TimeNs, TransferFacts&) {}

}  // namespace tcpautopsy
