// What the user set under Preferences > Protocols > TCP Autopsy.
#pragma once

#include <string>

#include "analyzer/detect/thresholds.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy::plugin {

struct Preferences {
  bool enabled = true;
  Profile profile;
  Thresholds thresholds;
  bool info_column = false;  // states at the end of the Info column
};

void register_preferences(int protocol);
// As they stand now.
Preferences preferences();

}  // namespace tcpautopsy::plugin
