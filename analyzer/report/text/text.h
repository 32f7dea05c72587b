// Words on a terminal: widths, wrapping, columns and colour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

enum class Paint : std::uint8_t { Plain, Bold, Dim, Red, Yellow, Green, Cyan };

// What sparklines may be drawn with, if at all.
enum class Bars : std::uint8_t { None, Ascii, Blocks };

// How text comes out: its width in columns and whether ANSI colour may be used.
struct TextStyle {
  std::size_t width = 100;
  bool color = false;
  Bars bars = Bars::None;
  bool keeps_width = false;  // somebody said how wide: what is whole elsewhere keeps to it too

  // `text` in the given colour, or as it is.
  std::string paint(Paint paint, std::string_view text) const;
};

// For what is not to be broken or left out unless somebody said how wide it shall be.
TextStyle in_full(TextStyle style);

std::string grouped(std::uint64_t number);         // "1,234,567"
std::string readable_bytes(std::uint64_t octets);  // "999 B", "1.7 MB": powers of 1000
std::string plural(std::uint64_t count, std::string_view one,
                   std::string_view many);  // "1 flow", "1,200 flows"

// Columns taken by UTF-8 text (one a code point).
std::size_t columns(std::string_view text);
// Cut to `width` columns, ending in "..." where something was cut.
std::string cut(std::string_view text, std::size_t width);
std::string padded(std::string_view text, std::size_t width);
std::string padded_left(std::string_view text, std::size_t width);

// Broken at spaces into lines of at most `width` columns; a longer word stands alone on its line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// The same joined: the first line begins with `lead`, the others with as many spaces; every line ends in a
// newline.
std::string paragraph(std::string_view lead, std::string_view text, std::size_t width);

// The same without the newlines, and a longer word is broken.
std::vector<std::string> wrapped_within(std::string_view text, std::size_t width);
// As many of its words, from the first, as have room, and what has room of the first.
std::string first_words(std::string_view text, std::size_t width);

// A row of a table without its last newline, its cells padded but for the last, behind `indent` spaces. Where
// it would be wider than `width` (0: never) the last cell is wrapped behind the others, or, where too little
// room is left for that, the cells go below each other. Nothing is cut.
std::string table_row(const std::vector<std::string>& cells, std::size_t indent, std::size_t width);

// Which columns of these widths a table of `width` shows: `spare` are left out one by one, in this order,
// until the last column has room for some words, the longest among them. The last is never left out.
std::vector<std::size_t> columns_with_room(const std::vector<std::size_t>& widths,
                                           const std::vector<std::size_t>& spare, std::size_t longest,
                                           std::size_t indent, std::size_t width);
std::size_t longest_word(std::string_view text);

// "10.0.0.1:80", "[2001:db8::1]:80".
std::string to_string(const EndpointAddress& address);

// Text from a capture or file name made safe to print: what utf8.h calls deceptive becomes "\x1b" or
// "\u{202e}", octets that are no UTF-8 "\xff".
std::string printable(std::string_view text);
// The same, and nothing of it can turn into Markdown's markup (CommonMark 0.30; "_" inside a word is none).
std::string markdown_text(std::string_view text);
// The same as code, also within a table.
std::string markdown_code(std::string_view text);

// Rows of cells set in columns as wide as their widest cell. The last column is not padded.
class Table {
 public:
  // `right` names the columns set flush right.
  explicit Table(std::vector<std::string> header, std::vector<std::size_t> right = {});
  // Cells that are missing are empty. `below` stands in text() on a line of its own under the row, never
  // broken.
  void add(std::vector<std::string> row, std::string below = "");
  // Columns, by their names in the header, that text() leaves out in this order where it is too narrow.
  void may_leave_out(std::vector<std::string> names) { spare_ = std::move(names); }
  bool empty() const { return rows_.size() <= 1; }
  // Lines are at most style.width wide (table_row) unless that is 0; the header is bold and in capitals.
  std::string text(const TextStyle& style, std::size_t indent = 0) const;
  // `code` names the columns whose cells are set as code.
  std::string markdown(const std::vector<std::size_t>& code = {}) const;

 private:
  bool flush_right(std::size_t column) const;
  std::vector<std::size_t> spare_columns() const;

  std::vector<std::vector<std::string>> rows_;
  std::vector<std::string> below_;  // of each row
  std::vector<std::size_t> right_;
  std::vector<std::string> spare_;
};

}  // namespace tcpautopsy
