// Connections captured on both sides of an address translation, and what only looks like such.
#include "analyzer/flow/translated_copies.h"

#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

constexpr TimeNs kMicrosecond = 1000;

// Segments that agree in all but their ends, one after the other.
class Legs {
 public:
  explicit Legs(std::size_t most = TranslatedCopies::kMost) : copies(most) {}

  void note(TcpSegment s, std::uint64_t flow, TimeNs after = 50 * kMicrosecond) {
    now_ += after;
    ++number_;
    copies.note(s, {0, number_, now_}, flow);
  }
  void see(const EndpointAddress& source, const EndpointAddress& destination, std::uint64_t flow,
           TimeNs after = 50 * kMicrosecond) {
    form.source = source;
    form.destination = destination;
    note(form, flow, after);
  }
  std::optional<std::uint64_t> original_of(std::uint64_t flow) const {
    const auto leg = copies.leg(flow);
    return leg ? std::optional(leg->original) : std::nullopt;
  }

  TranslatedCopies copies;
  TcpSegment form;

 private:
  TimeNs now_ = 1'600'000'000 * kSecond;
  std::uint64_t number_ = 0;
};

TcpSegment syn(std::uint32_t seq = 0x12345678) {
  TcpSegment s = segment(client(), server(), kSyn, seq);
  s.has_ip_id = true;
  s.ip_id = 4711;
  s.options.has_timestamps = true;
  s.options.ts_val = 900;
  return s;
}

TcpSegment syn_ack() {
  TcpSegment s = segment(server(), client(), kSyn | kAck, 0x22345678, 0x12345679);
  s.has_ip_id = true;
  return s;
}

TcpSegment data() { return segment(client(), server(), kAck | kPsh, 0x12345679, 0x22345679, 100); }

EndpointAddress outside() { return end("192.0.2.1", 61000); }
EndpointAddress pod() { return end("10.244.0.7", 8080); }

}  // namespace

TEST_CASE("a NAT shows a connection twice, one of its ends rewritten") {
  // By the SYN; by the SYN-ACK, without timestamps; by data of one begun before the capture.
  const TcpSegment tells = GENERATE(syn(), syn_ack(), data());
  const int rewritten = GENERATE(0, 1, 2);  // the source, the destination, a port alone
  EndpointAddress source = tells.source, destination = tells.destination;
  if (rewritten == 0) source = outside();
  if (rewritten == 1) destination = pod();
  if (rewritten == 2) source.port = 61'001;
  Legs t;
  t.form = tells;
  t.note(tells, 0);
  t.see(source, destination, 1);
  CHECK(t.original_of(0) == 0U);
  CHECK(t.original_of(1) == 0U);
  CHECK(t.copies.found() == 1);
  CHECK(t.copies.first().number == 2);
}

TEST_CASE("two translations, one after the other, show it three times") {
  Legs t;
  t.form = syn();
  t.see(client(), server(), 0);
  t.see(client(), pod(), 1);
  t.see(outside(), pod(), 2);
  CHECK(t.original_of(1) == 0U);
  CHECK(t.original_of(2) == 0U);
  CHECK(t.copies.found() == 2);
}

TEST_CASE("the side captured first is the original, whichever way the packet goes that tells") {
  Legs t;
  t.form = syn_ack();
  t.see(server(), outside(), 1);
  t.see(server(), client(), 0);
  CHECK(t.original_of(1) == 0U);
  t.form = data();
  t.see(client(), server(), 0);
  t.see(outside(), server(), 1);
  CHECK(t.copies.found() == 1);
}

TEST_CASE("what is no copy behind a NAT") {
  Legs t;
  t.form = syn();
  t.see(client(), server(), 0);
  SECTION("of balanced connections with one sequence number") {
    SECTION("the IP ID differs") { t.form.ip_id = 4712; }
    SECTION("the timestamp differs") { t.form.options.ts_val = 901; }
    SECTION("the window differs") { t.form.window = 29'200; }
    t.see(client(), pod(), 1);
  }
  SECTION("they share a server's port, and no end") { t.see(outside(), end("10.0.0.9", server().port), 1); }
  SECTION("the ends are exchanged") { t.see(server(), client(), 1); }
  SECTION("both ends are equal, but for a VLAN") { t.see(client(), server(), 1); }
  SECTION("it comes too late") { t.see(outside(), server(), 1, 11 * kMillisecond); }
  CHECK_FALSE(t.original_of(0));
  CHECK_FALSE(t.original_of(1));
  CHECK(t.copies.found() == 0);
}

TEST_CASE("what tells too little of whose it is") {
  Legs t;
  SECTION("a SYN without timestamps") {
    t.form = syn();
    t.form.options.has_timestamps = false;
  }
  SECTION("a bare ACK") { t.form = segment(client(), server(), kAck, 1, 1); }
  SECTION("the RST that answers a scan") { t.form = segment(client(), server(), kRst | kAck, 0, 1001); }
  SECTION("a RST with data") { t.form = segment(client(), server(), kRst | kAck, 5, 1001, 30); }
  t.see(client(), server(), 0);
  t.see(client(), pod(), 1);
  CHECK_FALSE(t.original_of(1));
}

TEST_CASE("numbers that many bear are a scanner's, and what was found by them is none") {
  Legs t;
  t.form = syn();
  const auto scanned = [](std::uint64_t i) { return end("10.0.9.9", static_cast<std::uint16_t>(100 + i)); };
  SECTION("fast") {
    for (std::uint64_t i = 0; i < 9; ++i) t.see(client(), scanned(i), i);
  }
  SECTION("slow") {
    for (std::uint64_t i = 0; i < 9; ++i) t.see(client(), scanned(i), i, 20 * kMillisecond);
  }
  SECTION("two at a time") {
    for (std::uint64_t i = 0; i < 9; ++i)
      t.see(client(), scanned(i), i, (i % 2 == 0 ? 200 : 1) * kMillisecond);
  }
  SECTION("a flood of forged addresses") {
    for (std::uint64_t i = 0; i < 9; ++i) t.see(scanned(i), server(), i);
  }
  for (std::uint64_t i = 0; i < 9; ++i) CHECK_FALSE(t.original_of(i));
  CHECK(t.copies.found() == 0);
}

TEST_CASE("the last side that is over is known, and all are forgotten") {
  Legs t;
  t.form = syn();
  t.see(client(), server(), 0);
  t.see(outside(), server(), 1);
  const auto first = t.copies.take(1);
  REQUIRE(first);
  CHECK(first->original == 0);
  CHECK_FALSE(first->last);
  const auto second = t.copies.take(0);
  REQUIRE(second);
  CHECK(second->last);
  CHECK_FALSE(t.copies.take(0));
  CHECK(t.copies.found() == 1);
}

TEST_CASE("beyond the bound they stay apart, and are counted") {
  Legs t(4);
  for (std::uint32_t i = 0; i < 3; ++i) {
    t.form = syn(1000 + i * 7777);
    t.see(end("10.0.0.1", static_cast<std::uint16_t>(1000 + i)), server(), 2 * i);
    t.see(end("192.0.2.1", static_cast<std::uint16_t>(1000 + i)), server(), 2 * i + 1);
  }
  CHECK(t.copies.found() == 2);
  CHECK(t.copies.not_kept() == 1);
  CHECK_FALSE(t.original_of(5));
  t.copies.take(0);
  t.copies.take(1);
  t.form = syn(5);
  t.see(client(), server(), 6);
  t.see(outside(), server(), 7);
  CHECK(t.original_of(7) == 6U);
}

TEST_CASE("the table hands out both sides of a translation as such") {
  Traffic t;
  const auto twice = [&](TcpSegment s, bool to_server) {
    s.ip_id = 900;
    s.options.has_timestamps = true;
    s.options.ts_val = 77;
    t.feed(s);
    (to_server ? s.source : s.destination) = outside();
    t.step = 20 * kMicrosecond;
    t.feed(s);
    t.step = 10 * kMillisecond;
  };
  twice(segment(client(), server(), kSyn, 5), true);
  bool answered = false;
  SECTION("lone SYNs, which sleep") {}
  SECTION("answered on one side") {
    t.feed(segment(server(), outside(), kSyn | kAck, 9, 6));
    answered = true;
  }
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  REQUIRE(flows[0].leg);
  REQUIRE(flows[1].leg);
  CHECK(flows[1].leg->original == 0);
  CHECK_FALSE(flows[0].leg->last);
  CHECK(flows[1].leg->last);
  CHECK(flows[0].answered_elsewhere() == answered);
  CHECK(t.table().facts().translated_copies == 1);
}
