// Inputs of fuzzing that are no captures, each as a file.
#pragma once

#include "analyzer/capture/frame.h"

namespace tcpautopsy::fuzz {

// A tar or zip archive, compressed or not: all members are stepped through, and read as captures.
void archive_input(Bytes file);
// A .tap script: parsed, and played and concluded if it is short.
void script_input(Bytes text);
// The store of a batch, of which reports are made; and the plan of one.
void store_input(Bytes file);
// A configuration file, and each of its lines as the values of options.
void settings_input(Bytes text);

}  // namespace tcpautopsy::fuzz
