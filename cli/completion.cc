#include "cli/completion.h"

#include <algorithm>
#include <string_view>

#include "analyzer/detect/detector.h"
#include "cli/commands.h"
#include "cli/option_table.h"

namespace tcpautopsy::cli {
namespace {

using Completions = std::vector<Completion>;

// The command that the words name; report if none is.
const Command& command_of(const Words& words) {
  if (words.size() > 2)
    if (const Command* command = find_command(words[0] + " " + words[1])) return *command;
  if (words.size() > 1)
    if (const Command* command = find_command(words[0])) return *command;
  return command_named("report");
}

// What follows `begun`, of a command of one word or two.
Completions command_words(const std::string& begun) {
  Completions words;
  for (const Command& command : commands()) {
    const std::string_view name = command.name;
    if (!name.starts_with(begun)) continue;
    const std::string_view rest = name.substr(begun.size());
    if (!rest.empty() && rest.find(' ') == std::string_view::npos)
      words.push_back({std::string(rest), std::string(command.purpose)});
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

Completions values_of(const Option& option) {
  Completions values;
  if (option.words)
    for (std::string& word : option.words()) values.push_back({std::move(word), ""});
  return values;
}

Completions candidates(const Words& words) {
  const std::string& current = words.back();
  if (words.size() == 2 && words[0] == "help") return command_words("");
  const Command& command = command_of(words);
  const auto sections = options_of(command);
  if (words.size() > 1) {
    const Option* option = option_named(sections, words[words.size() - 2]);
    if (option != nullptr && option->takes != Takes::Nothing) return values_of(*option);
  }
  if (current.starts_with('-')) {
    Completions names;
    for (const OptionSection& section : sections)
      for (const Option& option : section.options) names.push_back({"--" + option.long_name(), option.help});
    return names;
  }
  Completions all;
  if (words.size() == 1) {
    all = command_words("");
    all.push_back({"help", "all options of a command"});
  }
  if (words.size() == 2) all = command_words(words[0] + " ");
  if (command.name == "explain")
    for (const Detector* detector : detectors())
      all.push_back({std::string(detector->doc.id), std::string(detector->doc.title)});
  return all;
}

}  // namespace

std::vector<Completion> completions(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  Completions found = candidates(words);
  std::erase_if(found, [&](const Completion& one) { return !one.word.starts_with(words.back()); });
  return found;
}

}  // namespace tcpautopsy::cli
