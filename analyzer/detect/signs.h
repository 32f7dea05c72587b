// What a flow shows at a glance, by which detectors are asked or left alone.
#pragma once

#include "analyzer/detect/detector.h"

namespace tcpautopsy {

// All that the flow has of what detectors may need.
Needs signs_of(const DetectContext& context);

}  // namespace tcpautopsy
