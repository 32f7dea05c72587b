// One layer after the other, by whichever function knows it.
#pragma once

#include "analyzer/decode/dissection.h"

namespace tcpautopsy::decode {

// More headers than this one inside the other are no network's.
constexpr int kMostLayers = 32;

// Takes off one layer of those that need no memory of other frames, and tells the next; what is none of these
// is left as it is.
Layer take_layer(Dissection& frame, Layer layer);

}  // namespace tcpautopsy::decode
