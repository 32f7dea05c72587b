#include "analyzer/hosts/attempts.h"

#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

void Attempts::note(const FlowHistory&, std::span<const FlowMark>) {}

void Attempts::merge(const Attempts&) {}

}  // namespace tcpautopsy
