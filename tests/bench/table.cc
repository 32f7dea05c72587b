#include "tests/bench/table.h"

#include <array>
#include <cstdio>

namespace tcpautopsy::bench {

void print_row(const Row& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += ' ' + cell + " |";
  std::puts(line.c_str());
  std::fflush(stdout);
}

void print_header(const Row& names) {
  print_row(names);
  std::string line = "|";
  for (std::size_t i = 0; i < names.size(); ++i) line += "---|";
  std::puts(line.c_str());
}

void print_heading(std::string_view text) {
  std::printf("\n%.*s\n\n", static_cast<int>(text.size()), text.data());
}

std::string thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string digits(double number, int digits_after) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits_after, number);
  return text.data();
}

std::string megabytes(std::uint64_t octets) {
  return digits(static_cast<double>(octets) / 1e6, octets < 10'000'000 ? 1 : 0);
}

}  // namespace tcpautopsy::bench
