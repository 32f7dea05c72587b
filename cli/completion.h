// What may come next on a command line, for the shell.
#pragma once

#include <string>
#include <vector>

namespace tcpautopsy::cli {

// `words` are those after the program's name, the last of them unfinished. Those that begin with it; empty
// where a file is wanted. One that ends in '=' wants more.
std::vector<std::string> completions(const std::vector<std::string>& words);

}  // namespace tcpautopsy::cli
