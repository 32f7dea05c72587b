#include "analyzer/flow/completeness.h"

namespace tcpautopsy {

void Completeness::add(const TcpSegment& /*segment*/, bool /*from_a*/) {}

}  // namespace tcpautopsy
