// What a summary says where the same finding has more than one course of events behind it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"

namespace tcpautopsy {
namespace {

std::string summary_of(std::string_view id, std::string_view text) {
  const tap::Playback playback = tap::play(tap::parse_script(text), 0, 1);
  ConcludeSettings settings;
  settings.capture_end_ns = playback.capture_end_ns;
  for (const Concluded& flow : conclude(playback.captured, settings).flows)
    for (const Finding& finding : flow.findings)
      if (finding.id == id) return finding.summary;
  return "";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an ICMP error stops a connect only where the SYN does not go on") {
  const std::string stopped = summary_of("connection_refused", R"(
+0    A > B  S  0:0(0) <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0
end +60
)");
  CHECK(has(stopped, " was stopped after 10 ms by an ICMP error"));
  CHECK_FALSE(has(stopped, "retransmitted"));
  const std::string went_on = summary_of("connection_refused", R"(
+0    A > B  S  0:0(0) <mss 1460>
+.01  icmp to A type 3 code 13 quotes 0
+.99  A > B  S  0:0(0) <mss 1460>
end +60
)");
  CHECK(has(went_on, " was answered after 10 ms by an ICMP error"));
  CHECK(has(went_on, "; the client retransmitted its SYN."));
  CHECK_FALSE(has(went_on, "stopped"));
}

}  // namespace tcpautopsy
