// Times as people write and read them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

// "2024-05-01T10:00:00.000000000Z": RFC 3339 in UTC, nine digits.
std::string rfc3339(TimeNs time);
// The same into kRfc3339Size octets.
constexpr std::size_t kRfc3339Size = 30;
void write_rfc3339(char* to, TimeNs time);

// "2024-05-01 10:00:00.123 UTC", for people.
std::string readable_time(TimeNs time);

// "850 us", "12.3 ms", "1.204 s", "2 min 07 s", "3 h 05 min", "4 d 02 h"; negative spans keep their sign.
std::string readable_span(TimeNs span);

// A moment as given on the command line; some forms need the capture to be understood.
struct TimeSpec {
  enum class Kind : std::uint8_t { Absolute, SinceStart, BeforeEnd, End };
  Kind kind = Kind::Absolute;
  TimeNs value = 0;  // since the epoch or the capture's start, or back from its end; unused for End

  TimeNs resolve(TimeNs capture_start, TimeNs capture_end) const;
};

// RFC 3339 (a missing zone is UTC, a space may stand for T, seconds or the whole time of day may be left
// out), epoch seconds with a fraction, "+SPAN" from the capture's start, "-SPAN" from its end, or "end".
std::optional<TimeSpec> parse_time(std::string_view text);

// Seconds with an optional fraction: "60", "0.2". None for anything else, or beyond what nanoseconds can
// hold.
std::optional<TimeNs> parse_seconds(std::string_view text);

// The same, also with a unit: "200ms", "90s", "10m", "2h", "1d".
std::optional<TimeNs> parse_span(std::string_view text);

}  // namespace tcpautopsy
