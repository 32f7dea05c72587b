// What is told of a connection of one SYN because another looked alike is what its own tracker tells.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "analyzer/detect/detector.h"
#include "analyzer/flow/flow_table.h"
#include "analyzer/infer/historian.h"
#include "analyzer/report/ladder/ladder.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

std::string text_of(const SegmentRecord& r) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", r.frame.number,
                     r.frame.time_ns, r.seq, r.ack, r.contiguous, r.sent_max, r.payload, r.ts_val, r.ts_ecr,
                     r.folded_packets, r.ip_id, r.flags, r.window, r.mss, r.tcp_checksum, r.ttl,
                     index(r.side), r.has_timestamps, r.has_ip_id, r.fast_open, r.bad_checksum, r.copy);
}

std::string text_of(const SideFacts& f) {
  const TcpOptions& o = f.syn_options;
  return fmt::format("{}:{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n",
                     to_string(f.address.ip), f.address.port, f.iss.raw(), f.iss_known, f.syn_seen, f.packets,
                     f.copies, f.payload_bytes, f.wire_bytes, f.bad_checksums, f.sent_max, f.acked_max, f.ttl,
                     f.checksums_offloaded, o.has_mss, o.mss, o.has_window_scale, o.window_scale,
                     o.sack_permitted, o.ts_val, o.ts_ecr, o.fast_open_cookie_length, o.malformed);
}

// All that is told of it, with all that follows.
std::string text_of(const EndedFlow& flow) {
  std::string text =
      fmt::format("{} {} {} {} {}\n", flow.copies.count, flow.trace.holes_given_up,
                  flow.trace.records_left_out, index(flow.trace.client), flow.next.has_value());
  for (const SegmentRecord& r : flow.trace.records) text += text_of(r);
  for (const SideFacts& f : flow.trace.sides) text += text_of(f);
  const TimeNs end_ns = flow.trace.last.time_ns + 100 * kSecond;
  const FlowResult result{infer_history(EndedFlow(flow), Profile{}, end_ns), {}};
  static const std::vector<std::string> files{"syns.pcap"};
  return text + ladder_json(result, {files, no_encapsulation()});
}

class Comparison {
 public:
  FlowTable table() {
    return {FlowOptions{}, [this](FinishedFlow&& flow) { compare(flow); }};
  }
  std::size_t alike() const { return alike_; }

 private:
  void compare(FinishedFlow& flow) {
    if (flow.tracker) return;
    const std::string anew = text_of(flow.end());
    const EndedFlow told = flow.end(bench_);
    REQUIRE(text_of(told) == anew);
    if (told.transfer && !results_.insert(told.transfer).second) ++alike_;
  }

  FinishedFlow::Workbench bench_;
  std::set<std::shared_ptr<const TransferResults>> results_;
  std::size_t alike_ = 0;
};

TcpSegment random_syn(std::mt19937& random) {
  const auto up_to = [&](std::uint32_t most) { return static_cast<std::uint32_t>(random() % (most + 1)); };
  const auto perhaps = [&] { return random() % 2 == 0; };
  TcpSegment s;
  const auto end = [&](EndpointAddress& at) {
    const std::uint8_t octets[]{10, 0, static_cast<std::uint8_t>(up_to(255)),
                                static_cast<std::uint8_t>(up_to(255))};
    at = {IpAddress::v4(octets), static_cast<std::uint16_t>(up_to(0xFFFF))};
  };
  end(s.source);
  end(s.destination);
  s.seq = Seq(static_cast<std::uint32_t>(random()));
  s.flags = up_to(20) == 0 ? kSyn | kEce | kCwr : kSyn;
  s.window = static_cast<std::uint16_t>(up_to(5) == 0 ? 0 : up_to(0xFFFF));
  s.ttl = static_cast<std::uint8_t>(up_to(255));
  s.has_ip_id = perhaps();
  if (s.has_ip_id) s.ip_id = up_to(0xFFFF);
  s.tcp_checksum = static_cast<std::uint16_t>(up_to(0xFFFF));
  s.checksum = static_cast<Checksum>(up_to(2));
  s.ecn = static_cast<std::uint8_t>(up_to(9) == 0 ? up_to(3) : 0);
  s.wire_length = 54 + up_to(40);
  s.payload_length = up_to(9) == 0 ? up_to(100) : 0;
  TcpOptions& o = s.options;
  o.has_mss = perhaps();
  if (o.has_mss) o.mss = static_cast<std::uint16_t>(up_to(9000));
  o.has_window_scale = perhaps();
  if (o.has_window_scale) o.window_scale = static_cast<std::uint8_t>(up_to(14));
  o.sack_permitted = perhaps();
  o.has_timestamps = perhaps();
  if (o.has_timestamps) o.ts_val = static_cast<std::uint32_t>(random());
  if (o.has_timestamps && up_to(5) == 0) o.ts_ecr = static_cast<std::uint32_t>(random());
  o.fast_open = up_to(5) == 0;
  if (o.fast_open) o.fast_open_cookie_length = static_cast<std::uint8_t>(up_to(16));
  o.malformed = up_to(9) == 0;
  o.cut = up_to(9) == 0;
  return s;
}

}  // namespace

TEST_CASE("connections of one SYN are told of as each would be") {
  std::mt19937 random(9293);
  Comparison comparison;
  FlowTable table = comparison.table();
  for (std::uint64_t i = 1; i <= 4'000; ++i)
    table.add(random_syn(random), {0, i, static_cast<TimeNs>(i) * kMillisecond});
  table.finish();
  CHECK(comparison.alike() > 100);
}

TEST_CASE("connections of the detectors' examples are told of as each would be, whatever SYNs came before") {
  Comparison comparison;
  for (const Detector* detector : detectors())
    for (const Example& example : detector->examples) {
      INFO(detector->doc.id << ": " << example.title);
      FlowTable table = comparison.table();
      for (const Captured& captured : tap::play(tap::parse_script(example.script), 0xfffffffe, 9293).captured)
        if (const auto* segment = std::get_if<TcpSegment>(&captured.what))
          table.add(*segment, captured.frame);
        else
          table.add(std::get<IcmpError>(captured.what), captured.frame);
      table.finish();
    }
  CHECK(comparison.alike() > 20);
}

}  // namespace tcpautopsy
