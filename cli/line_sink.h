// Lines of NDJSON or CSV, or rows of a table, put out in order or at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/capture/sorted_spool.h"
#include "cli/output.h"

namespace tcpautopsy::cli {

class LineSink {
 public:
  // `columns` names the columns of a table, `right` those set flush right; `spare` are left out in this order
  // where it is too narrow.
  LineSink(const Options& options, std::vector<std::string> columns, std::vector<std::size_t> right,
           std::vector<std::size_t> spare);

  // A line for programs. `tail` goes behind it while it waits.
  void line(std::string_view key, std::string_view text, std::string_view tail = {});
  // A row for people.
  void row(std::string_view key, const std::vector<std::string>& cells, std::string_view tail = {});
  // From now on, until that is ended, lines come in the order of their keys. Lines that came before need not
  // be below them; those that come after it is ended are beyond all.
  void begin_in_order() { in_order_ = !unordered_ && !table_; }
  void end_in_order();
  // What goes before all lines, such as a CSV header.
  void header(std::string_view text) { out_.line(text); }
  // `last` may still change what was put in, and leaves out what it returns false for; only what waited for
  // its turn comes to it.
  void finish(const std::function<bool(std::string& text)>& last = {});

 private:
  void put_row(std::string_view joined);

  bool unordered_, table_, in_order_ = false;
  Output out_;
  SortedSpool spool_;
  TextStyle style_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> right_, spare_, widths_;
  std::size_t longest_word_ = 0;  // of the last column
  bool headed_ = false;
};

// A line in the format asked for: `json`, `csv` append to the string given; `row` returns cells.
template <class Json, class Csv, class Row>
void put(LineSink& sink, const std::string& format, std::string_view key, std::string& scratch, Json json,
         Csv csv, Row row, std::string_view tail = {}) {
  if (format == "table") return sink.row(key, row(), tail);
  scratch.clear();
  if (format == "csv")
    csv(scratch);
  else
    json(scratch);
  sink.line(key, scratch, tail);
}

}  // namespace tcpautopsy::cli
