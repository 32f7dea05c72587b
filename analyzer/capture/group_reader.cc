#include <algorithm>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_set.h"
#include "analyzer/capture/stop_reading.h"

namespace tcpautopsy {

struct GroupReader::Input {
  explicit Input(std::uint64_t most_expansion) : own_shelf(most_expansion) {}

  std::size_t rank = 0;
  std::string path;
  MemberShelf own_shelf;  // merged
  std::unique_ptr<CaptureSource> source;
  Frame frame;                      // merged: the next one of this file
  std::optional<CaptureInfo> info;  // once read to its end
  std::optional<Damage> damage;
  std::uint64_t taken_in_all = 0;  // once read to its end

  void finish() {
    taken_in_all = source->taken();
    info = source->info();
    damage = source->damage();
    source.reset();
  }
};

GroupReader::GroupReader(const CaptureGroup& group, const std::vector<std::string>& paths,
                         const std::string& filter, MemberShelf& shelf)
    : merged_(group.merged), filter_(filter), shelf_(shelf) {
  for (const std::size_t file : group.files) {
    inputs_.emplace_back(shelf.most_expansion());
    inputs_.back().rank = file;
    inputs_.back().path = paths[file];
  }
  if (merged_) {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (open(inputs_[i])) enqueue(i);
  } else {
    while (current_ < inputs_.size() && !open(inputs_[current_])) ++current_;
  }
  if (errors_.size() == inputs_.size() && !errors_.empty()) throw CaptureError(errors_.front().message);
}

GroupReader::~GroupReader() = default;

bool GroupReader::open(Input& input) {
  try {
    input.source = CaptureSource::open(input.path, filter_, merged_ ? &input.own_shelf : &shelf_);
    return true;
  } catch (const CaptureError& error) {
    errors_.push_back({input.rank, error.what()});
    return false;
  }
}

bool GroupReader::next(Frame& frame, std::uint32_t& file) {
  if (merged_) return next_by_time(frame, file);
  if (reading_ == nullptr || !reading_->next(frame)) return next_in_sequence(frame, file);
  file = reading_rank_;
  return true;
}

// The file that was being read, if any, is at its end.
bool GroupReader::next_in_sequence(Frame& frame, std::uint32_t& file) {
  if (reading_ != nullptr) inputs_[current_++].finish();
  for (; current_ < inputs_.size() && !reading_stopped(); ++current_) {
    // One at a time: a rotated capture may have more files than a process may hold open.
    Input& input = inputs_[current_];
    if (!input.source && !open(input)) continue;
    reading_ = input.source.get();
    reading_rank_ = file = static_cast<std::uint32_t>(input.rank);
    if (reading_->next(frame)) return true;
    input.finish();
  }
  reading_ = nullptr;
  return false;
}

// The input handed out last moves on only now: its frame had to live until this call.
bool GroupReader::next_by_time(Frame& frame, std::uint32_t& file) {
  if (given_) enqueue(*given_);
  given_.reset();
  if (queue_.empty()) return false;
  std::pop_heap(queue_.begin(), queue_.end(),
                [this](std::size_t a, std::size_t b) { return comes_later(a, b); });
  given_ = queue_.back();
  queue_.pop_back();
  frame = inputs_[*given_].frame;
  file = static_cast<std::uint32_t>(inputs_[*given_].rank);
  return true;
}

void GroupReader::enqueue(std::size_t index) {
  Input& input = inputs_[index];
  if (!input.source->next(input.frame)) {
    input.finish();
    return;
  }
  queue_.push_back(index);
  std::push_heap(queue_.begin(), queue_.end(),
                 [this](std::size_t a, std::size_t b) { return comes_later(a, b); });
}

// Among equal times the order of the inputs decides, so that a run can be repeated.
bool GroupReader::comes_later(std::size_t a, std::size_t b) const {
  const std::int64_t time_a = inputs_[a].frame.time_ns, time_b = inputs_[b].frame.time_ns;
  return time_a != time_b ? time_a > time_b : a > b;
}

std::vector<Damage> GroupReader::damages() const {
  std::vector<Damage> found;
  for (const Input& input : inputs_)
    if (input.damage) found.push_back(*input.damage);
  return found;
}

std::uint64_t GroupReader::taken() const {
  std::uint64_t sum = 0;
  for (const Input& input : inputs_) sum += input.source ? input.source->taken() : input.taken_in_all;
  return sum;
}

std::vector<CaptureInfo> GroupReader::infos() const {
  std::vector<CaptureInfo> found;
  for (const Input& input : inputs_)
    if (input.info) found.push_back(*input.info);
  return found;
}

}  // namespace tcpautopsy
