#include "plugin/preferences.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "analyzer/detect/detector.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {
namespace {

// Wireshark writes here through pointers.
struct Variables {
  BoolPreference enabled = true, info_column = false;
  int profile = 0;  // into profile_names()
  const char* thresholds = nullptr;
  std::string complained_of;
  std::vector<enum_val_t> profiles;
};

Variables& variables() {
  static Variables v;
  return v;
}

// "3.5" of `fin_wait_2_timeout.min_seconds=3.5`; false for anything else.
bool set_one(Thresholds& thresholds, std::string_view word) {
  const std::size_t dot = word.find('.'), equals = word.find('=');
  if (dot == std::string_view::npos || equals == std::string_view::npos || dot > equals) return false;
  const std::string_view id = word.substr(0, dot), threshold = word.substr(dot + 1, equals - dot - 1);
  const std::string_view number = word.substr(equals + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size() || !std::isfinite(value) || value < 0)
    return false;
  const Detector* detector = find_detector(id);
  if (detector == nullptr) return false;
  for (const Threshold& known : detector->thresholds) {
    if (known.name != threshold) continue;
    thresholds.set(id, threshold, value);
    return true;
  }
  return false;
}

// Words between blanks or commas; returns those that say nothing.
std::string set_thresholds(Thresholds& thresholds, std::string_view text) {
  constexpr std::string_view kBetween = " ,;\t";
  std::string wrong;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (!set_one(thresholds, word)) wrong.append(wrong.empty() ? "" : ", ").append(word);
    at = text.find_first_not_of(kBetween, end);
  }
  return wrong;
}

std::string_view threshold_text() {
  return variables().thresholds == nullptr ? std::string_view{} : variables().thresholds;
}

// Wireshark calls it whenever preferences were read or changed: what is wrong is said once.
void check_thresholds() {
  Thresholds unused;
  const std::string wrong = set_thresholds(unused, threshold_text());
  if (wrong == variables().complained_of) return;
  variables().complained_of = wrong;
  if (!wrong.empty())
    report_failure(
        "TCP Autopsy: no threshold, or no number of 0 or more: %s. `tcpautopsy explain ID` lists those of a "
        "finding.",
        wrong.c_str());
}

}  // namespace

void register_preferences(int protocol) {
  Variables& v = variables();
  for (std::size_t i = 0; i < profile_names().size(); ++i)
    v.profiles.push_back({profile_names()[i].c_str(), profile_names()[i].c_str(), static_cast<int>(i)});
  v.profiles.push_back({nullptr, nullptr, 0});
  module_t* module = prefs_register_protocol(protocol, check_thresholds);
  prefs_register_bool_preference(module, "enabled", "Reconstruct the states of TCP endpoints",
                                 "Off: nothing is analysed and no field is shown", &v.enabled);
  prefs_register_enum_preference(
      module, "profile", "Timers and retries of the hosts",
      "Whose TCP the hosts run: how long TIME-WAIT and FIN-WAIT-2 last, how often a segment is "
      "retransmitted before a host gives up",
      &v.profile, v.profiles.data(), FALSE);
  prefs_register_string_preference(
      module, "thresholds", "Thresholds of findings",
      "ID.NAME=VALUE, several separated by blanks; `tcpautopsy explain ID` lists "
      "those of a finding with their defaults",
      &v.thresholds);
  prefs_register_bool_preference(module, "info_column", "Show states in the Info column",
                                 "Adds the states of client and server after each packet", &v.info_column);
}

Preferences preferences() {
  const Variables& v = variables();
  Preferences p;
  p.enabled = v.enabled;
  p.info_column = v.info_column;
  set_thresholds(p.thresholds, threshold_text());
  const auto chosen = static_cast<std::size_t>(v.profile);
  if (chosen < profile_names().size())
    if (const auto profile = Profile::named(profile_names()[chosen])) p.profile = *profile;
  return p;
}

}  // namespace tcpautopsy::plugin
