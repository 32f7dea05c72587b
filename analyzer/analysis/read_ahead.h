// Reads and decodes frames on a thread of its own, ahead of who follows the segments in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>

#include "analyzer/analysis/channel.h"
#include "analyzer/decode/decoder.h"
#include "analyzer/seq/frame_ref.h"

namespace tcpautopsy {

struct DecodedFrame {
  FrameRef frame;
  Decoded decoded;  // a segment's payload is stand_in_payload(): its octets are gone
};

class ReadAhead {
 public:
  // The next frame and the rank of its file; false at the end. Called on the other thread only, as `decoder`
  // is used there only until next() has returned null.
  using Next = std::function<bool(Frame&, std::uint32_t& file)>;

  ReadAhead(Next next_frame, Decoder& decoder);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // Good until the next call; null at the end. Throws what reading throws, after the frames read before.
  const DecodedFrame* next();

 private:
  static constexpr std::size_t kBatch = 256;

  void run();
  void read_all();

  Next next_frame_;
  Decoder& decoder_;
  Channel<DecodedFrame> channel_;
  Channel<DecodedFrame>::Batch batch_;
  std::size_t at_ = 0;
  std::exception_ptr failed_;
  std::thread thread_;
};

}  // namespace tcpautopsy
