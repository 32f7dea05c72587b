#include "analyzer/api/streams.h"

#include "analyzer/api/values.h"
#include "analyzer/reassembly/reassembly.h"

namespace tcpautopsy::v1 {

class Streams::Followed : public StreamListener {
 public:
  Followed(StreamReader& reader, StreamFlow flow, Side first)
      : reader_(reader), flow_(std::move(flow)), first_(first), reassembly_({}, *this) {}

  void add(const TcpSegment& segment, const FrameRef& frame, Side sender) {
    reassembly_.add(segment, frame, sender);
  }
  void finish() {
    reassembly_.finish();
    reader_.end(flow_);
  }

  void data(const StreamChunk& chunk) override {
    reader_.data(flow_, {place(chunk.sender), chunk.offset, chunk.octets, frame_of(chunk.frame),
                         frame_of(chunk.delivered)});
  }
  void gap(const tcpautopsy::StreamGap& gap) override {
    reader_.gap(flow_, {place(gap.sender), gap.offset, gap.length, tcpautopsy::name(gap.reason)});
  }
  void conflict(const tcpautopsy::StreamConflict& conflict) override {
    reader_.conflict(flow_, {place(conflict.sender), conflict.offset, conflict.differ,
                             frame_of(conflict.kept), frame_of(conflict.other)});
  }

 private:
  std::size_t place(Side side) const { return side == first_ ? 0 : 1; }

  StreamReader& reader_;
  const StreamFlow flow_;
  const Side first_;
  StreamReassembly reassembly_;
};

Streams::Streams(StreamReader& reader) : reader_(reader) {}
Streams::~Streams() = default;

void Streams::add(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  const auto [entry, fresh] = live_.try_emplace(flow);
  if (fresh) {
    StreamFlow named{flow, {address_of(segment.source), address_of(segment.destination)}};
    if (reader_.wants(named)) entry->second = std::make_unique<Followed>(reader_, std::move(named), sender);
  }
  if (entry->second) entry->second->add(segment, frame, sender);
}

void Streams::end(std::uint64_t flow) {
  const auto entry = live_.find(flow);
  if (entry == live_.end()) return;
  if (entry->second) entry->second->finish();
  live_.erase(entry);
}

StreamReader::~StreamReader() = default;
bool StreamReader::wants(const StreamFlow&) { return true; }
void StreamReader::gap(const StreamFlow&, const StreamGap&) {}
void StreamReader::conflict(const StreamFlow&, const StreamConflict&) {}
void StreamReader::end(const StreamFlow&) {}

}  // namespace tcpautopsy::v1
