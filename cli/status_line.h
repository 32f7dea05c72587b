// One line on the terminal behind standard error that is written over again and again, and gone in the end.
#pragma once

#include <string>
#include <string_view>

namespace tcpautopsy::cli {

bool status_line_possible();  // there is a terminal, and nothing else has it to itself
void show_status(std::string_view text);
// Whatever else goes to a terminal calls this first.
void clear_status();
// From now on the terminal belongs to another program.
void end_status();

}  // namespace tcpautopsy::cli
