#include "cli/completion.h"

#include <algorithm>
#include <string_view>

#include "analyzer/detect/detector.h"
#include "cli/commands.h"
#include "cli/option_table.h"

namespace tcpautopsy::cli {
namespace {

// The command that the words name; report if none is.
const Command& command_of(const Words& words) {
  if (words.size() > 2)
    if (const Command* command = find_command(words[0] + " " + words[1])) return *command;
  if (words.size() > 1)
    if (const Command* command = find_command(words[0])) return *command;
  return command_named("report");
}

// What follows `begun`, of a command of one word or two.
Words command_words(const std::string& begun) {
  Words words;
  for (const Command& command : commands()) {
    const std::string_view name = command.name;
    if (!name.starts_with(begun)) continue;
    const std::string_view rest = name.substr(begun.size());
    if (!rest.empty() && rest.find(' ') == std::string_view::npos) words.emplace_back(rest);
  }
  return words;
}

const Option* option_named(const std::vector<OptionSection>& sections, std::string_view word) {
  for (const OptionSection& section : sections)
    for (const Option& option : section.options) {
      const std::string name = option.long_name();
      const std::string brief = option.name.size() > name.size() ? option.name.substr(name.size() + 1) : "";
      if (word == "--" + name || (!brief.empty() && word == "-" + brief)) return &option;
    }
  return nullptr;
}

Words candidates(const Words& words) {
  const std::string& current = words.back();
  if (words.size() == 2 && words[0] == "help") return command_words("");
  const Command& command = command_of(words);
  const auto sections = options_of(command);
  if (words.size() > 1) {
    const Option* option = option_named(sections, words[words.size() - 2]);
    if (option != nullptr && option->takes != Takes::Nothing)
      return option->words ? option->words() : Words{};
  }
  if (current.starts_with('-')) {
    Words names;
    for (const OptionSection& section : sections)
      for (const Option& option : section.options) names.push_back("--" + option.long_name());
    return names;
  }
  Words all;
  if (words.size() == 1) {
    all = command_words("");
    all.emplace_back("help");
  }
  if (words.size() == 2) all = command_words(words[0] + " ");
  if (command.name == "explain")
    for (const Detector* detector : detectors()) all.emplace_back(detector->doc.id);
  return all;
}

}  // namespace

std::vector<std::string> completions(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  Words found = candidates(words);
  std::erase_if(found, [&](const std::string& word) { return !word.starts_with(words.back()); });
  return found;
}

}  // namespace tcpautopsy::cli
