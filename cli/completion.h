// What may come next on a command line, for the shell.
#pragma once

#include <string>
#include <vector>

namespace tcpautopsy::cli {

struct Completion {
  std::string word;     // one that ends in '=' wants more
  std::string meaning;  // may be empty
};

// `words` are those after the program's name, the last of them unfinished. Those that begin with it; empty
// where a file is wanted.
std::vector<Completion> completions(const std::vector<std::string>& words);

}  // namespace tcpautopsy::cli
