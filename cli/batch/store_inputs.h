// "STORE#FILE" names the whole capture that FILE is a piece of, as the store has it.
#pragma once

#include "cli/options.h"

namespace tcpautopsy::cli {

// Puts the capture's files in the place of such a name. Throws UsageError where the store has no such file.
void resolve_store_input(Options& options);

}  // namespace tcpautopsy::cli
