#include "analyzer/hosts/census.h"

#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

void Census::note(const FlowHistory&, std::span<const FlowMark>) {}

void Census::merge(const Census&) {}

}  // namespace tcpautopsy
