// Traffic over time: equal columns, whatever the capture's length, and lines of characters of them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "analyzer/report/summary/timeline_text.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;

namespace {

constexpr TimeNs kStart = 1'714'557'600 * kSecond;  // 2024-05-01 10:00:00 UTC

// 1,000 octets every 100 ms, and at the end of the first half three retransmissions.
Timeline busy(TimeNs lasts) {
  Timeline timeline;
  for (TimeNs at = 0; at < lasts; at += 100 * kMillisecond) timeline.segment(kStart + at, 1000, false);
  for (int i = 0; i < 3; ++i) timeline.segment(kStart + lasts / 2, 500, true);
  return timeline;
}

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  std::uint64_t all = 0;
  for (const std::uint64_t value : values) all += value;
  return all;
}

}  // namespace

TEST_CASE("columns hold all that was carried, and are no more than asked for") {
  for (const TimeNs lasts : {kSecond, 10 * kSecond, 1000 * kSecond}) {
    for (const std::size_t most : {1U, 7U, 60U}) {
      const Timeline::Columns all = busy(lasts).columns(most);
      CHECK(all.from_ns == kStart);
      CHECK(all.octets.size() <= most);
      CHECK(all.octets.size() == all.resent.size());
      CHECK(all.octets.size() == all.established.size());
      CHECK(static_cast<TimeNs>(all.octets.size()) * all.step_ns >= lasts - 100 * kMillisecond);
      CHECK(sum(all.octets) == 1000 * static_cast<std::uint64_t>(lasts / (100 * kMillisecond)) + 1500);
      CHECK(sum(all.resent) == 3);
    }
  }
  CHECK(Timeline().columns(10).octets.empty());
}

TEST_CASE("a timeline as text tells the peaks and when they were, within the width") {
  TextStyle style{80, false, Bars::Ascii};
  const std::string text = timeline_text(busy(100 * kSecond), style);
  CHECK(text.find("retransmissions |") != std::string::npos);
  CHECK(text.find("peak 3, 10:00:") != std::string::npos);
  CHECK(text.find("kbit/s, 10:00:") != std::string::npos);
  CHECK(text.find("established     |") != std::string::npos);
  CHECK(text.find("none") != std::string::npos);
  for (const std::size_t width : {60U, 80U, 100U, 200U}) {
    style.width = width;
    const std::string lines = timeline_text(busy(100 * kSecond), style);
    for (std::string_view rest = lines; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      CHECK(columns(rest.substr(0, rest.find('\n'))) <= width);
  }
}

TEST_CASE("packets of which it is not known whether they were sent again are told") {
  Timeline timeline = busy(10 * kSecond);
  CHECK(timeline_text(timeline, {80, false, Bars::Ascii}).find("not counted") == std::string::npos);
  for (int i = 0; i < 1234; ++i) timeline.segment_unfollowed(kStart + i * kMillisecond, 60, 32'768);
  const std::string text = timeline_text(timeline, {200, false, Bars::Ascii});
  CHECK(text.find(
            "Retransmissions among 1,234 packets are not counted here: over 32,768 connections were open at "
            "once.") != std::string::npos);
  CHECK(sum(timeline.columns(10).octets) == 100 * 1000 + 3 * 500 + 1234 * 60);
}

TEST_CASE("where all came at one moment there is no timeline") {
  Timeline one;
  one.segment(kStart, 1000, false);
  CHECK(timeline_text(one, {}).empty());
  CHECK(timeline_text(Timeline(), {}).empty());
}

TEST_CASE("a connection is counted once a step, in whatever states it was meanwhile") {
  for (const TimeNs longer : {0 * kSecond, 10 * kSecond, 10'000 * kSecond}) {
    Timeline timeline;
    const FlowResult flow = report_test::sample_flow();
    const FlowTrace& trace = flow.history.trace;
    for (int i = 0; i < 3; ++i) timeline.flow(flow.history, trace.last.time_ns);
    timeline.segment(trace.last.time_ns + longer, 60, false);
    std::string text;
    JsonWriter out(text);
    timeline.write(out);
    const auto phases = nlohmann::json::parse(text)["phases"];
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < phases["established"].size(); ++i) {
      std::uint64_t all = 0;
      for (const auto& phase : phases) all += phase[i].get<std::uint64_t>();
      most = std::max(most, all);
    }
    CHECK(most == 3);
  }
}
