// Every option once: parsing, --help, settings files and completion are made from these rows.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace tcpautopsy::cli {

using Words = std::vector<std::string>;

enum class Takes : std::uint8_t { Nothing, One, Many };  // Many: it may be given more than once

struct Option {
  std::string name;  // "output,o": the long one, and the short one if there is one
  unsigned groups;   // the commands that have one of these take it
  Takes takes;
  std::string shown;  // what it takes, in help
  std::string help;
  // Called with each of its values ("" where it takes none), in the order of the table, not of the command
  // line. Empty where other values must be known first. Throws UsageError.
  std::function<void(Options&, const std::string&)> use = {};
  std::function<Words()> words = {};  // for completion: what it may be given
  bool in_files = false;              // settings files may have it
  std::string otherwise = {};         // what counts where it is not given, told in help; for One

  std::string long_name() const { return name.substr(0, name.find(',')); }
};

struct OptionSection {
  std::string_view heading;
  std::vector<Option> options;
};

// In the order of help.
const std::vector<OptionSection>& option_table();
OptionSection batch_section();  // batch/batch_options.cc
std::vector<OptionSection> options_of(const Command& command);

// One of some words, and what each means.
template <class T>
struct Choice {
  std::string_view word;
  T meaning;
};

}  // namespace tcpautopsy::cli
