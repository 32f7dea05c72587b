// JSON that can stand in a script element of HTML.
#pragma once

#include <string>
#include <string_view>

namespace tcpautopsy {

// Appends `json` with what could end the element or a line of script (`<`, `>`, `&`, U+2028, U+2029) written
// as escapes. In JSON these stand in strings alone, so its meaning stays. To be given pieces that end between
// characters.
void append_script_safe(std::string& out, std::string_view json);

}  // namespace tcpautopsy
