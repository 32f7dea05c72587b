#include "analyzer/report/text/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "analyzer/report/text/utf8.h"

namespace tcpautopsy {
namespace {

char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string_view code(Paint paint) {
  switch (paint) {
    case Paint::Plain: return "";
    case Paint::Bold: return "\033[1m";
    case Paint::Dim: return "\033[2m";
    case Paint::Red: return "\033[1;31m";
    case Paint::Yellow: return "\033[33m";
    case Paint::Green: return "\033[32m";
    case Paint::Cyan: return "\033[36m";
  }
  return "";
}

constexpr std::size_t kRoomForLast = 20;    // columns of a table are left out for it
constexpr std::size_t kNarrowestCell = 16;  // a cell is not wrapped narrower

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Octets that the first `width` code points take.
std::size_t octets_of(std::string_view text, std::size_t width) {
  std::size_t i = 0, seen = 0;
  for (; i < text.size(); ++i)
    if (!continues(text[i]) && seen++ == width) break;
  return i;
}

}  // namespace

std::string TextStyle::paint(Paint paint, std::string_view text) const {
  if (!color || paint == Paint::Plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", code(paint), text);
}

TextStyle in_full(TextStyle style) {
  if (!style.keeps_width) style.width = 0;
  return style;
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string readable_bytes(std::uint64_t octets) {
  if (octets < 1000) return fmt::format("{} B", octets);
  double value = static_cast<double>(octets);
  std::size_t unit = 0;
  constexpr std::string_view units = "BkMGTPE";
  while (value >= 999.5 && unit + 1 < units.size()) value /= 1000, ++unit;
  return fmt::format("{:.{}f} {}B", value, value < 99.95 ? 1 : 0, units[unit]);
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width <= 3) return std::string(text.substr(0, octets_of(text, width)));
  return std::string(text.substr(0, octets_of(text, width - 3))) + "...";
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  const std::size_t have = columns(text);
  if (have < width) out.append(width - have, ' ');
  return out;
}

std::string padded_left(std::string_view text, std::size_t width) {
  const std::size_t have = columns(text);
  return have < width ? std::string(width - have, ' ').append(text) : std::string(text);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t wide = columns(word);
    if (used > 0 && used + 1 + wide > width) {
      lines.push_back(std::move(line));
      line.clear();
      used = 0;
    }
    if (used > 0) line += ' ', ++used;
    line += word;
    used += wide;
  }
  if (used > 0 || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string paragraph(std::string_view lead, std::string_view text, std::size_t width) {
  const std::size_t indent = columns(lead);
  std::string out;
  for (const std::string& line : wrapped(text, width > indent + 20 ? width - indent : 20)) {
    out += out.empty() ? std::string(lead) : std::string(indent, ' ');
    out += line + '\n';
  }
  return out;
}

std::vector<std::string> wrapped_within(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines;
  for (std::string& line : wrapped(text, width)) {
    std::string_view rest = line;
    while (columns(rest) > width) {
      const std::size_t octets = octets_of(rest, width);
      lines.emplace_back(rest.substr(0, octets));
      rest.remove_prefix(octets);
    }
    lines.emplace_back(rest);
  }
  return lines;
}

std::string first_words(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  return wrapped_within(text, width).front();
}

namespace {

std::string_view trimmed_cell(std::string_view cell) {
  const std::size_t from = cell.find_first_not_of(' ');
  if (from == std::string_view::npos) return {};
  return cell.substr(from, cell.find_last_not_of(' ') - from + 1);
}

// Cells below each other, several on a line where they have room.
std::string stacked(const std::vector<std::string>& cells, std::size_t indent, std::size_t width) {
  const std::size_t further = std::min(indent + 4, width / 2);
  std::string out, line(indent, ' ');
  bool empty = true;
  const auto next_line = [&] {
    out += line + '\n';
    line.assign(further, ' ');
    empty = true;
  };
  for (const std::string& cell : cells) {
    const std::string_view text = trimmed_cell(cell);
    if (text.empty()) continue;
    if (!empty && columns(line) + 2 + columns(text) > width) next_line();
    if (!empty) line += "  ";
    const bool fits = columns(line) + columns(text) <= width;
    bool first = true;
    for (const std::string& part :
         fits ? std::vector{std::string(text)} : wrapped_within(text, width - further)) {
      if (!first) next_line();
      line += part;
      first = empty = false;
    }
  }
  return out + line;
}

}  // namespace

std::string table_row(const std::vector<std::string>& cells, std::size_t indent, std::size_t width) {
  std::string lead(indent, ' ');
  for (std::size_t i = 0; i + 1 < cells.size(); ++i) lead += cells[i] + "  ";
  const std::size_t used = columns(lead);
  std::string line = lead + cells.back();
  line.erase(line.find_last_not_of(' ') + 1);
  if (width == 0 || columns(line) <= width) return line;
  if (used + kNarrowestCell > width) return stacked(cells, indent, width);
  std::string out;
  for (const std::string& part : wrapped_within(cells.back(), width - used))
    out += out.empty() ? lead + part : '\n' + std::string(used, ' ') + part;
  return out;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    longest = std::max(longest, columns(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return longest;
}

std::vector<std::size_t> columns_with_room(const std::vector<std::size_t>& widths,
                                           const std::vector<std::size_t>& spare, std::size_t longest,
                                           std::size_t indent, std::size_t width) {
  std::vector<std::size_t> shown(widths.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  const std::size_t last = std::min(widths.back(), std::max(kRoomForLast, longest));
  const auto taken = [&] {
    std::size_t sum = indent + last;
    for (std::size_t i = 0; i + 1 < shown.size(); ++i) sum += widths[shown[i]] + 2;
    return sum;
  };
  for (const std::size_t column : spare) {
    if (width == 0 || taken() <= width) break;
    std::erase(shown, column);
  }
  return shown;
}

std::string to_string(const EndpointAddress& address) {
  std::string text = to_string(address.ip);
  if (!address.ip.is_v4()) text = '[' + text + ']';
  return text.append(1, ':').append(std::to_string(address.port));
}

std::string printable(std::string_view text) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(character.size());
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(character.front())));
      continue;
    }
    const char32_t c = code_point(character);
    if (!is_deceptive(c))
      out += character;
    else if (c < 0x80)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
  }
  return out;
}

std::string markdown_text(std::string_view text) {
  const std::string shown = printable(text);
  const auto in_word = [&shown](std::size_t at) {
    return at < shown.size() && std::isalnum(static_cast<unsigned char>(shown[at])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const bool inside = shown[i] == '_' && i > 0 && in_word(i - 1) && in_word(i + 1);
    if (!inside && std::string_view("\\`*_{}[]<>|#").find(shown[i]) != std::string_view::npos) out += '\\';
    out += shown[i];
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  std::string shown = printable(text);
  std::size_t longest = 0, run = 0;
  for (const char c : shown) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  // A table takes "|" for its own within code too.
  for (std::size_t at = 0; (at = shown.find('|', at)) != std::string::npos; at += 2)
    shown.insert(at, 1, '\\');
  const std::string fence(longest + 1, '`');
  const std::string room = shown.starts_with('`') || shown.ends_with('`') ? " " : "";
  return fence + room + shown + room + fence;
}

Table::Table(std::vector<std::string> header, std::vector<std::size_t> right) : right_(std::move(right)) {
  rows_.push_back(std::move(header));
  below_.emplace_back();
}

void Table::add(std::vector<std::string> row, std::string below) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
  below_.push_back(std::move(below));
}

bool Table::flush_right(std::size_t column) const {
  return std::find(right_.begin(), right_.end(), column) != right_.end();
}

std::vector<std::size_t> Table::spare_columns() const {
  std::vector<std::size_t> out;
  for (const std::string& name : spare_) {
    const auto found = std::find(rows_[0].begin(), rows_[0].end(), name);
    if (found != rows_[0].end()) out.push_back(static_cast<std::size_t>(found - rows_[0].begin()));
  }
  return out;
}

std::string Table::text(const TextStyle& style, std::size_t indent) const {
  std::vector<std::size_t> widths(rows_[0].size());
  std::size_t longest = 0;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
    longest = std::max(longest, longest_word(row.back()));
  }
  const std::vector<std::size_t> shown =
      columns_with_room(widths, spare_columns(), longest, indent, style.width);
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    const bool header = r == 0;
    std::vector<std::string> cells;
    for (const std::size_t i : shown) {
      const std::string& cell = rows_[r][i];
      const bool last = i == shown.back();
      cells.push_back(flush_right(i) ? padded_left(cell, widths[i]) : last ? cell : padded(cell, widths[i]));
    }
    std::string row = table_row(cells, indent, style.width);
    if (header) std::transform(row.begin(), row.end(), row.begin(), capital);
    out += (header ? style.paint(Paint::Bold, row) : row) + '\n';
    if (!below_[r].empty()) out += std::string(indent + 4, ' ') + below_[r] + '\n';
  }
  return out;
}

std::string Table::markdown(const std::vector<std::size_t>& code) const {
  const auto line = [&code](const std::vector<std::string>& row, bool header) {
    std::string out = "|";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool as_code = !header && !row[i].empty() && std::find(code.begin(), code.end(), i) != code.end();
      out += fmt::format(" {} |", as_code ? markdown_code(row[i]) : markdown_text(row[i]));
    }
    return out + '\n';
  };
  std::string out = line(rows_.front(), true) + '|';
  for (std::size_t i = 0; i < rows_.front().size(); ++i) out += flush_right(i) ? "--:|" : "---|";
  out += '\n';
  for (std::size_t r = 1; r < rows_.size(); ++r) out += line(rows_[r], false);
  return out;
}

}  // namespace tcpautopsy
