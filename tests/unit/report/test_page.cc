// What an HTML page is made of: series in bounded memory, connections chosen, text that ends nothing.
#include <catch2/catch.hpp>

#include "analyzer/report/html/detail_shelf.h"
#include "analyzer/report/html/page_asset.h"
#include "analyzer/report/html/script_safe.h"
#include "analyzer/report/html/series_shelf.h"

using namespace tcpautopsy;

namespace {

TcpSegment segment(std::uint32_t seq, std::uint32_t ack, std::uint16_t flags, std::uint32_t payload,
                   std::uint16_t window = 1000) {
  TcpSegment s;
  s.seq = Seq(seq);
  s.ack = Seq(ack);
  s.flags = flags;
  s.payload_length = payload;
  s.window = window;
  s.checksum = Checksum::Good;
  return s;
}

class Transfer {
 public:
  explicit Transfer(std::uint32_t client = 100, std::uint32_t server = 900) : a_(client), b_(server) {
    TcpSegment syn = segment(a_, 0, kSyn, 0), answer = segment(b_, a_ + 1, kSyn | kAck, 0);
    for (TcpSegment* s : {&syn, &answer}) {
      s->options.has_window_scale = true;
      s->options.window_scale = 3;
    }
    add(Side::A, syn);
    add(Side::B, answer);
    add(Side::A, segment(++a_, ++b_, kAck, 0));
  }
  const SeriesPoint& data(std::uint32_t octets) {
    const std::uint32_t at = a_;
    a_ += octets;
    return add(Side::A, segment(at, b_, kAck, octets));
  }
  const SeriesPoint& again(std::uint32_t back, std::uint32_t octets) {
    return add(Side::A, segment(a_ - back, b_, kAck, octets));
  }
  const SeriesPoint& ack(std::uint32_t behind = 0, std::uint16_t window = 1000) {
    return add(Side::B, segment(b_, a_ - behind, kAck, 0, window));
  }
  SegmentSeries series;

 private:
  const SeriesPoint& add(Side side, const TcpSegment& s) {
    ++frame_;
    return series.add(side, s, {0, frame_, static_cast<TimeNs>(frame_) * kMillisecond});
  }
  std::uint32_t a_, b_;
  std::uint64_t frame_ = 0;
};

}  // namespace

TEST_CASE("a series tells places, windows, octets in flight and round trips") {
  Transfer t(0xFFFFFFF0U);  // goes round soon
  CHECK(t.data(100).in_flight == 100);
  const SeriesPoint second = t.data(100);
  CHECK(second.seq == 101);
  CHECK(second.in_flight == 200);
  const SeriesPoint heard = t.ack();
  CHECK(heard.ack == 201);
  CHECK(heard.window == 8000);
  CHECK(heard.window_known);
  CHECK(heard.rtt_ns == kMillisecond);
  CHECK(heard.in_flight == 0);
}

TEST_CASE("a series tells what was sent again, and takes no round trip of it") {
  Transfer t;
  t.data(100);
  t.data(100);
  CHECK(t.again(200, 100).resent);
  CHECK(t.ack(100).rtt_ns == -1);
  CHECK_FALSE(t.data(100).resent);
}

TEST_CASE("a long series stays short, as fine everywhere, and keeps what stands out") {
  Transfer t;
  for (int i = 0; i < 20'000; ++i) {
    t.data(10);
    if (i % 5000 == 777) t.again(10, 10);
    t.ack(0, i == 12'345 ? 0 : 1000);
    if (t.series.points().size() >= 1000) t.series.thin(500);
  }
  t.series.thin(500);
  const auto& points = t.series.points();
  CHECK(t.series.segments() == 40'007);
  CHECK(points.size() <= 500);
  CHECK(points.size() > 150);
  CHECK(points.front().frame.number == 1);
  CHECK(points.back().frame.number == 40'007);
  std::size_t again = 0, closed = 0;
  std::uint64_t widest = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    again += points[i].resent ? 1 : 0;
    closed += points[i].window == 0 ? 1 : 0;
    if (i > 0) widest = std::max(widest, points[i].ordinal - points[i - 1].ordinal);
  }
  CHECK(again == 4);
  CHECK(closed == 1);
  CHECK(widest < 2 * 40'007 / 40);
}

TEST_CASE("where everything stands out the series is short all the same") {
  Transfer t;
  t.data(10);
  for (int i = 0; i < 5000; ++i) t.again(10, 10);
  t.series.thin(64);
  CHECK(t.series.points().size() <= 64);
}

TEST_CASE("blocks of SACK stay with their points") {
  SegmentSeries series;
  for (std::uint32_t i = 0; i < 400; ++i) {
    TcpSegment s = segment(1, 1000, kAck, 0);
    s.options.sack_count = 1;
    s.options.sack[0] = {Seq(2000 + i), Seq(2001 + i)};
    series.add(Side::A, s, {0, i + 1, i});
  }
  series.thin(64);
  REQUIRE(series.points().size() < 400);
  for (const SeriesPoint& point : series.points()) {
    REQUIRE(point.sack_count == 1);
    CHECK(series.sacks(point)->left - point.ack == static_cast<StreamOffset>(1000 + point.frame.number - 1));
  }
}

TEST_CASE("a shelf hands out each series once, and keeps many small") {
  SeriesShelf shelf(100, 1000);
  for (std::uint32_t i = 0; i < 300; ++i)
    for (std::uint64_t flow = 0; flow < 20; ++flow)
      shelf.add(flow, Side::A, segment(i * 10, 1, kAck, 10), {0, i * 20 + flow + 1, i});
  for (std::uint64_t flow = 0; flow < 20; ++flow) {
    const auto series = shelf.take(flow);
    REQUIRE(series);
    CHECK(series->segments() == 300);
    CHECK(series->points().size() <= 100);
    CHECK_FALSE(shelf.take(flow));
  }
}

TEST_CASE("details are those of each cause with the least numbers, and the largest") {
  DetailShelf shelf(1'000'000);
  int made = 0;
  const auto offer = [&](std::uint64_t flow, std::optional<std::uint32_t> cause, std::uint64_t octets) {
    shelf.offer(flow, cause, octets, [&] { return ++made, std::to_string(flow); });
  };
  for (std::uint64_t flow = 100; flow > 0; --flow) offer(flow, 7, 0);
  offer(500, 8, 0);
  for (std::uint64_t flow = 1000; flow < 1100; ++flow) offer(flow, std::nullopt, flow);
  const int before = made;
  offer(90, 7, 0);
  offer(2000, std::nullopt, 1);
  CHECK(made == before);
  const auto all = shelf.release();
  CHECK(all.size() == 20 + 1 + 32);
  CHECK(all.contains(1));
  CHECK(all.contains(20));
  CHECK_FALSE(all.contains(21));
  CHECK(all.contains(500));
  CHECK(all.contains(1099));
  CHECK_FALSE(all.contains(1067));
}

TEST_CASE("details keep to their octets, and each cause keeps one as long as it can") {
  DetailShelf shelf(1000);
  for (std::uint32_t cause = 0; cause < 9; ++cause)
    for (std::uint64_t flow = 0; flow < 5; ++flow)
      shelf.offer(cause * 100 + flow, cause, 0, [] { return std::string(100, 'x'); });
  const auto all = shelf.release();
  CHECK(all.size() == 10);
  for (std::uint32_t cause = 0; cause < 9; ++cause) CHECK(all.contains(cause * 100));
}

TEST_CASE("JSON in a script element ends nothing") {
  std::string out;
  append_script_safe(out, "{\"a\":\"</script><!--&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\"}");
  CHECK(out == "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\xe2\x80\xa7\"}");
}

TEST_CASE("the page has one place for its data") {
  CHECK(page_before_data().ends_with("<script type=\"application/json\" id=\"data\">"));
  CHECK(page_after_data().starts_with("</script>"));
  CHECK(page_after_data().find("@DATA@") == std::string_view::npos);
}
