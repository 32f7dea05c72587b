// JSON and CSV written straight into a string. Both take the same calls, so that one description of a record
// serves both.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tcpautopsy {

// Appends `text` as a JSON string with its quotes. What is not valid UTF-8 becomes U+FFFD (RFC 8259 8.1 wants
// UTF-8).
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // `name` is one of our own and needs no escapes.
  void key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    fresh_ = true;
  }

  void null() { raw("null"); }
  void value(bool truth) { raw(truth ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    const fmt::format_int text(number);
    raw(std::string_view(text.data(), text.size()));
  }
  void value(double number);  // null if not finite
  void value(std::string_view text) {
    separate();
    append_json_string(out_, text);
    fresh_ = false;
  }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe)
      value(*maybe);
    else
      null();
  }
  // A word of ours: no escapes needed.
  void word(std::string_view text) {
    separate();
    out_ += '"';
    out_ += text;
    out_ += '"';
    fresh_ = false;
  }

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
  void separate() {
    if (!fresh_) out_ += ',';
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
    fresh_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    fresh_ = false;
  }
  void raw(std::string_view text) {
    separate();
    out_ += text;
    fresh_ = false;
  }

  std::string& out_;
  bool fresh_ = true;  // nothing stands before at this level, or a key was just written
};

}  // namespace tcpautopsy
