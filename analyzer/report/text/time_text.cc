#include "analyzer/report/text/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>

#include "analyzer/detect/evidence.h"
#include "analyzer/report/text/decimal.h"

namespace tcpautopsy {
namespace {

struct Civil {
  int year;
  unsigned month, day, hour, minute, second, nanosecond;
};

Civil civil(TimeNs time) {
  using namespace std::chrono;
  const sys_time<nanoseconds> point{nanoseconds{time}};
  const auto midnight = floor<days>(point);
  const year_month_day date{midnight};
  const auto within = static_cast<std::uint64_t>((point - midnight).count());
  const auto seconds = static_cast<unsigned>(within / static_cast<std::uint64_t>(kSecond));
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          seconds / 3600,
          seconds / 60 % 60,
          seconds % 60,
          static_cast<unsigned>(within % static_cast<std::uint64_t>(kSecond))};
}

// Into a form like 0000-00-00T00:00:00. 64-bit nanoseconds begin in 1677 and end in 2262.
void write_to_second(char* form, const Civil& c) {
  const auto year = static_cast<unsigned>(c.year);
  write_two_digits(form, year / 100);
  write_two_digits(form + 2, year % 100);
  write_two_digits(form + 5, c.month);
  write_two_digits(form + 8, c.day);
  write_two_digits(form + 11, c.hour);
  write_two_digits(form + 14, c.minute);
  write_two_digits(form + 17, c.second);
}

// Reads exactly `count` decimal digits off the front.
bool take(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// A fraction after its point; digits beyond the ninth are dropped.
bool take_fraction(std::string_view& text, TimeNs& nanoseconds) {
  std::size_t count = 0;
  nanoseconds = 0;
  TimeNs scale = kSecond;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    scale /= 10;
    nanoseconds += scale * (text[count] - '0');
  }
  text.remove_prefix(count);
  return count > 0;
}

bool take_seconds(std::string_view& text, int& whole, TimeNs& fraction) {
  return take(text, 2, whole) && (!take(text, '.') || take_fraction(text, fraction));
}

bool take_zone(std::string_view& text, TimeNs& offset) {
  offset = 0;
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return true;
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return false;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!take(text, 2, hours) || !take(text, ':') || !take(text, 2, minutes) || hours > 23 || minutes > 59)
    return false;
  offset = (hours * 3600 + minutes * 60) * kSecond * (west ? -1 : 1);
  return true;
}

// RFC 3339, with less of the time of day where less is given.
std::optional<TimeNs> parse_date(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take(text, 4, y) || !take(text, '-') || !take(text, 2, mo) || !take(text, '-') || !take(text, 2, d))
    return {};
  TimeNs fraction = 0, offset = 0;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return {};
    if (!take(text, 2, h) || !take(text, ':') || !take(text, 2, mi)) return {};
    if (take(text, ':') && !take_seconds(text, s, fraction)) return {};
    if (!take_zone(text, offset) || !text.empty()) return {};
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  // Nanoseconds in 64 bits end in 2262; a leap second (60) runs into the next minute.
  if (!date.ok() || h > 23 || mi > 59 || s > 60 || y < 1678 || y > 2261) return {};
  const TimeNs days_since = sys_days{date}.time_since_epoch().count();
  return (days_since * 86400 + h * 3600 + mi * 60 + s) * kSecond + fraction - offset;
}

}  // namespace

void write_rfc3339(char* to, TimeNs time) {
  const Civil c = civil(time);
  std::memcpy(to, "0000-00-00T00:00:00.000000000Z", kRfc3339Size);
  write_to_second(to, c);
  to[20] = static_cast<char>('0' + c.nanosecond / kEightDigits);
  write_eight_digits(to + 21, c.nanosecond % kEightDigits);
}

std::string rfc3339(TimeNs time) {
  std::string out(kRfc3339Size, '\0');
  write_rfc3339(out.data(), time);
  return out;
}

std::string readable_time(TimeNs time) {
  const Civil c = civil(time);
  std::string text = "0000-00-00 00:00:00.000 UTC";
  write_to_second(text.data(), c);
  const unsigned milliseconds = c.nanosecond / 1'000'000;
  text[20] = static_cast<char>('0' + milliseconds / 100);
  write_two_digits(text.data() + 21, milliseconds % 100);
  return text;
}

std::string readable_span(TimeNs span) {
  if (span == std::numeric_limits<TimeNs>::min()) return "-";
  if (span < 0) return fmt::format("-{}", readable_span(-span));
  const double ns = static_cast<double>(span);
  if (span < 1000) return fmt::format("{} ns", span);
  if (span < kMillisecond) return fmt::format("{:.0f} us", ns / 1e3);
  if (span < 100 * kMillisecond) return fmt::format("{:.1f} ms", ns / 1e6);
  if (span < kSecond) return fmt::format("{:.0f} ms", ns / 1e6);
  if (span < 10 * kSecond) return fmt::format("{:.2f} s", ns / 1e9);
  if (span < kInMinutes) return fmt::format("{:.1f} s", ns / 1e9);
  return long_duration_text(span);
}

TimeNs TimeSpec::resolve(TimeNs capture_start, TimeNs capture_end) const {
  switch (kind) {
    case Kind::Absolute: return value;
    case Kind::SinceStart: {
      constexpr TimeNs latest = std::numeric_limits<TimeNs>::max();
      return capture_start > latest - value ? latest : capture_start + value;
    }
    case Kind::BeforeEnd: {
      constexpr TimeNs earliest = std::numeric_limits<TimeNs>::min();
      return capture_end < earliest + value ? earliest : capture_end - value;
    }
    case Kind::End: return capture_end;
  }
  return value;
}

std::optional<TimeNs> parse_seconds(std::string_view text) {
  TimeNs seconds = 0, fraction = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    seconds = seconds * 10 + (text[count] - '0');
    if (seconds > std::numeric_limits<TimeNs>::max() / kSecond - 1) return {};
  }
  if (count == 0) return {};
  text.remove_prefix(count);
  if (take(text, '.') && !take_fraction(text, fraction)) return {};
  if (!text.empty()) return {};
  return seconds * kSecond + fraction;
}

std::optional<TimeNs> parse_span(std::string_view text) {
  struct Unit {
    std::string_view name;
    TimeNs length;
  };
  static constexpr std::array<Unit, 5> units{{{"ms", kMillisecond},
                                              {"s", kSecond},
                                              {"m", 60 * kSecond},
                                              {"h", 3600 * kSecond},
                                              {"d", 86400 * kSecond}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = parse_seconds(text.substr(0, digits));
  if (!number || digits == text.size()) return number;
  const auto* const unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  if (unit == units.end()) return {};
  // Whole seconds and the fraction apart, so that no product is beyond 64 bits that the result is not.
  const TimeNs whole = *number / kSecond, fraction = *number % kSecond;
  if (whole > std::numeric_limits<TimeNs>::max() / unit->length - 1) return {};
  return whole * unit->length + fraction * (unit->length / kMillisecond) / (kSecond / kMillisecond);
}

std::optional<TimeSpec> parse_time(std::string_view text) {
  if (text == "end") return TimeSpec{TimeSpec::Kind::End, 0};
  if (text.starts_with('+') || text.starts_with('-')) {
    const auto kind = text.front() == '+' ? TimeSpec::Kind::SinceStart : TimeSpec::Kind::BeforeEnd;
    const auto span = parse_span(text.substr(1));
    if (!span) return {};
    return TimeSpec{kind, *span};
  }
  auto time = parse_seconds(text);
  if (!time) time = parse_date(text);
  if (!time) return {};
  return TimeSpec{TimeSpec::Kind::Absolute, *time};
}

}  // namespace tcpautopsy
