// Joining halves, handing out, and whatever is thrown at the table.
#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

TEST_CASE("halves that came by different VLANs are joined") {
  Traffic t;
  t.on(1).a(kSyn, 0).on(2).b(kSyn | kAck, 0, 1).on(1).a(kAck, 1, 1).a(kAck, 1, 1, 10).on(2).b(kAck, 1, 11);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].encapsulation == 1);
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A");
  CHECK(t.table().facts().halves_joined == 1);
}

TEST_CASE("halves in midstream are joined by seq and ack") {
  Traffic t;
  t.on(1).a(kAck, 1000, 5000, 100).on(2).b(kAck, 5000, 1100, 10).on(1).a(kAck, 1100, 5010);
  CHECK(t.finish().size() == 1);
}

TEST_CASE("the next incarnation of joined halves is joined too") {
  Traffic t;
  t.on(1).a(kSyn, 0).on(2).b(kSyn | kAck, 0, 1).b(kRst | kAck, 1, 1);
  t.reuse(0x20000000U, 0xD0000000U).on(1).a(kSyn, 0).on(2).b(kSyn | kAck, 0, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S B:SA");
  CHECK(t.table().facts().halves_joined == 1);
}

TEST_CASE("the same direction on another VLAN is another flow") {
  Traffic t;
  t.on(1).a(kSyn, 0).on(2).a(kSyn, 0).on(2).b(kSyn | kAck, 0, 1).on(1).b(kSyn | kAck, 0, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[0]) == "A:S B:SA");
  CHECK(flags_of(flows[1]) == "A:S B:SA");
}

TEST_CASE("halves whose numbers do not fit are not joined") {
  Traffic t;
  t.on(1).a(kAck, 1000, 5000, 100).on(2).b(kAck, 0x40000000, 1100, 10);
  CHECK(t.finish().size() == 2);
}

TEST_CASE("a closed flow is handed out after TIME-WAIT of quiet, an open one never") {
  FlowOptions options;
  options.time_wait = 60 * kSecond;
  Traffic t(options);
  const auto other_packet = [&t] { t.feed(segment(end("10.0.0.9", 9), server(), kSyn, 77)); };
  SECTION("both FINs acknowledged") {
    t.handshake().close().wait(59 * kSecond);
    other_packet();
    other_packet();
    CHECK(t.done().empty());
    t.b(kFin | kAck, 1, 2).wait(59 * kSecond);  // again: quiet counts from here
    other_packet();
    other_packet();
    CHECK(t.done().empty());
    t.wait(2 * kSecond);
    other_packet();
    other_packet();
    CHECK(t.done().size() == 1);
  }
  SECTION("one packet with a clock gone wrong does not count") {
    t.handshake().close();
    const TimeNs now = t.now;
    t.wait(1'000'000 * kSecond);
    other_packet();
    t.now = now;
    other_packet();
    t.wait(-1'000'000 * kSecond);
    other_packet();
    CHECK(t.done().empty());
  }
  SECTION("open") {
    t.handshake().a(kFin | kAck, 1, 1).b(kAck, 1, 2).wait(1'000'000 * kSecond);
    other_packet();
    other_packet();
    CHECK(t.done().empty());
  }
  CHECK(t.finish().size() == 2);
}

TEST_CASE("what came to nothing is handed out when no host would try again") {
  Traffic t;
  const auto other_packet = [&t] { t.feed(segment(end("10.0.0.9", 9), server(), kAck, 77, 1)); };
  const auto after = [&](TimeNs wait) {
    t.wait(wait);
    other_packet();
    other_packet();
    return t.done().size();
  };
  SECTION("a SYN, once more after the longest wait") {
    t.a(kSyn, 0);
    CHECK(after(120 * kSecond) == 0);
    t.a(kSyn, 0);
    CHECK(after(190 * kSecond) == 0);
    CHECK(after(20 * kSecond) == 1);
  }
  SECTION("a SYN-ACK that nobody acknowledged") {
    t.a(kSyn, 0).b(kSyn | kAck, 0, 1);
    CHECK(after(190 * kSecond) == 0);
    CHECK(after(20 * kSecond) == 1);
  }
  SECTION("a connection that opened stays") {
    t.handshake();
    CHECK(after(100'000 * kSecond) == 0);
  }
  SECTION("many, while flows that opened go on") {
    for (std::uint16_t port = 1; port <= 5000; ++port)
      t.feed(segment(end("10.0.7.1", port), server(), kSyn, 7));
    t.handshake();
    CHECK(after(201 * kSecond) == 5000);
  }
}

TEST_CASE("finish hands out by number, and tells which flow is the next incarnation") {
  std::vector<std::uint64_t> order;
  std::vector<std::optional<std::uint64_t>> next;
  FlowTable table({}, [&](FinishedFlow&& flow) {
    order.push_back(flow.number);
    next.push_back(flow.next);
  });
  std::uint64_t frame = 0;
  const auto feed = [&](const TcpSegment& s) {
    table.add(s, FrameRef{0, ++frame, static_cast<TimeNs>(frame)});
  };
  feed(segment(client(), server(), kSyn, 1));
  feed(segment(end("10.0.0.3", 3), server(), kSyn, 1));
  feed(segment(server(), client(), kRst | kAck, 0, 2));
  feed(segment(client(), server(), kSyn, 1000));
  feed(segment(end("10.0.0.4", 3), server(), kSyn, 1));
  table.finish();
  CHECK(order == std::vector<std::uint64_t>{0, 1, 2, 3});
  CHECK(next == std::vector<std::optional<std::uint64_t>>{2, {}, {}, {}});
}

TEST_CASE("what is handed out is gone, whatever who gets it throws") {
  int handed_out = 0;
  FlowTable table({}, [&](FinishedFlow&&) {
    ++handed_out;
    throw std::runtime_error("no room");
  });
  table.add(segment(client(), server(), kAck, 1, 1, 10), FrameRef{0, 1, 1});
  table.add(segment(end("10.0.0.3", 3), server(), kSyn, 1), FrameRef{0, 2, 2});
  CHECK_THROWS(table.finish());
  CHECK_THROWS(table.finish());
  CHECK_NOTHROW(table.finish());
  CHECK(handed_out == 2);
}

TEST_CASE("an older incarnation is handed out before its successor") {
  FlowOptions options;
  options.time_wait = kSecond;
  Traffic t(options);
  t.handshake().a(kAck, 1, 1, 10).reuse(0x20000000U, 0xD0000000U).handshake().close().wait(3 * kSecond);
  t.feed(segment(end("10.0.0.9", 9), server(), kSyn, 77))
      .feed(segment(end("10.0.0.9", 9), server(), kSyn, 77));
  REQUIRE(t.done().size() == 2);
  CHECK(t.done()[0].incarnation == 0);
  CHECK(t.done()[1].incarnation == 1);
}

TEST_CASE("whatever comes, each segment is counted once and nothing breaks") {
  const auto seed = GENERATE(range(1U, 41U));
  std::mt19937 random(seed);
  const auto pick = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  FlowOptions options;
  options.time_wait = kSecond;
  options.max_records = 1 + pick(200);
  if (pick(4) == 0) options.keep_all = [](std::uint64_t flow) { return flow % 2 == 0; };
  const std::size_t max_records = options.max_records;
  Traffic t(options);
  const std::uint32_t spread = 1U << pick(32);  // small ones make numbers meet
  for (int i = 0; i < 3000; ++i) {
    const EndpointAddress x = end("10.0.0.1", static_cast<std::uint16_t>(pick(3)));
    const EndpointAddress y =
        end(pick(8) == 0 ? "10.0.0.1" : "10.0.0.2", static_cast<std::uint16_t>(pick(3)));
    const bool forth = pick(2) == 0;
    TcpSegment s = segment(forth ? x : y, forth ? y : x, static_cast<std::uint16_t>(random() & 0x1FF),
                           pick(spread), pick(spread), pick(3) == 0 ? pick(70000) : 0);
    s.encapsulation = pick(10) == 0 ? pick(3) : 0;
    s.options.sack_count = static_cast<std::uint8_t>(pick(5));
    t.step = pick(20) == 0 ? static_cast<TimeNs>(pick(4'000'000'000U)) - kSecond : pick(3'000'000);
    pick(6) == 0 && i > 0 ? t.again(pick(1000)) : t.feed(s);
  }
  const auto flows = t.finish();
  std::uint64_t packets = 0;
  for (const FlowTrace& f : flows) {
    CHECK(f.records.size() <= max_records);
    std::uint64_t told = 0;
    for (const SegmentRecord& r : f.records) told += 1 + r.folded_packets;
    std::uint64_t sent = 0;
    for (const SideFacts& side : f.sides) {
      sent += side.packets;
      packets += side.packets + side.copies;
    }
    CHECK(told <= sent);
    if (f.records_left_out == 0) CHECK(told == sent);
    for (std::size_t i = 1; i < f.records.size(); ++i) {
      CHECK(f.records[i - 1].frame.number < f.records[i].frame.number);
    }
  }
  CHECK(packets == t.fed);
  CHECK(t.table().facts().flows == flows.size());
}
