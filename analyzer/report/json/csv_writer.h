// The calls of JsonWriter written as one CSV line (RFC 4180): nested names joined by dots, lists by "|" in
// one cell. Text is printable() only, and where it begins as a formula does in a spreadsheet (= + - @) a "'"
// goes before it.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy {

class CsvWriter {
 public:
  enum class Line : std::uint8_t { Header, Values };

  CsvWriter(std::string& out, Line line) : out_(out), line_(line) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);

  void null() { cell(""); }
  void value(bool truth) { cell(truth ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    const fmt::format_int text(number);
    cell(std::string_view(text.data(), text.size()));
  }
  void value(double number) { cell(fmt::format("{}", number)); }
  void value(std::string_view text) { text_cell(text); }
  void value(const std::string& text) { text_cell(text); }
  void value(const char* text) { text_cell(text); }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe)
      value(*maybe);
    else
      null();
  }
  void word(std::string_view text) { cell(text); }

  template <class T>
  void field(std::string_view name, const T& what) {
    key(name);
    value(what);
  }
  void null_field(std::string_view name) {
    key(name);
    null();
  }
  void word_field(std::string_view name, std::string_view text) {
    key(name);
    word(text);
  }

 private:
  void text_cell(std::string_view text);
  void cell(std::string_view text);
  void append_cell(std::string_view text);

  std::string& out_;
  Line line_;
  bool first_ = true;
  bool in_array_ = false, list_holds_text_ = false;
  std::string list_;                    // the array being joined
  std::vector<std::string_view> path_;  // names of the objects entered, then of the field
};

}  // namespace tcpautopsy
