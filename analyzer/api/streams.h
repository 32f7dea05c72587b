// The connections whose bytes a StreamReader takes.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"
#include "tcpautopsy/stream.h"

namespace tcpautopsy::v1 {

class Streams {
 public:
  explicit Streams(StreamReader& reader);
  ~Streams();

  void add(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame);
  // It is over.
  void end(std::uint64_t flow);

 private:
  class Followed;

  StreamReader& reader_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Followed>> live_;  // null: not wanted
};

}  // namespace tcpautopsy::v1
