/// @file
/// All of the library's interface.
#pragma once

#include "tcpautopsy/analysis.h"
#include "tcpautopsy/version.h"
