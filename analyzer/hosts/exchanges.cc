#include "analyzer/hosts/exchanges.h"

#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

void Exchanges::note(const FlowHistory&, std::span<const FlowMark>) {}

void Exchanges::merge(const Exchanges&) {}

}  // namespace tcpautopsy
