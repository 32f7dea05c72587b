#include "plugin/preferences.h"

#include <vector>

#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {
namespace {

// Wireshark writes here through pointers.
struct Variables {
  BoolPreference enabled = true, info_column = false;
  int profile = 0;  // into profile_names()
  std::vector<enum_val_t> profiles;
};

Variables& variables() {
  static Variables v;
  return v;
}

}  // namespace

void register_preferences(int protocol) {
  Variables& v = variables();
  for (std::size_t i = 0; i < profile_names().size(); ++i)
    v.profiles.push_back({profile_names()[i].c_str(), profile_names()[i].c_str(), static_cast<int>(i)});
  v.profiles.push_back({nullptr, nullptr, 0});
  module_t* module = prefs_register_protocol(protocol, nullptr);
  prefs_register_bool_preference(module, "enabled", "Reconstruct the states of TCP endpoints",
                                 "Off: nothing is analysed and no field is shown", &v.enabled);
  prefs_register_enum_preference(
      module, "profile", "Timers and retries of the hosts",
      "Whose TCP the hosts run: how long TIME-WAIT and FIN-WAIT-2 last, how often a segment is "
      "sent again before a host gives up",
      &v.profile, v.profiles.data(), FALSE);
  prefs_register_bool_preference(module, "info_column", "Show states in the Info column",
                                 "Adds the states of client and server after each packet", &v.info_column);
}

Preferences preferences() {
  const Variables& v = variables();
  Preferences p;
  p.enabled = v.enabled;
  p.info_column = v.info_column;
  const auto chosen = static_cast<std::size_t>(v.profile);
  if (chosen < profile_names().size())
    if (const auto profile = Profile::named(profile_names()[chosen])) p.profile = *profile;
  return p;
}

}  // namespace tcpautopsy::plugin
