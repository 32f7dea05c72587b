#include "analyzer/report/json/csv_writer.h"

#include <utility>

#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

std::string no_formula(std::string text) {
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos)
    text.insert(0, 1, '\'');
  return text;
}

}  // namespace

// The outermost object has no name and adds none.
void CsvWriter::begin_object() {}

void CsvWriter::end_object() {
  if (!path_.empty()) path_.pop_back();
}

void CsvWriter::begin_array() {
  in_array_ = true;
  list_holds_text_ = false;
  list_.clear();
}

void CsvWriter::end_array() {
  in_array_ = false;
  cell(list_holds_text_ ? no_formula(std::move(list_)) : list_);
}

void CsvWriter::key(std::string_view name) { path_.push_back(name); }

void CsvWriter::text_cell(std::string_view text) {
  list_holds_text_ = in_array_;
  cell(in_array_ ? printable(text) : no_formula(printable(text)));
}

void CsvWriter::cell(std::string_view text) {
  if (in_array_) {
    if (!list_.empty()) list_ += '|';
    list_ += text;
    return;
  }
  if (line_ == Line::Header) {
    std::string name;
    for (const std::string_view part : path_) {
      if (!name.empty()) name += '.';
      name += part;
    }
    append_cell(name);
  } else {
    append_cell(text);
  }
  if (!path_.empty()) path_.pop_back();
}

void CsvWriter::append_cell(std::string_view text) {
  if (!first_) out_ += ',';
  first_ = false;
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out_ += text;
    return;
  }
  out_ += '"';
  for (const char c : text) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  out_ += '"';
}

}  // namespace tcpautopsy
