#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

void HostBook::note(const FlowHistory& flow, std::span<const FlowMark> marks) {
  census_.note(flow, marks);
  attempts_.note(flow, marks);
  exchanges_.note(flow, marks);
}

void HostBook::merge(const HostBook& part) {
  census_.merge(part.census_);
  attempts_.merge(part.attempts_);
  exchanges_.merge(part.exchanges_);
}

}  // namespace tcpautopsy
