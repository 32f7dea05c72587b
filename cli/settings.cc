#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "analyzer/detect/detector.h"
#include "analyzer/report/text/explain.h"
#include "cli/options.h"

namespace tcpautopsy::cli {
namespace {

namespace po = boost::program_options;

// Calls `each(detector, threshold, "id.name")`.
template <class F>
void every_threshold(F each) {
  for (const Detector* detector : detectors())
    for (const Threshold& threshold : detector->thresholds)
      each(*detector, threshold, fmt::format("{}.{}", detector->doc.id, threshold.name));
}

// Of the finding that is named before the dot, or of those that may be meant; else whose there are.
std::string known_thresholds(std::string_view wanted) {
  const std::string_view id = wanted.substr(0, wanted.find('.'));
  std::vector<std::string_view> meant{id};
  if (find_detector(id) == nullptr) meant = near_matches(id, detectors());
  std::vector<std::string> names;
  std::vector<std::string_view> ids;
  every_threshold([&](const Detector& detector, const Threshold&, std::string name) {
    if (std::find(meant.begin(), meant.end(), detector.doc.id) != meant.end())
      names.push_back(std::move(name));
    if (ids.empty() || ids.back() != detector.doc.id) ids.push_back(detector.doc.id);
  });
  if (!names.empty()) return fmt::format("known: {}", fmt::join(names, ", "));
  if (find_detector(id) != nullptr) return fmt::format("{} has none", id);
  return fmt::format("these findings have some, and `tcpautopsy explain ID` tells them: {}",
                     fmt::join(ids, ", "));
}

double number_of(const std::string& text, std::string_view name) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number) || number < 0)
    throw UsageError{fmt::format("{} takes a number of 0 or more, not '{}'", name, text)};
  return number;
}

void set_one(Thresholds& thresholds, const std::string& name, const std::string& value) {
  bool known = false;
  every_threshold([&](const Detector& detector, const Threshold& threshold, const std::string& full) {
    if (full != name) return;
    known = true;
    thresholds.set(detector.doc.id, threshold.name, number_of(value, name));
  });
  if (!known) throw UsageError{fmt::format("there is no threshold '{}'; {}", name, known_thresholds(name))};
}

}  // namespace

std::optional<std::string> user_config_path() {
  constexpr std::string_view file = "/tcpautopsy/config";
  // A relative path is to be ignored (XDG Base Directory Specification).
  if (const char* base = std::getenv("XDG_CONFIG_HOME"); base != nullptr && *base == '/')
    return std::string(base).append(file);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home).append("/.config").append(file);
  return std::nullopt;
}

std::vector<std::string> threshold_names() {
  std::vector<std::string> names;
  every_threshold(
      [&](const Detector&, const Threshold&, std::string name) { names.push_back(std::move(name)); });
  return names;
}

void set_threshold(Thresholds& thresholds, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos)
    throw UsageError{fmt::format("--set takes ID.NAME=VALUE, not '{}'", assignment)};
  set_one(thresholds, assignment.substr(0, equals), assignment.substr(equals + 1));
}

void read_config(const std::string& path, const po::options_description& others, po::variables_map& given) {
  std::ifstream in(path);
  if (!in) throw UsageError{fmt::format("{} cannot be read", path)};
  po::options_description settings;
  settings.add(others);
  every_threshold([&](const Detector&, const Threshold&, const std::string& name) {
    settings.add_options()(name.c_str(), po::value<std::string>());
  });
  try {
    const auto parsed = po::parse_config_file(in, settings);
    every_threshold([&](const Detector&, const Threshold&, const std::string& name) {
      for (const auto& option : parsed.options)
        if (option.string_key == name) number_of(option.value.front(), fmt::format("{}: {}", path, name));
    });
    po::store(parsed, given);
  } catch (const po::unknown_option& unknown) {
    const std::string& name = unknown.get_option_name();
    throw UsageError{fmt::format("{}: there is no setting '{}'; {}", path, name, known_thresholds(name))};
  } catch (const po::error& error) {
    throw UsageError{fmt::format("{}: {}", path, error.what())};
  }
  if (in.bad()) throw UsageError{fmt::format("{} cannot be read", path)};
}

void set_thresholds(Thresholds& thresholds, const po::variables_map& given) {
  every_threshold([&](const Detector&, const Threshold&, const std::string& name) {
    if (given.count(name)) set_one(thresholds, name, given[name].as<std::string>());
  });
}

}  // namespace tcpautopsy::cli
