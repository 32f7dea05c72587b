// What a later incarnation of the same addresses needs to know of an earlier one.
#pragma once

#include <memory>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

std::shared_ptr<const PreviousIncarnation> summarise(const FlowHistory& earlier);

}  // namespace tcpautopsy
