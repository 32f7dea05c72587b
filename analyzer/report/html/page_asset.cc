#include "analyzer/report/html/page_asset.h"

#include <cstddef>

namespace tcpautopsy {

// Made of page.html by embed.cmake.
extern const unsigned char kPageHtml[];
extern const std::size_t kPageHtmlSize;

namespace {

constexpr std::string_view kPlace = "@DATA@";

std::string_view page() { return {reinterpret_cast<const char*>(kPageHtml), kPageHtmlSize}; }

}  // namespace

std::string_view page_before_data() { return page().substr(0, page().find(kPlace)); }
std::string_view page_after_data() { return page().substr(page().find(kPlace) + kPlace.size()); }

}  // namespace tcpautopsy
