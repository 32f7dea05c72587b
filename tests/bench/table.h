// Tables in Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy::bench {

using Row = std::vector<std::string>;

// To standard output.
void print_row(const Row& row);
void print_header(const Row& names);
void print_heading(std::string_view text);

std::string thousands(std::uint64_t number);  // 1,234,567
std::string digits(double number, int digits_after);
std::string megabytes(std::uint64_t octets);

}  // namespace tcpautopsy::bench
