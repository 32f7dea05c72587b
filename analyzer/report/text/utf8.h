// UTF-8 that may not be well-formed, and characters that must not reach a reader's eye as they are.
#pragma once

#include <cstddef>
#include <string_view>

namespace tcpautopsy {

// Octets of the well-formed UTF-8 sequence at the front (Unicode table 3-7); 0 if there is none.
std::size_t utf8_length(std::string_view text);

// The character of a well-formed sequence, which is all of `sequence`.
char32_t code_point(std::string_view sequence);

// Controls (C0, DEL, C1), what turns the direction of text, what takes no room, and ends of lines that ASCII
// does not know: a terminal obeys them, or a name looks like another.
bool is_deceptive(char32_t c);

}  // namespace tcpautopsy
