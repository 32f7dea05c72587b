#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "analyzer/transfer/ack_trail.h"
#include "analyzer/transfer/send_log.h"
#include "analyzer/transfer/send_order.h"

using namespace tcpautopsy;

namespace {

// A log that remembers each octet.
struct EachOctet {
  struct Octet {
    TimeNs sent_ns;
    int times;
  };
  std::map<StreamOffset, Octet> octets;

  void sent(StreamOffset begin, std::uint32_t length, TimeNs now) {
    for (StreamOffset at = begin; at < begin + length; ++at) {
      Octet& octet = octets.try_emplace(at, Octet{0, 0}).first->second;
      octet = {now, octet.times + 1};
    }
  }
};

void send(SendLog& log, StreamOffset begin, std::uint32_t length, TimeNs now) {
  TcpSegment segment;
  segment.flags = kAck;
  segment.payload_length = length;
  PlacedSegment placed{segment, FrameRef{0, 1, now}};
  placed.seq = begin;
  log.sent(placed);
}

}  // namespace

TEST_CASE("the log of what was sent agrees with one that remembers each octet") {
  const auto seed = GENERATE(range(1U, 60U));
  std::mt19937 random(seed);
  const auto pick = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  SendLog log;
  EachOctet model;
  StreamOffset next = 1, una = 1, missing = 0, told_missing = 0;
  TimeNs now = 0;
  for (int i = 0; i < 400; ++i) {
    ++now;
    const std::uint32_t length = 1 + pick(20);
    StreamOffset begin = next;
    if (pick(4) == 0 && next > una) begin = una + pick(static_cast<std::uint32_t>(next - una));
    if (pick(10) == 0) begin = next + pick(15);
    send(log, begin, length, now);
    model.sent(begin, length, now);
    next = std::max(next, begin + length);
    if (pick(3) == 0 && next > una) {
      const StreamOffset to = una + 1 + pick(static_cast<std::uint32_t>(next - una));
      StreamOffset gap = 0;
      for (; una < to; ++una) {
        gap = model.octets.contains(una) ? 0 : gap + 1;
        missing += model.octets.contains(una) ? 0 : 1;
      }
      const SendLog::Acknowledged taken = log.acknowledge(to);
      told_missing += taken.unseen_end - taken.unseen_begin;
    }
    for (StreamOffset at = una; at < next + 3; ++at) {
      const SendLog::Entry* entry = log.find(at);
      const auto known = model.octets.find(at);
      REQUIRE((entry != nullptr) == (known != model.octets.end()));
      if (entry == nullptr) continue;
      REQUIRE(entry->begin <= at);
      REQUIRE(at < entry->end());
      REQUIRE(entry->sent_ns == known->second.sent_ns);
      REQUIRE(int{entry->times} == known->second.times);
    }
  }
  CHECK(told_missing <= missing);  // one ACK tells one stretch, the last
}

TEST_CASE("the log stays small whatever it is fed") {
  SendLog log;
  // Alternate octets, so that nothing can be joined.
  for (StreamOffset at = 1; at < 20000; at += 2) send(log, at, 1, at);
  REQUIRE(log.find(19999) != nullptr);
  CHECK(log.find(19999)->sent_ns == 19999);
  CHECK(log.find(1) == nullptr);
  // In order: neighbours are joined, and all is still known.
  SendLog bulk;
  for (StreamOffset i = 0; i < 10000; ++i) send(bulk, 1 + i * 100, 100, i);
  REQUIRE(bulk.find(1) != nullptr);
  REQUIRE(bulk.find(1000000) != nullptr);
  CHECK(bulk.find(1)->length > 100);
  CHECK(bulk.find(1000000)->sent_ns == 9999);
}

TEST_CASE("an acknowledgment takes off what it covers, and tells what was never seen") {
  SendLog log;
  send(log, 1, 100, 10);
  send(log, 101, 100, 20);
  send(log, 301, 100, 30);  // 201 to 300 are not seen
  SendLog::Acknowledged taken = log.acknowledge(150);
  CHECK(taken.entries == 1);
  CHECK(taken.last.sent_ns == 10);
  taken = log.acknowledge(401);
  CHECK(taken.entries == 2);
  CHECK_FALSE(taken.repeated);
  CHECK(taken.last.sent_ns == 30);
  CHECK(taken.unseen_begin == 201);
  CHECK(taken.unseen_end == 301);
  taken = log.acknowledge(501);  // beyond all that was seen
  CHECK_FALSE(taken.any);
  CHECK(taken.unseen_begin == 401);
  CHECK(taken.unseen_end == 501);
  send(log, 501, 100, 40);
  send(log, 501, 100, 50);
  taken = log.acknowledge(601);
  CHECK(taken.repeated);
  CHECK(taken.last.sent_ns == 50);
  REQUIRE(log.find(350) != nullptr);  // acknowledged, and remembered for a while
}

TEST_CASE("stretches told by SACK are joined, bounded and forgotten") {
  SackBoard board;
  CHECK(board.add(200, 300, 5));
  CHECK_FALSE(board.add(220, 280, 6));
  CHECK(board.add(300, 400, 7));
  CHECK(board.holds(200, 400));
  CHECK(board.above_since(100) == 5);
  CHECK(board.above_since(201) == -1);
  CHECK(board.add(600, 700, 9));
  CHECK(board.above_since(400) == 9);
  CHECK(board.above_since(200) == 5);
  CHECK(board.add(350, 650, 10));
  CHECK(board.holds(200, 700));
  board.acknowledge(700);
  CHECK(board.empty());
  for (StreamOffset i = 0; i < 100; ++i) board.add(i * 10, i * 10 + 5, i);
  CHECK(board.holds(990, 995));
  CHECK_FALSE(board.holds(0, 5));
}

TEST_CASE("the order of sending is told by the clock, else by a counter that counts") {
  SendOrder order;
  const auto packet = [](std::uint32_t id, std::int64_t ts = -1) {
    TcpSegment s;
    s.has_ip_id = true;
    s.ip_id = id;
    s.options.has_timestamps = ts >= 0;
    s.options.ts_val = static_cast<std::uint32_t>(ts);
    return s;
  };
  for (const std::uint32_t id : {65533U, 65534U, 65535U, 1U}) order.sent(packet(id), false);
  CHECK(order.ids_count());
  CHECK(order.place(packet(65535)) == SendOrder::Place::Earlier);
  CHECK(order.place(packet(2)) == SendOrder::Place::Later);
  CHECK(order.place(packet(0)) == SendOrder::Place::Unknown);
  order.sent(packet(2, 1000), false);
  CHECK(order.place(packet(3, 999)) == SendOrder::Place::Earlier);
  CHECK(order.place(packet(1, 1001)) == SendOrder::Place::Later);
  SendOrder random;
  for (const std::uint32_t id : {4000U, 60000U, 3U, 31000U, 9000U, 52000U}) random.sent(packet(id), false);
  CHECK_FALSE(random.ids_count());
  CHECK(random.place(packet(9001)) == SendOrder::Place::Unknown);
}
