// The page's markup, style and script, as `.ci/page` built them of the sources in page/.
#pragma once

#include <string_view>

namespace tcpautopsy {

// All but the data, which stands in its place as JSON.
std::string_view page_before_data();
std::string_view page_after_data();

}  // namespace tcpautopsy
