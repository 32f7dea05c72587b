#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <sstream>

#include "analyzer/report/text/explain.h"
#include "cli/batch/store_inputs.h"
#include "cli/option_table.h"
#include "cli/overwriting.h"
#include "cli/settings.h"

namespace tcpautopsy::cli {
namespace {

namespace po = boost::program_options;

void describe(const Option& option, po::options_description& group) {
  po::value_semantic* value = nullptr;
  if (option.takes == Takes::One) {
    auto* one = po::value<std::string>()->value_name(option.shown);
    value = option.otherwise.empty() ? one : one->default_value(option.otherwise);
  }
  if (option.takes == Takes::Many) value = po::value<Words>()->composing()->value_name(option.shown);
  const char *name = option.name.c_str(), *help = option.help.c_str();
  if (value != nullptr)
    group.add_options()(name, value, help);
  else
    group.add_options()(name, help);
}

po::options_description described(const Command& command) {
  po::options_description all;
  for (const OptionSection& section : options_of(command)) {
    po::options_description group{std::string(section.heading)};
    for (const Option& option : section.options) describe(option, group);
    all.add(group);
  }
  return all;
}

Words values_of(const Option& option, const po::variables_map& given) {
  const po::variable_value& value = given[option.long_name()];
  if (option.takes == Takes::Nothing) return {""};
  return option.takes == Takes::One ? Words{value.as<std::string>()} : value.as<Words>();
}

void use(const Command& command, const po::variables_map& given, Options& o) {
  for (const OptionSection& section : options_of(command))
    for (const Option& option : section.options)
      if (option.use && given.count(option.long_name()))
        for (const std::string& value : values_of(option, given)) option.use(o, value);
}

// What the command line says goes before --config's file, and that before the user's own.
void read_files(const Command& command, po::variables_map& given, Words& read) {
  po::options_description others;
  for (const OptionSection& section : options_of(command))
    for (const Option& option : section.options)
      if (option.in_files) others.add_options()(option.long_name().c_str(), po::value<std::string>());
  if (given.count("config")) {
    read.push_back(given["config"].as<std::string>());
    read_config(read.back(), others, given);
  }
  if (const auto own = user_config_path(); own && !given.count("no-config")) {
    std::error_code ignored;
    if (!std::filesystem::exists(*own, ignored)) return;
    read.push_back(*own);
    read_config(*own, others, given);
  }
}

// --raw and --hex are short for a format.
void read_format(const Command& command, const po::variables_map& given, Options& o) {
  if (command.formats.empty()) return;
  const bool raw = given.count("raw") != 0, hex = given.count("hex") != 0;
  o.format = given["format"].as<std::string>();
  if (raw || hex) {
    const std::string wanted = raw ? "raw" : "hex";
    if ((raw && hex) || (!given["format"].defaulted() && o.format != wanted))
      throw UsageError{"--raw, --hex and --format ask for different formats"};
    o.format = wanted;
  }
  if (std::find(command.formats.begin(), command.formats.end(), o.format) == command.formats.end())
    throw UsageError{fmt::format("--format '{}' is none of {}", o.format, fmt::join(command.formats, ", "))};
}

// "; did you mean --flow?", or empty.
std::string meant_option(const Command& command, std::string_view wrong) {
  const auto sections = options_of(command);
  Words names;
  for (const OptionSection& section : sections)
    for (const Option& option : section.options) names.push_back(option.long_name());
  wrong.remove_prefix(std::min(wrong.find_first_not_of('-'), wrong.size()));
  const auto near = near_words(wrong, {names.begin(), names.end()});
  return near.empty() ? "" : fmt::format("; did you mean --{}?", near.front());
}

}  // namespace

Options parse_options(const Command& command, const std::vector<std::string>& arguments) {
  Options o;
  po::options_description with_files = described(command);
  with_files.add_options()("file", po::value(&o.files));
  po::positional_options_description files;
  files.add("file", -1);
  try {
    po::variables_map given;
    // A prefix of a long option is refused: what it means would change when options are added.
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(with_files).positional(files).style(style).run(),
              given);
    po::notify(given);
    if (command.groups & (kInput | kProfile | kSettings)) {
      read_files(command, given, o.also_read);
      set_thresholds(o.thresholds, given);
    }
    use(command, given, o);
    read_format(command, given, o);
  } catch (const po::unknown_option& error) {
    throw UsageError{error.what() + meant_option(command, error.get_option_name())};
  } catch (const po::error& error) {
    throw UsageError{error.what()};
  }
  if (o.anonymize) o.selection.replace_hosts(*o.anonymize);
  if (command.groups & kInput) resolve_store_input(o);
  if ((command.groups & kInput) && o.files.empty()) throw UsageError{"no capture is named"};
  guard_of(o);
  return o;
}

std::string options_help(const Command& command) {
  std::ostringstream text;
  text << described(command);
  return text.str();
}

}  // namespace tcpautopsy::cli
