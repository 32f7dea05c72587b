#include "analyzer/report/json/csv_writer.h"

namespace tcpautopsy {

// The outermost object has no name and adds none.
void CsvWriter::begin_object() {}

void CsvWriter::end_object() {
  if (!path_.empty()) path_.pop_back();
}

void CsvWriter::begin_array() {
  in_array_ = true;
  list_.clear();
}

void CsvWriter::end_array() {
  in_array_ = false;
  cell(list_);
}

void CsvWriter::key(std::string_view name) { path_.push_back(name); }

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
