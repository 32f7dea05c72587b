#include "analyzer/batch/row_spool.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace tcpautopsy::batch {
namespace {

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category(), "temporary file"); }

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_row(std::string& out, const std::vector<Cell>& row) {
  out += static_cast<char>(row.size());
  for (const Cell& cell : row) {
    out += static_cast<char>(cell.index());
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      append_number(out, static_cast<std::uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string_view>(&cell)) {
      append_number(out, text->size());
      out += *text;
    }
  }
}

std::uint64_t take_number(std::string_view& from) {
  std::uint64_t number = 0;
  std::memcpy(&number, from.data(), sizeof number);
  from.remove_prefix(sizeof number);
  return number;
}

void take_row(std::string_view from, std::vector<Cell>& row) {
  row.resize(static_cast<unsigned char>(from.front()));
  from.remove_prefix(1);
  for (Cell& cell : row) {
    const char kind = from.front();
    from.remove_prefix(1);
    if (kind == 1) {
      cell = static_cast<std::int64_t>(take_number(from));
    } else if (kind == 2) {
      const std::uint64_t size = take_number(from);
      cell = from.substr(0, size);
      from.remove_prefix(size);
    } else {
      cell = nullptr;
    }
  }
}

}  // namespace

RowSpool::~RowSpool() {
  if (file_ != nullptr) std::fclose(file_);
}

RowSpool::RowSpool(RowSpool&& other) noexcept
    : memory_(other.memory_),
      text_(std::move(other.text_)),
      file_(std::exchange(other.file_, nullptr)),
      spilled_(std::exchange(other.spilled_, 0)) {}

RowSpool& RowSpool::operator=(RowSpool&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(text_, other.text_);
  std::swap(file_, other.file_);
  std::swap(spilled_, other.spilled_);
  return *this;
}

void RowSpool::add(const std::vector<Cell>& row) {
  const std::size_t head = text_.size();
  append_number(text_, 0);
  append_row(text_, row);
  const std::uint64_t length = text_.size() - head - sizeof(std::uint64_t);
  std::memcpy(text_.data() + head, &length, sizeof length);
  if (text_.size() > memory_) spill();
}

void RowSpool::spill() {
  if (file_ == nullptr) file_ = std::tmpfile();
  if (file_ == nullptr || std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size()) fail();
  spilled_ += text_.size();
  text_.clear();
}

void RowSpool::each(const std::function<void(std::vector<Cell>&)>& use) const {
  std::vector<Cell> row;
  if (file_ != nullptr) {
    if (std::fflush(file_) != 0 || std::fseek(file_, 0, SEEK_SET) != 0) fail();
    std::string held;
    std::uint64_t length = 0;
    while (std::fread(&length, sizeof length, 1, file_) == 1) {
      held.resize(length);
      if (std::fread(held.data(), 1, held.size(), file_) != held.size()) fail();
      take_row(held, row);
      use(row);
    }
    if (std::ferror(file_) != 0) fail();
  }
  for (std::string_view left = text_; !left.empty();) {
    const std::uint64_t length = take_number(left);
    take_row(left.substr(0, length), row);
    use(row);
    left.remove_prefix(length);
  }
}

}  // namespace tcpautopsy::batch
