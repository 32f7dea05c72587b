#include "cli/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "analyzer/detect/detector.h"
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

// Of the finding that is named before the dot, if there is one; else all.
std::string known_thresholds(std::string_view wanted) {
  const Detector* only = find_detector(wanted.substr(0, wanted.find('.')));
  if (only != nullptr && only->thresholds.empty()) return fmt::format("{} has none", only->doc.id);
  std::vector<std::string> names;
  every_threshold([&](const Detector& detector, const Threshold&, std::string name) {
    if (only == nullptr || only == &detector) names.push_back(std::move(name));
  });
  return fmt::format("known: {}", fmt::join(names, ", "));
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

void set_thresholds(Thresholds& thresholds, const std::vector<std::string>& assignments) {
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos)
      throw UsageError{fmt::format("--set takes ID.NAME=VALUE, not '{}'", assignment)};
    set_one(thresholds, assignment.substr(0, equals), assignment.substr(equals + 1));
  }
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
    po::store(po::parse_config_file(in, settings), given);
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
