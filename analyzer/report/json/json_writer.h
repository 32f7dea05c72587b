// JSON and CSV written straight into a string. Both take the same calls, so that one description of a record
// serves both.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace tcpautopsy {

// Appends `text` as a JSON string with its quotes. What is not valid UTF-8 becomes U+FFFD (RFC 8259 8.1 wants
// UTF-8).
void append_json_string(std::string& out, std::string_view text);

// A flow's line has some three hundred fields and is written for every connection: they are gathered in a
// block of its own and reach the string in large pieces. Each value ends in a comma, which what closes its
// object or array takes back: so no piece needs to know what stands before it. The string is whole when the
// outermost object is closed.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {
    block_[0] = '\0';
    at_ = block_.data() + 1;
  }
  ~JsonWriter() { finish(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // `name` is one of our own and needs no escapes. Inlined always: with a name known to the compiler it is a
  // few stores. Leaves room for a number.
  [[gnu::always_inline]] void key(std::string_view name) {
    make_room(name.size());
    at_ = write_key(at_, name);
  }

  void null() { value(std::nullopt); }
  void value(double number);  // null if not finite
  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  template <class T>
  void value(const T& what) {
    make_room(0);
    write(what);
  }
  // A short word of ours: no escapes needed.
  void word(std::string_view text) {
    if (text.size() > kLongestWord) return value(text);
    make_room(text.size());
    write_word(at_, text);
  }

  // An array of what `value_of` tells of each.
  template <class Items, class F>
  void column(std::string_view name, const Items& items, F value_of) {
    key(name);
    begin_array();
    for (const auto& item : items) value(value_of(item));
    end_array();
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
    write(what);
  }
  [[gnu::always_inline]] void null_field(std::string_view name) { field(name, std::nullopt); }
  [[gnu::always_inline]] void word_field(std::string_view name, std::string_view text) {
    if (text.size() > kLongestWord) [[unlikely]]
      return field(name, text);
    make_room(name.size() + text.size());
    write_word(write_key(at_, name), text);
  }

 private:
  static constexpr std::size_t kBlock = 8192, kLongestWord = 512;
  static constexpr std::size_t kSpare = 40;  // quotes, colon, number, comma

  // For `count` octets and kSpare more.
  [[gnu::always_inline]] void make_room(std::size_t count) {
    if (static_cast<std::size_t>(block_.data() + kBlock - at_) < count + kSpare) [[unlikely]]
      flush();
  }
  // All but the last octet: it may be a comma to be taken back.
  void flush();
  // All; a comma at the end goes.
  void finish();

  [[gnu::always_inline]] static char* write_key(char* to, std::string_view name) {
    *to++ = '"';
    std::memcpy(to, name.data(), name.size());
    to += name.size();
    std::memcpy(to, "\":", 2);
    return to + 2;
  }
  [[gnu::always_inline]] void write_word(char* to, std::string_view text) {
    *to++ = '"';
    to = copy(to, text);
    std::memcpy(to, "\",", 2);
    at_ = to + 2;
  }
  // What make_room(0) has room for.
  [[gnu::always_inline]] void write(std::nullopt_t) { write("null,", 5); }
  [[gnu::always_inline]] void write(bool truth) { truth ? write("true,", 5) : write("false,", 6); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) [[gnu::always_inline]] void write(T number) {
    char* at = at_;
    auto size = static_cast<std::uint64_t>(number);
    if constexpr (std::is_signed_v<T>) {
      if (number < 0) {
        *at++ = '-';
        size = 0 - size;
      }
    }
    if (size >= 10) {
      at = write_number(at, size);
    } else {
      *at++ = static_cast<char>('0' + size);
    }
    *at++ = ',';
    at_ = at;
  }
  char* write_number(char* to, std::uint64_t number);
  template <class T>
  [[gnu::always_inline]] void write(const std::optional<T>& maybe) {
    if (maybe)
      write(*maybe);
    else
      write(std::nullopt);
  }
  // What sees to its own room.
  void write(double number) { value(number); }
  void write(std::string_view text) { value(text); }
  void write(const std::string& text) { value(std::string_view(text)); }
  void write(const char* text) { value(std::string_view(text)); }

  [[gnu::always_inline]] void write(const char* text, std::size_t size) {
    std::memcpy(at_, text, size);
    at_ += size;
  }

  // Most words are short, and cheaper copied here than by a call.
  [[gnu::always_inline]] static char* copy(char* to, std::string_view text) {
    const char* from = text.data();
    const std::size_t size = text.size();
    if (size > 32 || size < 4) return to + text.copy(to, size);
    if (size >= 16)
      copy_ends<16>(to, from, size);
    else if (size >= 8)
      copy_ends<8>(to, from, size);
    else
      copy_ends<4>(to, from, size);
    return to + size;
  }
  // The first and the last `half` octets, which may overlap.
  template <std::size_t half>
  [[gnu::always_inline]] static void copy_ends(char* to, const char* from, std::size_t size) {
    std::array<char, half> first, last;
    std::memcpy(first.data(), from, half);
    std::memcpy(last.data(), from + size - half, half);
    std::memcpy(to, first.data(), half);
    std::memcpy(to + size - half, last.data(), half);
  }

  [[gnu::always_inline]] void open(char bracket) {
    make_room(0);
    *at_++ = bracket;
    ++depth_;
  }
  [[gnu::always_inline]] void close(char bracket) {
    make_room(0);
    char* at = at_;
    at -= at[-1] == ',' ? 1 : 0;
    at[0] = bracket;
    at[1] = ',';
    at_ = at + 2;
    if (--depth_ == 0) finish();
  }

  std::string& out_;
  unsigned depth_ = 0;
  // The latest whole second met in a time, and its ten digits: the times of a flow are close together.
  std::uint64_t second_ = 0;
  std::array<char, 10> second_text_;
  char* at_ = nullptr;
  std::array<char, kBlock> block_;  // what is to come stands behind the first octet, which is no comma
};

}  // namespace tcpautopsy
