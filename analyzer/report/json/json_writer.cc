#include "analyzer/report/json/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/report/text/decimal.h"

namespace tcpautopsy {
namespace {

// Octets of the well-formed UTF-8 sequence at the front (Unicode table 3-7), 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto trails = [&](std::size_t count) {
    if (text.size() <= count) return false;
    for (std::size_t i = 1; i <= count; ++i)
      if ((at(i) & 0xC0) != 0x80) return false;
    return true;
  };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return trails(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!trails(2) || (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F)) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!trails(3) || (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\t': out += "\\t"; return;
    case '\r': out += "\\r"; return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                     static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
}

bool plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

constexpr std::uint64_t every(std::uint8_t octet) { return octet * std::uint64_t{0x0101'0101'0101'0101}; }

// Not 0 if any octet of `word` is not plain. Borrows and carries come only from octets that are not.
std::uint64_t not_plain(std::uint64_t word) {
  const std::uint64_t control = word - every(0x20), rubout = word + every(1);
  const std::uint64_t quote = (word ^ every('"')) - every(1), backslash = (word ^ every('\\')) - every(1);
  return (control | rubout | quote | backslash | word) & every(0x80);
}

bool all_plain(std::string_view text) {
  std::uint64_t bad = 0;
  while (text.size() >= sizeof bad) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    bad |= not_plain(word);
    text.remove_prefix(sizeof word);
  }
  return bad == 0 && std::all_of(text.begin(), text.end(), plain);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && plain(text[run])) ++run;
    out.append(text.data(), run);
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length > 1) {
      out.append(text.data(), length);
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      append_escaped(out, text.front());
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

char* JsonWriter::write_number(char* to, std::uint64_t number) {
  constexpr std::uint64_t kSecond = 1'000'000'000, kFirst = kSecond * kSecond;
  // Of 19 digits are the times since 2001, and little else.
  if (number - kFirst >= 9 * kFirst) return write_decimal(to, number);
  const std::uint64_t second = number / kSecond;
  if (second != second_) {
    second_ = second;
    write_decimal(second_text_.data(), second);
  }
  std::memcpy(to, second_text_.data(), second_text_.size());
  const auto rest = static_cast<std::uint32_t>(number - second * kSecond);
  to[10] = static_cast<char>('0' + rest / kEightDigits);
  write_eight_digits(to + 11, rest % kEightDigits);
  return to + 19;
}

void JsonWriter::flush() {
  char* const begin = block_.data() + 1;
  if (at_ == begin) return;
  out_.append(begin, at_ - 1);
  *begin = at_[-1];
  at_ = begin + 1;
}

void JsonWriter::finish() {
  out_.append(block_.data() + 1, at_ - (at_[-1] == ',' ? 1 : 0));
  at_ = block_.data() + 1;
}

void JsonWriter::value(std::string_view text) {
  if (text.size() <= kLongestWord && all_plain(text)) return word(text);
  out_.append(block_.data() + 1, at_);
  append_json_string(out_, text);
  block_[1] = ',';
  at_ = block_.data() + 2;
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  make_room(0);
  const std::string text = fmt::format("{}", number);
  at_ = copy(at_, text);
  *at_++ = ',';
}

}  // namespace tcpautopsy
