// A connection fed to reassembly segment by segment, and a log of what it tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/reassembly/reassembly.h"

namespace tcpautopsy {

inline constexpr std::uint32_t kIss = 0xFFFFFFF0U, kPeerIss = 7000;

// "frame: octets" for data, "frame: [length reason]" for a gap, "frame: kept/other at offset x n".
class Log : public StreamListener {
 public:
  void data(const StreamChunk& chunk) override {
    const std::string text(chunk.octets.begin(), chunk.octets.end());
    lines.push_back(side(chunk.sender) + std::to_string(chunk.offset) + " " + text + " frame " +
                    std::to_string(chunk.frame.number) + " by " + std::to_string(chunk.delivered.number));
    (chunk.sender == Side::A ? from_a : from_b) += text;
  }
  void gap(const StreamGap& gap) override {
    static constexpr std::string_view kReasons[]{"not captured", "snap length", "given up"};
    lines.push_back(side(gap.sender) + std::to_string(gap.offset) + " gap " + std::to_string(gap.length) +
                    " " + std::string(kReasons[static_cast<std::size_t>(gap.reason)]));
  }
  void conflict(const StreamConflict& c) override {
    lines.push_back(side(c.sender) + std::to_string(c.offset) + " conflict " + std::to_string(c.differ) +
                    " kept " + std::to_string(c.kept.number) + " not " + std::to_string(c.other.number));
  }

  std::vector<std::string> lines;
  std::string from_a, from_b;

 private:
  static std::string side(Side s) { return s == Side::A ? "A " : "B "; }
};

// A connection of which A's stream is looked at. Offsets count from the first octet.
struct Connection {
  explicit Connection(ReassemblyOptions options = {}) : reassembly(options, log) {}

  TcpSegment segment(Side side, std::uint32_t seq, std::uint32_t ack, unsigned flags,
                     std::string_view payload) {
    TcpSegment s;
    s.source.port = side == Side::A ? 40000 : 80;
    s.destination.port = side == Side::A ? 80 : 40000;
    s.seq = Seq(seq);
    s.ack = Seq(ack);
    s.flags = static_cast<std::uint16_t>(flags);
    s.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    s.payload_length = static_cast<std::uint32_t>(payload.size());
    s.checksum = Checksum::Good;
    return s;
  }
  void add(const TcpSegment& s, Side side) { reassembly.add(s, {0, ++frame, 0}, side); }
  static std::uint32_t at(std::int64_t offset) { return kIss + 1 + static_cast<std::uint32_t>(offset); }

  void syn(std::string_view payload = {}) { add(segment(Side::A, kIss, 0, kSyn, payload), Side::A); }
  void syn_ack(std::int64_t ack = 0) { add(segment(Side::B, kPeerIss, at(ack), kSyn | kAck, {}), Side::B); }
  void open() {
    syn();
    syn_ack();
  }
  TcpSegment from_a(std::int64_t offset, std::string_view payload, unsigned flags = kAck | kPsh) {
    return segment(Side::A, at(offset), kPeerIss + 1, flags, payload);
  }
  void data(std::int64_t offset, std::string_view payload, unsigned flags = kAck | kPsh) {
    add(from_a(offset, payload, flags), Side::A);
  }
  void ack(std::int64_t offset) { add(segment(Side::B, kPeerIss + 1, at(offset), kAck, {}), Side::B); }
  void answer(std::string_view payload, std::int64_t acks) {
    add(segment(Side::B, kPeerIss + 1, at(acks), kAck | kPsh, payload), Side::B);
  }
  const StreamSummary& finish() {
    reassembly.finish();
    return reassembly.summary(Side::A);
  }

  Log log;
  std::uint64_t frame = 0;
  StreamReassembly reassembly;
};

using Lines = std::vector<std::string>;

}  // namespace tcpautopsy
