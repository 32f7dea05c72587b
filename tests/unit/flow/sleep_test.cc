// Flows that wait are packed: nothing may be lost by it.
#include <catch2/catch.hpp>
#include <random>

#include "analyzer/flow/segment_journal.h"
#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

bool same(const SideFacts& x, const SideFacts& y) {
  return x.address == y.address && x.iss == y.iss && x.iss_known == y.iss_known && x.packets == y.packets &&
         x.copies == y.copies && x.payload_bytes == y.payload_bytes && x.wire_bytes == y.wire_bytes &&
         x.bad_checksums == y.bad_checksums && x.sent_max == y.sent_max && x.acked_max == y.acked_max &&
         x.rtt_handshake_ns == y.rtt_handshake_ns && x.rtt_min_ns == y.rtt_min_ns && x.ttl == y.ttl &&
         x.syn_options.mss == y.syn_options.mss && x.syn_options.ts_val == y.syn_options.ts_val;
}

bool same(const SegmentRecord& x, const SegmentRecord& y) {
  return x.frame.number == y.frame.number && x.frame.time_ns == y.frame.time_ns && x.seq == y.seq &&
         x.ack == y.ack && x.contiguous == y.contiguous && x.sent_max == y.sent_max &&
         x.payload == y.payload && x.ts_val == y.ts_val && x.ts_ecr == y.ts_ecr &&
         x.folded_packets == y.folded_packets && x.ip_id == y.ip_id && x.flags == y.flags &&
         x.window == y.window && x.mss == y.mss && x.tcp_checksum == y.tcp_checksum && x.ttl == y.ttl &&
         x.side == y.side && x.standing == y.standing && x.copy == y.copy && x.is_dsack == y.is_dsack &&
         x.bad_checksum == y.bad_checksum && x.first_sack.left == y.first_sack.left;
}

bool same(const HandedOut& x, const HandedOut& y) {
  bool alike = x.number == y.number && x.incarnation == y.incarnation && x.client == y.client &&
               x.encapsulation == y.encapsulation && x.records.size() == y.records.size() &&
               x.successor.has_value() == y.successor.has_value() && same(x.sides[0], y.sides[0]) &&
               same(x.sides[1], y.sides[1]) && x.words.zeek_history == y.words.zeek_history &&
               x.words.zeek_conn_state == y.words.zeek_conn_state &&
               x.words.completeness == y.words.completeness && x.first.number == y.first.number &&
               x.last.number == y.last.number && x.icmp_total == y.icmp_total;
  for (std::size_t i = 0; alike && i < x.records.size(); ++i) alike = same(x.records[i], y.records[i]);
  return alike;
}

// Segments of a few connections, most of them plausible.
std::vector<HandedOut> some_traffic(std::uint32_t seed, std::size_t most_awake) {
  std::mt19937 random(seed);
  const auto pick = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  FlowOptions options;
  options.most_awake = most_awake;
  options.time_wait = 2 * kSecond;
  Traffic t(options);
  const std::uint16_t flags[] = {kSyn,        kSyn | kAck, kAck,        kAck, kAck | kPsh,
                                 kFin | kAck, kRst,        kRst | kAck, kAck};
  for (int i = 0; i < 4000; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + pick(40));
    const EndpointAddress client_end = end(pick(30) == 0 ? "10.0.0.2" : "10.0.0.1", port);
    const EndpointAddress server_end = end("10.0.0.2", 1000);
    const bool forth = pick(2) == 0;
    const std::uint32_t age = 1000U * (static_cast<std::uint32_t>(i) / 1000);
    TcpSegment s = segment(forth ? client_end : server_end, forth ? server_end : client_end, flags[pick(9)],
                           age + pick(40), age + pick(40), pick(3) == 0 ? pick(20) : 0);
    if (pick(20) == 0) s.payload_length = 65000 + pick(2000);
    s.encapsulation = pick(30) == 0 ? 1 : 0;
    s.window = static_cast<std::uint16_t>(pick(3) * 500);
    s.checksum = static_cast<Checksum>(pick(3));
    s.options.has_timestamps = pick(2) == 0;
    if (s.options.has_timestamps) s.options.ts_val = random() & 0xFFFFU;
    s.options.sack_count = pick(5) == 0 ? static_cast<std::uint8_t>(1 + pick(3)) : std::uint8_t{0};
    s.options.sack[0] = {Seq(age + pick(40)), Seq(age + pick(40))};
    s.options.has_mss = (s.flags & kSyn) != 0;
    s.options.mss = s.options.has_mss ? 1460 : 0;
    t.step = pick(50) == 0 ? 900 * kMillisecond : pick(3'000'000);
    pick(8) == 0 && i > 0 ? t.again(pick(1000)) : t.feed(s);
    if (pick(100) == 0) {
      IcmpError error;
      error.source = client_end;
      error.destination = server_end;
      error.seq = Seq(age);
      t.table().add(error, FrameRef{0, t.fed, t.now});
    }
  }
  return t.finish();
}

}  // namespace

TEST_CASE("flows that slept tell the same as flows that did not") {
  const auto seed = GENERATE(range(100U, 110U));
  const auto most_awake = GENERATE(std::size_t{0}, std::size_t{3});
  const auto awake = some_traffic(seed, 1000);
  const auto slept = some_traffic(seed, most_awake);
  REQUIRE(awake.size() == slept.size());
  for (std::size_t i = 0; i < awake.size(); ++i) {
    INFO(i);
    CHECK(same(awake[i], slept[i]));
  }
}

TEST_CASE("a journal gives back each field of a segment") {
  std::mt19937 random(7);
  const auto some = [&random] { return static_cast<std::uint32_t>(random()); };
  SegmentJournal journal(1234567);
  std::vector<JournalEntry> written;
  for (int i = 0; i < 500; ++i) {
    JournalEntry e;
    TcpSegment& s = e.segment;
    s.seq = Seq(some());
    s.ack = Seq(some());
    s.flags = static_cast<std::uint16_t>(some() & 0x1FF);
    s.payload_length = some() % 3 == 0 ? some() % 65537 : 0;
    s.change_cipher_spec = s.payload_length > 0 && some() % 4 == 0;
    s.window = static_cast<std::uint16_t>(some());
    s.urgent = some() % 4 == 0 ? static_cast<std::uint16_t>(some()) : std::uint16_t{0};
    s.ttl = static_cast<std::uint8_t>(some());
    s.ecn = static_cast<std::uint8_t>(some() & 3);
    s.has_ip_id = some() % 2 == 0;
    s.ip_id = s.has_ip_id ? some() & 0xFFFF : 0;
    s.tcp_checksum = static_cast<std::uint16_t>(some());
    s.checksum = static_cast<Checksum>(some() % 3);
    s.payload_sum = s.payload_length > 0 ? static_cast<std::uint16_t>(some()) : std::uint16_t{0};
    s.options.cut = some() % 5 == 0;
    s.wire_length = some();
    s.options.has_timestamps = some() % 2 == 0;
    s.options.ts_val = s.options.has_timestamps ? some() : 0;
    s.options.ts_ecr = s.options.has_timestamps ? some() : 0;
    s.options.has_mss = some() % 2 == 0;
    s.options.mss = s.options.has_mss ? 1400 : 0;
    s.options.has_window_scale = some() % 2 == 0;
    s.options.window_scale = s.options.has_window_scale ? 200 : 0;
    s.options.sack_permitted = some() % 2 == 0;
    s.options.fast_open = some() % 3 == 0;
    s.options.multipath = some() % 4 == 0;
    s.options.fast_open_cookie_length = s.options.fast_open ? 16 : 0;
    s.options.malformed = some() % 3 == 0;
    s.options.sack_count = static_cast<std::uint8_t>(some() % 5);
    for (std::size_t k = 0; k < s.options.sack_count; ++k) s.options.sack[k] = {Seq(some()), Seq(some())};
    if (some() % 2 == 0) s.payload = stand_in_payload(s.payload_length);
    e.frame = {some() % 3, (std::uint64_t{some()} << 32) | some(),
               static_cast<TimeNs>(std::uint64_t{some()} << 31)};
    e.side = some() % 2 == 0 ? Side::A : Side::B;
    e.role = static_cast<Role>(some() % 3);
    REQUIRE(journal.append(s, e.frame, e.side, e.role));
    written.push_back(e);
  }
  JournalReader reader(Bytes(journal.bytes()), 1234567);
  JournalEntry r;
  for (const JournalEntry& w : written) {
    REQUIRE(reader.next(r));
    const TcpSegment &x = w.segment, &y = r.segment;
    CHECK((w.side == r.side && w.role == r.role && w.frame.file == r.frame.file &&
           w.frame.number == r.frame.number && w.frame.time_ns == r.frame.time_ns));
    CHECK((x.seq == y.seq && x.ack == y.ack && x.flags == y.flags && x.payload_length == y.payload_length &&
           x.window == y.window && x.urgent == y.urgent && x.ttl == y.ttl && x.ecn == y.ecn &&
           x.has_ip_id == y.has_ip_id && x.ip_id == y.ip_id && x.tcp_checksum == y.tcp_checksum &&
           x.checksum == y.checksum && x.payload_sum == y.payload_sum &&
           x.change_cipher_spec == y.change_cipher_spec && x.options.cut == y.options.cut &&
           x.wire_length == y.wire_length));
    const TcpOptions &o = x.options, &p = y.options;
    CHECK((o.has_timestamps == p.has_timestamps && o.ts_val == p.ts_val && o.ts_ecr == p.ts_ecr &&
           o.has_mss == p.has_mss && o.mss == p.mss && o.has_window_scale == p.has_window_scale &&
           o.window_scale == p.window_scale && o.sack_permitted == p.sack_permitted &&
           o.fast_open == p.fast_open && o.multipath == p.multipath &&
           o.fast_open_cookie_length == p.fast_open_cookie_length && o.malformed == p.malformed &&
           o.sack_count == p.sack_count));
    for (std::size_t k = 0; k < o.sack_count; ++k) {
      CHECK((o.sack[k].left == p.sack[k].left && o.sack[k].right == p.sack[k].right));
    }
    CHECK(x.payload_whole() == y.payload_whole());
  }
  CHECK_FALSE(reader.next(r));
}
