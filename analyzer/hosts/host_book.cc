#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {

void HostBook::note(const EndedConnection& ended) {
  census_.note(ended);
  attempts_.note(ended);
  checks_.note(ended);
  exchanges_.note(ended);
}

void HostBook::merge(const HostBook& part) {
  census_.merge(part.census_);
  attempts_.merge(part.attempts_);
  checks_.merge(part.checks_);
  exchanges_.merge(part.exchanges_);
}

}  // namespace tcpautopsy
