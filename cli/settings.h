// Thresholds of findings and numbers of the profile, from the command line and from configuration files.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/detect/thresholds.h"

namespace tcpautopsy::cli {

// The user's own file, whether or not it exists: in $XDG_CONFIG_HOME, else in ~/.config; none without either.
std::optional<std::string> user_config_path();

std::vector<std::string> threshold_names();  // "id.name", of all findings

// "id.name=value". Throws UsageError, naming what is known.
void set_threshold(Thresholds& thresholds, const std::string& assignment);

// Adds what the file says to `given`, where nothing is said of it yet: lines "id.name = value", or
// "name = value" under "[id]", and those of `others`. Throws UsageError.
void read_config(const std::string& path, const boost::program_options::options_description& others,
                 boost::program_options::variables_map& given);
// The thresholds that files have set.
void set_thresholds(Thresholds& thresholds, const boost::program_options::variables_map& given);

}  // namespace tcpautopsy::cli
