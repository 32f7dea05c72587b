#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "analyzer/detect/detector.h"
#include "analyzer/report/text/example_ladder.h"
#include "analyzer/report/text/text.h"

using namespace tcpautopsy;

namespace {

std::string drawn(std::string_view script) {
  return fmt::format("\n{}\n", fmt::join(example_ladder(script, "lost_final_ack", 70), "\n"));
}

}  // namespace

TEST_CASE("an example's packets, their fate and the finding's frames are drawn") {
  CHECK(drawn(R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  !unseen
+.01  A > B  .   1:1(0) ack 1  !lost
+.21  A < B  F.  1:1(0) ack 1  !lost
end +10
finding lost_final_ack frame 2 endpoint server
)") == R"(
                  client                                        server
     1   0.000000 |-- SYN 0:0(0) <mss 1460> ------------------------>|
         0.010000 |<.......... SYN+ACK 0:0(0) ack 1 [not captured] ..|
!    2   0.020000 |-- ACK 1:1(0) ack 1 --------------X               |
     3   0.230000 |             X------------ FIN+ACK 1:1(0) ack 1 --|
                    the capture ends 10 s later
  found: lost_final_ack, server
)");
}

TEST_CASE("blocks and repeats are told, and frames behind a repeat keep their numbers and times") {
  CHECK(drawn(R"(
repeat 60 {
+.5   A > B  P.  1:11(10) ack 1
}
+.5   A > B  R.  601:601(0) ack 1
times 6 every 2 {
+0    A > B  S   0:0(0)
}
no finding
)") == R"(
                  client                                        server
                    60 times:
     1   0.500000 |-- PSH+ACK 1:11(10) ack 1 ----------------------->|
                    (to here)
    61  30.500000 |-- RST+ACK 601:601(0) ack 1 --------------------->|
                    6 times, one every 2 s:
    62   0.000000 |-- SYN 0:0(0) ----------------------------------->|
                    (to here)
  not found
)");
}

TEST_CASE(
    "the time of a repeat within a repeat, or within a connection of a block, counts as often as it comes") {
  const std::string text = drawn(R"(
times 3 every 20 {
+1    A > B  S   0:0(0)
repeat 3 {
+1    A > B  P.  1:11(10) ack 1
repeat 2 {
+.25  A > B  P.  11:21(10) ack 1
}
}
+1    A > B  R.  91:91(0) ack 1
}
)");
  INFO(text);
  CHECK(text.find("    1   1.000000 |-- SYN") != std::string::npos);
  CHECK(text.find("    2   2.000000 |-- PSH+ACK") != std::string::npos);
  CHECK(text.find("    3   2.250000 |-- PSH+ACK") != std::string::npos);
  CHECK(text.find("   11   6.500000 |-- RST+ACK") != std::string::npos);
}

TEST_CASE("how often a block comes is told in words") {
  constexpr std::pair<std::string_view, std::string_view> kCases[]{
      {"times 27 every .2 {", "27 times, one every 0.2 s:"},
      {"times 1 every 3600 from 10.1.0.0/16 {", "once, by a client in 10.1.0.0/16:"},
      {"times 1200 every .1 from 10.1.0.0/16 {", "1,200 times, one every 0.1 s, by clients in|10.1.0.0/16:"},
      {"times 40 every .2 isn A 0 to hosts {", "40 times, one every 0.2 s, each to the next|address:"},
      {"times 20 every .5 to ports {", "20 times, one every 0.5 s, each to the next port:"},
      {"times 4 every 2 isn B 64000 {", "4 times, one every 2 s:"},
      {"times 400 every .4 over 200 ports {", "400 times, one every 0.4 s, 200 client ports in|turn:"},
      {"repeat 60 {", "60 times:"},
      {"repeat 1 {", "once:"}};
  for (const auto& [line, words] : kCases) {
    std::string expected(words);
    if (const std::size_t at = expected.find('|'); at != std::string::npos)
      expected.replace(at, 1, "\n" + std::string(20, ' '));
    const std::string text = drawn(fmt::format("{}\n+0 A > B S 0:0(0)\n}}\n", line));
    INFO(text);
    CHECK(text.find("\n" + std::string(20, ' ') + expected + "\n") != std::string::npos);
  }
}

TEST_CASE("what a test expects of a finding is told in words") {
  constexpr std::pair<std::string_view, std::string_view> kCases[]{
      {"finding mss_anomaly endpoint server certainty likely likely ignored",
       "found: mss_anomaly, server, likely"},
      {"finding lost_final_ack frame 6 frame 7 endpoint server severity warning certainty certain count 2",
       "found: lost_final_ack, server, warning, certain, count 2"},
      {"finding rst_injected frame 8 count 2 severity warning certainty likely",
       "found: rst_injected, warning, likely, count 2"},
      {"finding simultaneous_close severity info endpoint none", "found: simultaneous_close, info"},
      {"finding syn_flood severity error count 120 flows 120",
       "found: syn_flood, error, count 120, 120 connections"},
      {"finding connection_refused part_of port_scan", "found: connection_refused, part of port_scan"},
      {"finding lost_final_ack", "found: lost_final_ack"},
      {"no finding", "not found"},
      {"no finding rst_abort", "not found: rst_abort"}};
  for (const auto& [line, words] : kCases) {
    const std::string text = drawn(fmt::format("+0 A > B S 0:0(0)\n{}\n", line));
    INFO(text);
    CHECK(text.ends_with(fmt::format("|\n  {}\n", words)));
  }
}

TEST_CASE("no line of any example is wider than asked for, and each tells packets") {
  for (const Detector* detector : detectors())
    for (const Example& example : detector->examples)
      for (const std::size_t width : {60, 80, 140}) {
        const auto lines = example_ladder(example.script, detector->doc.id, width);
        INFO(detector->doc.id << ": " << example.title);
        CHECK(lines.size() >= 3);
        for (const std::string& line : lines) CHECK(columns(line) <= width);
      }
}
