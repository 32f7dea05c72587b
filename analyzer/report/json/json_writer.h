// JSON and CSV written straight into a string. Both take the same calls, so that one description of a record
// serves both.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tcpautopsy {

// Appends `text` as a JSON string with its quotes. What is not valid UTF-8 becomes U+FFFD (RFC 8259 8.1 wants
// UTF-8).
void append_json_string(std::string& out, std::string_view text);

// A flow's line has some two hundred fields and is written for every connection: small pieces are gathered in
// a block of its own and reach the string in large ones. The string is whole when the outermost object is
// closed.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  ~JsonWriter() { flush(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // `name` is one of our own and needs no escapes. Inlined always: with a name known to the compiler it is a
  // few stores.
  [[gnu::always_inline]] void key(std::string_view name) {
    char* at = room(name.size());
    *at = ',';
    at += fresh_ ? 0 : 1;
    *at++ = '"';
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = '"';
    *at++ = ':';
    used_ = static_cast<std::size_t>(at - block_.data());
    fresh_ = true;
  }

  void null() { piece("null"); }
  void value(bool truth) { piece(truth ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void value(T number) {
    char* at = room(24);
    *at = ',';
    at += fresh_ ? 0 : 1;
    used_ = static_cast<std::size_t>(std::to_chars(at, at + 24, number).ptr - block_.data());
    fresh_ = false;
  }
  void value(double number);  // null if not finite
  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe)
      value(*maybe);
    else
      null();
  }
  // A short word of ours: no escapes needed.
  void word(std::string_view text) {
    if (text.size() > kLongestWord) return value(text);
    char* at = room(text.size());
    *at = ',';
    at += fresh_ ? 0 : 1;
    *at++ = '"';
    at += text.copy(at, text.size());
    *at++ = '"';
    used_ = static_cast<std::size_t>(at - block_.data());
    fresh_ = false;
  }

  // An array of objects; `write` writes the fields of one.
  template <class Items, class F>
  void objects(std::string_view name, const Items& items, F write) {
    key(name);
    begin_array();
    for (const auto& item : items) {
      begin_object();
      write(item);
      end_object();
    }
    end_array();
  }

  template <class T>
  [[gnu::always_inline]] void field(std::string_view name, const T& what) {
    key(name);
    value(what);
  }
  [[gnu::always_inline]] void null_field(std::string_view name) {
    key(name);
    null();
  }
  [[gnu::always_inline]] void word_field(std::string_view name, std::string_view text) {
    key(name);
    word(text);
  }

 private:
  static constexpr std::size_t kBlock = 1024, kLongestWord = 512, kSpare = 8;  // comma, quotes, colon

  // Where the next `count` octets go, and a few more.
  [[gnu::always_inline]] char* room(std::size_t count) {
    if (used_ + count + kSpare > kBlock) [[unlikely]]
      flush();
    return block_.data() + used_;
  }
  void flush();
  void piece(std::string_view text) {
    char* at = room(text.size());
    *at = ',';
    at += fresh_ ? 0 : 1;
    at += text.copy(at, text.size());
    used_ = static_cast<std::size_t>(at - block_.data());
    fresh_ = false;
  }
  void open(char bracket) {
    piece(std::string_view(&bracket, 1));
    fresh_ = true;
    ++depth_;
  }
  void close(char bracket) {
    *room(1) = bracket;
    ++used_;
    fresh_ = false;
    if (--depth_ == 0) flush();
  }

  std::string& out_;
  bool fresh_ = true;  // nothing stands before at this level, or a key was just written
  unsigned depth_ = 0;
  std::size_t used_ = 0;
  std::array<char, kBlock> block_;
};

}  // namespace tcpautopsy
