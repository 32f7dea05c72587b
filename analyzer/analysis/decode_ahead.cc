#include "analyzer/analysis/decode_ahead.h"

#include <utility>

#include "analyzer/decode/stand_in_payload.h"

namespace tcpautopsy {

DecodeAhead::DecodeAhead(const NextFrame& next, Decoder& decoder)
    : next_(next), decoder_(decoder), batches_(kBatches) {
  for (Batch& batch : batches_) {
    batch.items.reserve(kFrames);
    empty_.push_back(&batch);
  }
  thread_ = std::thread([this] { run(); });
}

DecodeAhead::~DecodeAhead() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  emptied_.notify_one();
  thread_.join();
}

DecodeAhead::Batch* DecodeAhead::next() {
  std::unique_lock lock(mutex_);
  if (given_ != nullptr) {
    empty_.push_back(std::exchange(given_, nullptr));
    emptied_.notify_one();
  }
  filled_.wait(lock, [this] { return !full_.empty() || over_; });
  if (!full_.empty()) {
    given_ = full_.front();
    full_.pop_front();
  } else if (failure_) {
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  return given_;
}

void DecodeAhead::run() {
  std::exception_ptr failure;
  bool more = true;
  while (more) {
    Batch* const batch = empty_one();
    if (batch == nullptr) break;
    try {
      more = fill(*batch);
    } catch (...) {
      failure = std::current_exception();
      more = false;
    }
    hand_over(batch);
  }
  end(failure);
}

// False at the end of what is read.
bool DecodeAhead::fill(Batch& batch) {
  batch.items.clear();
  batch.met.clear();
  Frame frame;
  std::uint32_t file = 0;
  while (batch.items.size() < kFrames) {
    if (!next_(frame, file)) return false;
    Item& item = batch.items.emplace_back();
    item.frame = {file, frame.number, frame.time_ns};
    item.decoded = decoder_.decode(frame);
    if (auto* segment = std::get_if<TcpSegment>(&item.decoded)) let_go_of_payload(*segment);
    while (encapsulations_ < decoder_.encapsulations())
      batch.met.push_back(decoder_.encapsulation(static_cast<std::uint32_t>(encapsulations_++)));
  }
  return true;
}

DecodeAhead::Batch* DecodeAhead::empty_one() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return !empty_.empty() || closing_; });
  if (closing_) return nullptr;
  Batch* const batch = empty_.back();
  empty_.pop_back();
  return batch;
}

void DecodeAhead::hand_over(Batch* batch) {
  {
    const std::lock_guard lock(mutex_);
    full_.push_back(batch);
  }
  filled_.notify_one();
}

void DecodeAhead::end(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    over_ = true;
  }
  filled_.notify_one();
}

}  // namespace tcpautopsy
