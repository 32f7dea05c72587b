#include "cli/line_sink.h"

#include <algorithm>

namespace tcpautopsy::cli {
namespace {

constexpr std::size_t kUsualRow = 160;
constexpr char kCellEnd = '\x1f';  // cells hold no control characters

}  // namespace

LineSink::LineSink(const Options& options, std::vector<std::string> columns, std::vector<std::size_t> right,
                   std::vector<std::size_t> spare)
    : unordered_(options.unordered),
      table_(options.format == "table"),
      out_(options),
      style_(text_style(options, out_)),
      columns_(std::move(columns)),
      right_(std::move(right)),
      spare_(std::move(spare)) {
  for (const std::string& column : columns_) widths_.push_back(tcpautopsy::columns(column));
}

void LineSink::line(std::string_view key, std::string_view text, std::string_view tail) {
  if (in_order_) spool_.drain_below(key, [this](std::string_view before) { out_.line(before); });
  if (unordered_ || in_order_)
    out_.line(text);
  else if (tail.empty())
    spool_.add(key, text);
  else
    spool_.add(key, std::string(text).append(tail));
}

void LineSink::end_in_order() {
  if (!in_order_) return;
  spool_.drain([this](std::string_view left) { out_.line(left); });
  in_order_ = false;
}

void LineSink::row(std::string_view key, const std::vector<std::string>& cells, std::string_view tail) {
  std::string joined;
  joined.reserve(kUsualRow);
  longest_word_ = std::max(longest_word_, longest_word(cells.back()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], tcpautopsy::columns(cells[i]));
    joined += cells[i];
    joined += kCellEnd;
  }
  if (unordered_)
    put_row(joined);
  else
    spool_.add(key, joined.append(tail));
}

void LineSink::put_row(std::string_view joined) {
  if (!headed_) {
    headed_ = true;
    std::string names;
    for (const std::string& column : columns_) names += column + kCellEnd;
    put_row(names);
  }
  const std::size_t width = in_full(style_).width;
  const auto shown = columns_with_room(widths_, spare_, longest_word_, 0, width);
  std::vector<std::string> cells;
  for (std::size_t i = 0; !joined.empty(); ++i) {
    const std::size_t end = joined.find(kCellEnd);
    const std::string_view cell = joined.substr(0, end);
    joined.remove_prefix(end + 1);
    if (std::find(shown.begin(), shown.end(), i) == shown.end()) continue;
    const bool flush_right = std::find(right_.begin(), right_.end(), i) != right_.end();
    cells.push_back(flush_right      ? padded_left(cell, widths_[i])
                    : joined.empty() ? std::string(cell)
                                     : padded(cell, widths_[i]));
  }
  out_.line(table_row(cells, 0, width));
}

void LineSink::finish(const std::function<bool(std::string&)>& last) {
  const auto put = [this](std::string_view text) { table_ ? put_row(text) : out_.line(text); };
  std::string changed;
  spool_.drain([&](std::string_view spooled) {
    if (!last) return put(spooled);
    changed = spooled;
    if (last(changed)) put(changed);
  });
  out_.close();
}

}  // namespace tcpautopsy::cli
