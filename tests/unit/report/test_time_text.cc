#include <catch2/catch.hpp>

#include "analyzer/report/text/time_text.h"

using namespace tcpautopsy;

namespace {

TimeNs absolute(std::string_view text) {
  const auto spec = parse_time(text);
  REQUIRE(spec);
  REQUIRE(spec->kind == TimeSpec::Kind::Absolute);
  return spec->value;
}

}  // namespace

TEST_CASE("times are written as RFC 3339 with nine digits") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(rfc3339(1'714'557'600'123'456'789) == "2024-05-01T10:00:00.123456789Z");
  CHECK(rfc3339(951'782'400'000'000'000) == "2000-02-29T00:00:00.000000000Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(readable_time(1'714'557'600'123'456'789) == "2024-05-01 10:00:00.123 UTC");
}

TEST_CASE("every form of time on the command line is read") {
  CHECK(absolute("2024-05-01T10:00:00Z") == 1'714'557'600 * kSecond);
  CHECK(absolute("2024-05-01T10:00:00.5Z") == 1'714'557'600 * kSecond + 500 * kMillisecond);
  CHECK(absolute("2024-05-01 12:00:00+02:00") == 1'714'557'600 * kSecond);
  CHECK(absolute("2024-05-01T05:30:00-04:30") == 1'714'557'600 * kSecond);
  CHECK(absolute("2024-05-01T10:00:00") == 1'714'557'600 * kSecond);
  CHECK(absolute("1714557600.123456789") == 1'714'557'600'123'456'789);
  CHECK(absolute("1714557600.1234567899") == 1'714'557'600'123'456'789);
  CHECK(absolute("0") == 0);
  CHECK(absolute("2024-05-01") == 1'714'521'600 * kSecond);
  CHECK(absolute("2024-05-01 10:00") == 1'714'557'600 * kSecond);
  CHECK(absolute("2024-05-01T12:00+02:00") == 1'714'557'600 * kSecond);
  CHECK(parse_time("+1.5")->kind == TimeSpec::Kind::SinceStart);
  CHECK(parse_time("+1.5")->resolve(10 * kSecond, 0) == 11 * kSecond + 500 * kMillisecond);
  CHECK(parse_time("+2m")->resolve(10 * kSecond, 0) == 130 * kSecond);
  CHECK(parse_time("-10m")->kind == TimeSpec::Kind::BeforeEnd);
  CHECK(parse_time("-10m")->resolve(0, 1000 * kSecond) == 400 * kSecond);
  CHECK(parse_time("-90")->resolve(0, 100 * kSecond) == 10 * kSecond);
  CHECK(parse_time("end")->resolve(1, 99) == 99);
}

TEST_CASE("what is no time is refused") {
  for (const char* text : {"",
                           "+",
                           "-",
                           "-10min",
                           "+-5",
                           "10m",
                           "1.",
                           "now",
                           "2024-13-01T00:00:00Z",
                           "2024-02-30T00:00:00Z",
                           "2024-05-01T25:00:00Z",
                           "2024-05-",
                           "2024-05-01T",
                           "2024-05-01T10",
                           "2024-05-01Z",
                           "2024-05-01 10:00:",
                           "2024-05-01T10:00:00.Z",
                           "2024-05-01T10:00:00Zx",
                           "99999999999999999999",
                           "2024-05-01T10:00:00+2:00",
                           "0x10"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("a far time since the start does not overflow") {
  CHECK(parse_time("+9000000000")->resolve(5'000'000'000'000'000'000, 0) ==
        std::numeric_limits<TimeNs>::max());
}

TEST_CASE("a time far before the end does not overflow") {
  CHECK(parse_time("-9000000000")->resolve(0, -5'000'000'000'000'000'000) ==
        std::numeric_limits<TimeNs>::min());
}

TEST_CASE("spans are seconds or have a unit") {
  CHECK(parse_span("60") == 60 * kSecond);
  CHECK(parse_span("200ms") == 200 * kMillisecond);
  CHECK(parse_span("0.5s") == 500 * kMillisecond);
  CHECK(parse_span("1.5h") == 5400 * kSecond);
  CHECK(parse_span("2d") == 172'800 * kSecond);
  CHECK(parse_span("0.000000001d") == 86'400);
  for (const char* text : {"", "s", "5 s", "5x", "-5s", "1.s", "1h30m", "106752d", "99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_span(text));
  }
}

TEST_CASE("spans are readable from nanoseconds to days") {
  CHECK(readable_span(0) == "0 ns");
  CHECK(readable_span(850'000) == "850 us");
  CHECK(readable_span(12'345'678) == "12.3 ms");
  CHECK(readable_span(1'204 * kMillisecond) == "1.20 s");
  CHECK(readable_span(127 * kSecond) == "2 min 07 s");
  CHECK(readable_span(2 * 3600 * kSecond + 300 * kSecond) == "2 h 05 min");
  CHECK(readable_span(-5 * kSecond) == "-5.00 s");
}
