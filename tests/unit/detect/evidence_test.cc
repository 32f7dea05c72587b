#include "analyzer/detect/evidence.h"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {
namespace {

constexpr Doc doc() {
  Doc d;
  d.id = "syn_unanswered";
  d.severity = Severity::Warning;
  return d;
}
constexpr Doc kDoc = doc();

SegmentRef segment_at(RecordIndex i, TimeNs time_ns) { return {i, {0, i + 1, time_ns}}; }

std::vector<TimeNs> seconds(std::initializer_list<double> values) {
  std::vector<TimeNs> out;
  for (const double v : values) out.push_back(static_cast<TimeNs>(v * 1e9));
  return out;
}

}  // namespace

TEST_CASE("durations are told with the digits that matter") {
  CHECK(duration_text(7'100 * kMillisecond) == "7.1 s");
  CHECK(duration_text(127 * kSecond) == "2 min 07 s");
  constexpr TimeNs kLongest = std::numeric_limits<TimeNs>::max();  // where a sum of waits is held
  CHECK(duration_text(kLongest) == "106751 d 23 h");
  CHECK(durations_text(std::array{kLongest, TimeNs{0}}) == "9223372037, 0.0 s");
  CHECK(duration_text(230 * kMillisecond) == "230 ms");
  CHECK(duration_text(999'700'000) == "1.0 s");
  CHECK(duration_text(999'400'000) == "999 ms");
  CHECK(duration_text(1'250'000) == "1.2 ms");
  // As printf rounds what lies in the middle: by the nearest double.
  CHECK(duration_text(150'000) == "0.1 ms");
  CHECK(duration_text(1'350'000) == "1.4 ms");
  CHECK(duration_text(1'350'000'000) == "1.4 s");
  CHECK(duration_text(100'500 * kMillisecond) == "100 s");
  CHECK(duration_text(101'500 * kMillisecond) == "102 s");
  CHECK(duration_text(46'000) == "46 us");
  CHECK(duration_text(0) == "0 us");
}

TEST_CASE("a list of durations has one unit, and keeps its ends when it is long") {
  CHECK(durations_text({}) == "");
  CHECK(durations_text(seconds({1, 2, 4})) == "1.0, 2.0, 4.0 s");
  CHECK(durations_text(seconds({.2, .4})) == "200, 400 ms");
  CHECK(durations_text(seconds({.4, 1.5})) == "0.4, 1.5 s");
  CHECK(durations_text(seconds({1, 1, 1, 1, 2, 3, 4, 5, 6})) ==
        "1.0, 1.0, 1.0, 1.0, ..., 3.0, 4.0, 5.0, 6.0 s");
}

TEST_CASE("counts and ends read as words") {
  CHECK(times_text(1) == "once");
  CHECK(times_text(2) == "twice");
  CHECK(times_text(11) == "11 times");
  CHECK(count_text(1, "octet") == "1 octet");
  CHECK(count_text(0, "octet") == "0 octets");
  CHECK(count_text(1234567, "octet") == "1,234,567 octets");
  CHECK(number_text(999) == "999");
  const std::uint8_t v4[]{10, 0, 0, 2};
  CHECK(endpoint_text(EndpointAddress{IpAddress::v4(v4), 80}) == "10.0.0.2:80");
  std::uint8_t v6[16]{0x20, 0x01, 0x0d, 0xb8};
  v6[15] = 1;
  CHECK(endpoint_text(EndpointAddress{IpAddress::v6(v6), 443}) == "[2001:db8::1]:443");
}

TEST_CASE("frames are cited in order, each once, and give the finding its times") {
  FlowFacts flow;
  flow.number = 7;
  Finding finding = make_finding(kDoc, flow, Side::B);
  CHECK(finding.flow == 7U);
  CHECK(finding.severity == Severity::Warning);
  CHECK(finding.frames.empty());
  const std::vector<SegmentRef> all{segment_at(1, 200), segment_at(0, 100), segment_at(3, 300),
                                    segment_at(2, 200)};
  cite(finding, all[2]);
  cite(finding, all);
  cite(finding, SegmentRef{});
  REQUIRE(finding.frames.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(finding.frames[i].number == i + 1);
  CHECK(finding.time_ns == 100);
  CHECK(finding.end_ns == 300);
  CHECK(intervals(std::vector<SegmentRef>{all[1], all[2]}) == std::vector<TimeNs>{200});
}

TEST_CASE("evidence keeps the type of its value") {
  Finding finding;
  prove(finding, "flag", true);
  prove(finding, "count", 3U);
  prove(finding, "share", 0.5);
  prove(finding, "words", "flat");
  prove(finding, "list", std::vector<TimeNs>{1, 2});
  REQUIRE(finding.evidence.size() == 5);
  CHECK(std::get<bool>(finding.evidence[0].second));
  CHECK(std::get<std::int64_t>(finding.evidence[1].second) == 3);
  CHECK(std::get<double>(finding.evidence[2].second) == 0.5);
  CHECK(std::get<std::string>(finding.evidence[3].second) == "flat");
  CHECK(std::get<std::vector<std::int64_t>>(finding.evidence[4].second).size() == 2);
}

TEST_CASE("SYN, SYN-ACK and RST are told apart from what no TCP sends") {
  CHECK(means_syn(kSyn | kEce | kCwr));
  CHECK_FALSE(means_syn(kSyn | kAck));
  CHECK(means_syn_ack(kSyn | kAck));
  CHECK_FALSE(means_syn(kSyn | kRst));
  CHECK_FALSE(means_rst(kSyn | kRst));
  CHECK_FALSE(means_syn(kSyn | kFin));
  CHECK(means_rst(kRst | kAck));
}

TEST_CASE("steps of a back-off") {
  CHECK(steps_of(seconds({1})) == Steps::Unknown);
  CHECK(steps_of(seconds({1, 2.02, 4.06})) == Steps::Doubling);
  CHECK(steps_of(seconds({1.01, 1.02, 1.02})) == Steps::Flat);
  CHECK(steps_of(seconds({1.01, 1.02, 1.02, 1.02, 1.02, 2.02, 4.26})) == Steps::FlatThenDoubling);
  CHECK(steps_of(seconds({1, 0.3, 5})) == Steps::Irregular);
  CHECK(next_step({}) == kSecond);
  CHECK(next_step(seconds({1, 2})) == 4 * kSecond);
}

}  // namespace tcpautopsy
