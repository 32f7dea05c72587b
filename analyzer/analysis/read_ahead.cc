#include "analyzer/analysis/read_ahead.h"

#include <utility>

#include "analyzer/decode/stand_in_payload.h"

namespace tcpautopsy {

ReadAhead::ReadAhead(Next next_frame, Decoder& decoder)
    : next_frame_(std::move(next_frame)), decoder_(decoder), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  channel_.shut();
  if (thread_.joinable()) thread_.join();
}

void ReadAhead::run() {
  try {
    read_all();
  } catch (...) {
    failed_ = std::current_exception();
  }
  channel_.end();
}

void ReadAhead::read_all() {
  Frame frame;
  std::uint32_t file = 0;
  Channel<DecodedFrame>::Batch batch;
  const auto hand_on = [&] { return channel_.put(std::exchange(batch, {})); };
  try {
    while (next_frame_(frame, file)) {
      if (batch.capacity() == 0) batch.reserve(kBatch);
      batch.push_back({FrameRef{file, frame.number, frame.time_ns}, decoder_.decode(frame)});
      if (auto* segment = std::get_if<TcpSegment>(&batch.back().decoded))
        segment->payload = stand_in_payload(static_cast<std::uint32_t>(segment->payload.size()));
      if (batch.size() == kBatch && !hand_on()) return;
    }
  } catch (...) {
    hand_on();
    throw;
  }
  hand_on();
}

const DecodedFrame* ReadAhead::next() {
  if (at_ < batch_.size()) return &batch_[at_++];
  at_ = 0;
  batch_.clear();
  while (batch_.empty() && channel_.take(batch_)) continue;
  if (!batch_.empty()) return &batch_[at_++];
  if (thread_.joinable()) thread_.join();
  if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  return nullptr;
}

}  // namespace tcpautopsy
