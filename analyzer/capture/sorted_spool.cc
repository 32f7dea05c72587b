#include "analyzer/capture/sorted_spool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <queue>
#include <system_error>
#include <utility>

namespace tcpautopsy {
namespace {

struct Lengths {
  std::uint32_t key, line;
};

[[noreturn]] void fail(const char* doing) { throw std::system_error(errno, std::generic_category(), doing); }

}  // namespace

// Reads one run with pread(2), so that runs share the file without sharing its position.
class SortedSpool::RunReader {
 public:
  RunReader(int fd, Run run, std::size_t rank) : fd_(fd), run_(run), rank_(rank) {}

  bool next() {
    Lengths lengths{};
    if (!fill(sizeof lengths)) return false;
    std::memcpy(&lengths, block_.get() + at_, sizeof lengths);
    const std::size_t whole = sizeof lengths + lengths.key + lengths.line;
    fill(whole);
    key_ = {block_.get() + at_ + sizeof lengths, lengths.key};
    line_ = {key_.data() + key_.size(), lengths.line};
    at_ += whole;
    return true;
  }
  std::string_view line() const { return line_; }
  std::string_view key() const { return key_; }
  bool after(const RunReader& other) const {
    return key_ != other.key_ ? key_ > other.key_ : rank_ > other.rank_;
  }

 private:
  // Makes `count` octets from `at_` on available; false only at the run's end.
  bool fill(std::size_t count) {
    if (end_ - at_ >= count) return true;
    if (end_ == at_ && run_.offset == run_.end) return false;
    move_to_front(count);
    const std::size_t want = std::min(size_ - end_, static_cast<std::size_t>(run_.end - run_.offset));
    for (const std::size_t full = end_ + want; end_ < full;) {
      const ssize_t n = pread(fd_, block_.get() + end_, full - end_, static_cast<off_t>(run_.offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("temporary file");
      end_ += static_cast<std::size_t>(n);
      run_.offset += static_cast<std::uint64_t>(n);
    }
    return true;
  }

  // What is left stands first in a block with room for `count` octets.
  void move_to_front(std::size_t count) {
    end_ -= at_;
    if (count <= size_) {
      std::memmove(block_.get(), block_.get() + at_, end_);
    } else {
      size_ = std::max(count, kBlock);
      auto larger = std::make_unique_for_overwrite<char[]>(size_);
      std::copy_n(block_.get() + at_, end_, larger.get());
      block_ = std::move(larger);
    }
    at_ = 0;
  }

  static constexpr std::size_t kBlock = 1 << 16;
  int fd_;
  Run run_;
  std::size_t rank_;
  std::unique_ptr<char[]> block_;
  std::size_t size_ = 0, at_ = 0, end_ = 0;  // of the block, of what is handed out, of what was read
  std::string_view key_, line_;
};

// The runs as one.
class SortedSpool::Merge {
 public:
  Merge(int fd, const std::vector<Run>& runs) {
    readers_.reserve(runs.size());
    for (const Run& run : runs) {
      readers_.push_back(std::make_unique<RunReader>(fd, run, readers_.size()));
      if (readers_.back()->next()) queue_.push(readers_.back().get());
    }
  }

  // Up to the first key that is not below `key`; null for no end.
  void run(const std::string_view* key, const std::function<void(std::string_view)>& each) {
    while (!queue_.empty() && (key == nullptr || queue_.top()->key() < *key)) {
      RunReader* const first = queue_.top();
      queue_.pop();
      each(first->line());
      if (first->next()) queue_.push(first);
    }
  }

 private:
  struct Later {
    bool operator()(const RunReader* a, const RunReader* b) const { return a->after(*b); }
  };
  std::vector<std::unique_ptr<RunReader>> readers_;
  std::priority_queue<RunReader*, std::vector<RunReader*>, Later> queue_;
};

SortedSpool::SortedSpool(std::size_t memory) : memory_(memory) {}

SortedSpool::~SortedSpool() {
  if (file_ != nullptr) std::fclose(file_);
}

std::string SortedSpool::number_key(std::uint64_t number) {
  std::string key(8, '\0');
  for (std::size_t i = 8; i-- > 0; number >>= 8) key[i] = static_cast<char>(number & 0xFF);
  return key;
}

// Of what is allowed lines have three quarters, and what tells where they stand has one. Both grow to their
// share and no further, so that growing at its end costs no copy for each line.
void SortedSpool::add(std::string_view key, std::string_view line) {
  const std::size_t most = memory_ / 4 * 3, most_held = memory_ / 4 / sizeof(Held);
  const std::size_t own = sizeof(Lengths) + key.size() + line.size();
  if (!held_.empty() && (text_.size() + own > most || held_.size() >= most_held)) spill();
  const std::size_t needed = text_.size() + own;
  if (needed > text_.capacity()) {
    std::string larger;  // reserve() of one that holds something may double it instead
    larger.reserve(std::max(needed, std::min(2 * needed, most)));
    text_.swap(larger.append(text_));
  }
  if (held_.size() == held_.capacity())
    held_.reserve(std::max(held_.size() + 1, std::min(2 * held_.size() + 16, most_held)));
  const Lengths lengths{static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(line.size())};
  held_.push_back({text_.size(), lengths.key, lengths.line});
  text_.append(reinterpret_cast<const char*>(&lengths), sizeof lengths).append(key).append(line);
}

std::size_t SortedSpool::octets() const { return text_.capacity() + held_.capacity() * sizeof(Held); }

std::string_view SortedSpool::key_of(const Held& held) const {
  return std::string_view(text_).substr(held.offset + sizeof(Lengths), held.key);
}

std::string_view SortedSpool::line_of(const Held& held) const {
  return std::string_view(text_).substr(held.offset + sizeof(Lengths) + held.key, held.line);
}

// Tells whether they stand in the order in which they were added.
bool SortedSpool::sort_held() {
  const auto before = [this](const Held& a, const Held& b) { return key_of(a) < key_of(b); };
  // Often they come in order, or all have one key.
  if (std::is_sorted(held_.begin(), held_.end(), before)) return true;
  std::stable_sort(held_.begin(), held_.end(), before);
  return false;
}

void SortedSpool::spill() {
  if (file_ == nullptr) file_ = std::tmpfile();
  if (file_ == nullptr) fail("temporary file");
  const auto write = [this](std::string_view part) {
    if (std::fwrite(part.data(), part.size(), 1, file_) != 1) fail("temporary file");
    written_ += part.size();
  };
  const std::uint64_t begin = written_;
  if (sort_held()) {
    write(text_);
  } else {
    for (const Held& held : held_)
      write(std::string_view(text_).substr(held.offset, sizeof(Lengths) + held.key + held.line));
  }
  if (std::fflush(file_) != 0) fail("temporary file");
  runs_.push_back({begin, written_});
  held_.clear();
  text_.clear();
}

void SortedSpool::begin_draining() {
  if (std::exchange(draining_, true)) return;
  if (runs_.empty()) {
    sort_held();
    return;
  }
  if (!held_.empty()) spill();
  merge_ = std::make_unique<Merge>(fileno(file_), runs_);
}

void SortedSpool::drain_below(std::string_view key, const std::function<void(std::string_view)>& each) {
  begin_draining();
  if (merge_) return merge_->run(&key, each);
  for (; drained_ < held_.size() && key_of(held_[drained_]) < key; ++drained_) each(line_of(held_[drained_]));
}

void SortedSpool::drain(const std::function<void(std::string_view)>& each) {
  begin_draining();
  if (merge_) merge_->run(nullptr, each);
  for (; drained_ < held_.size(); ++drained_) each(line_of(held_[drained_]));
  draining_ = false;
  drained_ = 0;
  merge_.reset();
  held_.clear();
  text_.clear();
  runs_.clear();
}

}  // namespace tcpautopsy
