#include "analyzer/report/json/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/report/text/decimal.h"
#include "analyzer/report/text/utf8.h"

namespace tcpautopsy {
namespace {

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

// Escaped, a character that a terminal would obey is still the same to a program.
void append_character(std::string& out, std::string_view sequence) {
  const char32_t c = code_point(sequence);
  if (!is_deceptive(c)) {
    out += sequence;
  } else if (c <= 0xFFFF) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    const auto beyond = static_cast<unsigned>(c) - 0x10000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (beyond >> 10),
                   0xDC00 + (beyond & 0x3FF));
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
      append_character(out, text.substr(0, length));
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
