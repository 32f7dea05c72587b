// From the text of an option to its value. All throw UsageError with the option's name in it.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>

#include "cli/option_table.h"

namespace tcpautopsy::cli {

inline TimeSpec time_of(const std::string& text, std::string_view option) {
  if (const auto time = parse_time(text)) return *time;
  throw UsageError{
      fmt::format("--{} '{}' is not a time: give 2024-05-01, \"2024-05-01 10:00\", 2024-05-01T10:00:00Z, "
                  "epoch seconds, +10m "
                  "after the capture's start, -10m before its end, or end",
                  option, text)};
}

inline TimeNs seconds_of(const std::string& text, std::string_view option) {
  constexpr TimeNs kMost =
      1'000'000'000 * kSecond;  // some 30 years: sums with times of a capture do not overflow
  if (const auto span = parse_span(text); span && *span <= kMost) return *span;
  throw UsageError{
      fmt::format("--{} '{}' is not a number of seconds up to {}, or one of ms, s, m, h, d as in 90s", option,
                  text, kMost / kSecond)};
}

// Digits only; the library's own conversion would take "-1" for a large number.
template <class Number>
Number number_of(const std::string& text, std::string_view option) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  throw UsageError{fmt::format("--{} '{}' is not a valid number", option, text)};
}

inline std::uint64_t count_of(const std::string& text, std::string_view option, std::uint64_t least,
                              std::uint64_t most = 1'000'000) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  throw UsageError{fmt::format("--{} '{}' is not a number from {} to {}", option, text, least, most)};
}

// Octets: a number, or one with K, M, G or T behind it, of 1024.
inline std::uint64_t size_of(const std::string& text, std::string_view option, std::uint64_t least,
                             std::uint64_t most) {
  constexpr std::string_view kUnits = "KMGT";
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  const std::size_t unit = end + 1 == last ? kUnits.find(*end) : std::string_view::npos;
  const bool whole = error == std::errc{} && (end == last || unit != std::string_view::npos);
  const std::size_t shift = end == last ? 0 : 10 * (unit + 1);
  if (whole && number <= most >> shift && number << shift >= least) return number << shift;
  throw UsageError{fmt::format("--{} '{}' is not a size from {}M to {}T, as in 512M or 4G", option, text,
                               least >> 20, most >> 40)};
}

template <class Choices>
Words words_of(const Choices& choices) {
  Words words;
  for (const auto& choice : choices) words.emplace_back(choice.word);
  return words;
}

// The option, taking one of `choices`: an array of Choice that stays.
template <class Choices, class Set>
Option choosing(Option option, const Choices& choices, Set set) {
  option.words = [&choices] { return words_of(choices); };
  option.use = [&choices, set, name = option.long_name()](Options& o, const std::string& text) {
    for (const auto& choice : choices)
      if (choice.word == text) return set(o, choice.meaning);
    throw UsageError{fmt::format("--{} '{}' is none of {}", name, text, fmt::join(words_of(choices), ", "))};
  };
  return option;
}

}  // namespace tcpautopsy::cli
