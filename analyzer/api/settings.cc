#include "analyzer/api/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyzer/capture/capture_time.h"
#include "analyzer/detect/detector.h"

namespace tcpautopsy::v1 {
namespace {

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> message, Arguments&&... arguments) {
  throw Error(Error::Kind::Option, fmt::format(message, std::forward<Arguments>(arguments)...));
}

void set_number(Profile& profile, const std::string& name, std::int64_t value) {
  const auto numbers = profile_numbers();
  const auto number =
      std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.name == name; });
  if (number == numbers.end()) refuse("profiles have no number '{}'", name);
  const std::int64_t most = number->is_time() ? kLatestTime : std::numeric_limits<std::int32_t>::max();
  if (value < 0 || value > most) refuse("'{}' must be from 0 to {}, not {}", name, most, value);
  number->set(profile, value);
}

void set_threshold(Thresholds& thresholds, const std::string& full, double value) {
  const std::size_t dot = full.find('.');
  const tcpautopsy::Detector* detector = find_detector(full.substr(0, dot));
  if (detector == nullptr || dot == std::string::npos) refuse("there is no threshold '{}'", full);
  const std::string name = full.substr(dot + 1);
  if (std::none_of(detector->thresholds.begin(), detector->thresholds.end(),
                   [&](const Threshold& threshold) { return threshold.name == name; }))
    refuse("there is no threshold '{}'", full);
  if (!std::isfinite(value) || value < 0) refuse("threshold '{}' must be 0 or more, not {}", full, value);
  thresholds.set(detector->doc.id, name, value);
}

void set_limit(Bounds& bounds, const std::string& name, std::uint64_t value) {
  const auto numbers = bound_numbers();
  const auto number =
      std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.name == name; });
  if (number == numbers.end()) refuse("there is no limit '{}'", name);
  if (value < number->least || value > number->most)
    refuse("limit '{}' must be from {} to {}, not {}", name, number->least, number->most, value);
  bounds.*number->member = value;
}

bool word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

AnalysisOptions settings_of(const Options& options) {
  if (options.captures.empty()) refuse("no capture is named");
  AnalysisOptions settings;
  const auto profile = Profile::named(options.profile);
  if (!profile) refuse("profile '{}' is none of {}", options.profile, fmt::join(profile_names(), ", "));
  settings.profile = *profile;
  for (const auto& [name, value] : options.profile_numbers) set_number(settings.profile, name, value);
  for (const auto& [name, value] : options.thresholds) set_threshold(settings.thresholds, name, value);
  for (const auto& [name, value] : options.limits) set_limit(settings.bounds, name, value);
  settings.peer_words = false;
  if (options.capture_end_ns) settings.capture_end_ns = possible_time(*options.capture_end_ns);
  return settings;
}

void check(const Detector& detector, const std::vector<Detector>& others) {
  if (detector.id.empty() || !std::all_of(detector.id.begin(), detector.id.end(), word))
    refuse("a finding is named by lower case letters, digits and '_', not '{}'", detector.id);
  if (!detector.examine) refuse("detector '{}' has nothing to examine with", detector.id);
  if (find_detector(detector.id) != nullptr ||
      std::any_of(others.begin(), others.end(),
                  [&](const Detector& other) { return other.id == detector.id; }))
    refuse("there is a detector '{}' already", detector.id);
}

}  // namespace tcpautopsy::v1
