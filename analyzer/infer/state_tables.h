// The transition tables as a document.
#pragma once

#include <string>

namespace tcpautopsy {

// Markdown: analyzer/docs/states.md is this text.
std::string state_tables_markdown();

}  // namespace tcpautopsy
