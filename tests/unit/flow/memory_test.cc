// Live flows take no more memory than they may: who is silent for longest is over.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

constexpr std::size_t kBound = 400'000;  // octets

EndpointAddress client_at(std::uint16_t port) { return end("10.0.0.7", port); }

FlowOptions bounded(std::size_t octets) {
  FlowOptions options;
  options.max_octets = octets;
  return options;
}

void open(Traffic& t, std::uint16_t port) {
  t.feed(segment(client_at(port), server(), kSyn, 1000))
      .feed(segment(server(), client_at(port), kSyn | kAck, 5000, 1001))
      .feed(segment(client_at(port), server(), kAck, 1001, 5001));
}

// So much that it has a tracker.
void talk(Traffic& t, std::uint16_t port, std::uint32_t segments, std::uint32_t from = 0) {
  for (std::uint32_t i = from; i < from + segments; ++i)
    t.feed(segment(client_at(port), server(), kAck | kPsh, 1001 + 10 * i, 5001, 10))
        .feed(segment(server(), client_at(port), kAck, 5001, 1011 + 10 * i));
}

}  // namespace

TEST_CASE("who is silent for longest is ended, who goes on is not") {
  Traffic t(bounded(kBound));
  open(t, 1);
  for (std::uint16_t port = 100; port < 8100; ++port) {
    open(t, port);
    talk(t, 1, 1, port);
  }
  const std::uint64_t ended = t.table().facts().ended_for_memory;
  CHECK(ended > 4000);
  CHECK(ended == t.done().size());
  const auto flows = t.finish();
  REQUIRE(flows.size() == 8001);
  CHECK_FALSE(flows[0].ended_early);
  CHECK(flows[0].facts(Side::A).packets == 8002);
  for (std::size_t i = 1; i < flows.size(); ++i) CHECK(flows[i].ended_early == (i <= ended));
}

TEST_CASE("what comes of a connection that was ended early is another one") {
  Traffic t(bounded(kBound));
  open(t, 1);
  for (std::uint16_t port = 100; port < 8100; ++port) open(t, port);
  talk(t, 1, 1);
  CHECK(t.last_flow() == 8001);
  const auto flows = t.finish();
  CHECK(flows[0].ended_early);
  CHECK(flows[8001].incarnation == 1);
  CHECK(flows[8001].facts(Side::A).packets == 1);
}

TEST_CASE("long connections count with all that they take") {
  const auto ended = [](std::uint32_t segments) {
    Traffic t(bounded(kBound));
    for (std::uint16_t port = 0; port < 200; ++port) {
      open(t, port);
      talk(t, port, segments);
    }
    return t.table().facts().ended_for_memory;
  };
  CHECK(ended(1) == 0);
  CHECK(ended(400) > 100);  // more than a journal takes
}

TEST_CASE("connections that ICMP errors quote count with the errors") {
  const auto ended = [](int errors) {
    Traffic t(bounded(kBound));
    for (std::uint16_t port = 0; port < 20; ++port) {
      open(t, port);
      IcmpError error;
      error.source = client_at(port);
      error.destination = server();
      error.seq = Seq(1000);
      for (int i = 0; i < errors; ++i) t.table().add(error, FrameRef{0, 7, t.now});
    }
    return t.table().facts().ended_for_memory;
  };
  CHECK(ended(1) == 0);
  CHECK(ended(256) > 5);
}

TEST_CASE("without a bound nothing ends early") {
  Traffic t;
  for (std::uint16_t port = 100; port < 8100; ++port) open(t, port);
  CHECK(t.table().facts().ended_for_memory == 0);
  for (const auto& flow : t.finish()) CHECK_FALSE(flow.ended_early);
}

TEST_CASE("a SYN inside a live connection waits on, and the connection with it, when memory is short") {
  Traffic t(bounded(kBound));
  open(t, 1);
  talk(t, 1, 3);
  t.feed(segment(client_at(1), server(), kSyn, 0x40000000U));
  for (std::uint16_t port = 100; port < 8100; ++port) open(t, port);
  CHECK(t.table().facts().ended_for_memory > 4000);
  t.feed(segment(server(), client_at(1), kSyn | kAck, 0x50000000U, 0x40000001U));
  const auto flows = t.finish();
  CHECK_FALSE(flows[0].ended_early);
  CHECK(flows[0].successor);
}

TEST_CASE("ICMP errors alone, after the last segment, keep to the bound too") {
  Traffic t(bounded(kBound));
  for (std::uint16_t port = 0; port < 100; ++port) open(t, port);
  REQUIRE(t.table().facts().ended_for_memory == 0);
  for (std::uint16_t port = 0; port < 100; ++port) {
    IcmpError error;
    error.source = client_at(port);
    error.destination = server();
    error.seq = Seq(1000);
    for (int i = 0; i < 250; ++i) t.table().add(error, FrameRef{0, 7, t.now});
  }
  CHECK(t.table().facts().ended_for_memory > 10);
}
