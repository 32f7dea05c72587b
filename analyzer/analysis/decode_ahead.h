// Frames that a thread of its own reads and decodes, some hundred ahead of who takes them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/decode/decoder.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

class DecodeAhead {
 public:
  struct Item {
    FrameRef frame;
    Decoded decoded;  // its payload is stand_in_payload(), or nothing
  };
  struct Batch {
    std::vector<Item> items;
    std::vector<Encapsulation> met;  // by these for the first time, in the order of their numbers
  };

  // `next` is called on the thread, which alone may use what it reads and `decoder` until next() has given
  // null or this is gone.
  DecodeAhead(const NextFrame& next, Decoder& decoder);
  ~DecodeAhead();
  DecodeAhead(const DecodeAhead&) = delete;
  DecodeAhead& operator=(const DecodeAhead&) = delete;

  // Good until the next call; null at the end. Rethrows what reading threw, once all before it was given.
  Batch* next();

 private:
  static constexpr std::size_t kFrames = 256;  // of a batch
  static constexpr std::size_t kBatches = 4;

  void run();
  bool fill(Batch& batch);
  Batch* empty_one();
  void hand_over(Batch* batch);
  void end(std::exception_ptr failure);

  const NextFrame& next_;
  Decoder& decoder_;
  std::size_t encapsulations_ = 0;  // that were handed over
  std::vector<Batch> batches_;
  Batch* given_ = nullptr;
  std::mutex mutex_;
  std::condition_variable emptied_, filled_;
  std::vector<Batch*> empty_;  // under mutex_, as all below
  std::deque<Batch*> full_;
  std::exception_ptr failure_;
  bool over_ = false, closing_ = false;
  std::thread thread_;  // last, as it uses what is above
};

}  // namespace tcpautopsy
