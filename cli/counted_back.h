// Times given as so long before the capture's end.
#pragma once

#include "cli/options.h"

namespace tcpautopsy::cli {

// Makes moments of them. Where there are any, the inputs are read once more for it, to know when the last of
// them ends. Throws UsageError if one can be read only once.
void count_back_from_end(Options& options);

}  // namespace tcpautopsy::cli
