#include "tests/support/tap_runner.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/tap_player.h"

namespace tcpautopsy::tap {

namespace {

const std::string kClose = R"(
  handshake
  +.01  A > B  P. 1:101(100) ack 1
  +.02  A < B  .  1:1(0) ack 101
  +.10  A > B  F. 101:101(0) ack 1
  +.01  A < B  .  1:1(0) ack 102
)";

bool passes(const std::string& script) { return run_script(script).passed(); }
const TcpSegment& segment(const Playback& playback, std::size_t i) {
  return std::get<TcpSegment>(playback.captured.at(i).what);
}

}  // namespace

TEST_CASE("each kind of expectation can be met and missed") {
  CHECK(passes(kClose + "+1 A < B F. 1:1(0) ack 102 | B LAST-ACK"));
  CHECK_FALSE(passes(kClose + "+1 A < B F. 1:1(0) ack 102 | B CLOSE-WAIT"));
  CHECK_FALSE(passes(kClose + "+1 A < B F. 1:1(0) ack 102 | live: B CLOSE-WAIT"));
  CHECK(passes(kClose + "transition A ESTABLISHED > FIN-WAIT-1 observed frame 6"));
  CHECK_FALSE(passes(kClose + "transition A ESTABLISHED > FIN-WAIT-1 observed frame 5"));
  CHECK_FALSE(passes(kClose + "transition A ESTABLISHED > FIN-WAIT-1 inferred"));
  CHECK(passes(kClose + "transition B ESTABLISHED > CLOSE-WAIT confirmed frame 6 by 7"));
  CHECK_FALSE(passes(kClose + "transition B ESTABLISHED > CLOSE-WAIT confirmed frame 6 by 6"));
  CHECK_FALSE(passes(kClose + "no transition B"));
  CHECK(passes(kClose + "final B CLOSE-WAIT"));
  CHECK_FALSE(passes(kClose + "final B LAST-ACK"));
  CHECK_FALSE(passes(kClose + "possible B LAST-ACK|CLOSE-WAIT"));
  CHECK_FALSE(passes(kClose + "finding half_close"));
  CHECK(passes(kClose + "end +10\nfinding close_wait_stuck endpoint server severity warning"));
  CHECK_FALSE(passes(kClose + "end +10\nfinding close_wait_stuck endpoint client"));
  CHECK_FALSE(passes(kClose + "end +10\nfinding close_wait_stuck frame 1"));
  CHECK_FALSE(passes(kClose + "end +10\nno finding"));
  CHECK_FALSE(passes(kClose + "end +10\nno finding close_wait_stuck"));
  CHECK(passes(kClose + "end +10\nno finding lost_final_ack"));
}

TEST_CASE("a failure shows expected over actual, and the ladder with the marks") {
  const RunResult result = run_script(kClose + "+.2 A > B . 102:102(0) ack 1 !lost\nfinal B LAST-ACK");
  REQUIRE(result.failures.size() == 4);  // at each initial sequence number
  CHECK(result.failures[0].find("expected final B LAST-ACK") != std::string::npos);
  CHECK(result.failures[0].find("actual CLOSE-WAIT") != std::string::npos);
  CHECK(result.text().find("script: !lost") != std::string::npos);
}

TEST_CASE("no script is a failure with its line") {
  CHECK(run_script("handshake\nnonsense").failures.at(0).find("line 2") != std::string::npos);
}

TEST_CASE("unseen packets take time and change echoes but are not captured") {
  const Playback playback = play(parse_script(R"(
    handshake <mss 1460,TS>
    +1    A > B  P. 1:2(1) ack 1  !unseen
    +1    A < B  .  1:1(0) ack 2
    +1    A > B  P. 2:3(1) ack 1  !lost
    +1    A < B  .  1:1(0) ack 2
    +.01  A > B  P. 3:4(1) ack 1  !late 2s
    +1    A < B  .  1:1(0) ack 2
    +2    A < B  .  1:1(0) ack 2)"),
                                 0, 1);
  REQUIRE(playback.captured.size() == 9);
  const auto echo = [&](std::size_t i) { return segment(playback, i).options.ts_ecr; };
  const std::uint32_t unseen = 100'000 + 1020;
  CHECK(echo(3) == unseen);
  CHECK(echo(5) == unseen);
  CHECK(echo(7) == unseen);
  CHECK(echo(8) == segment(playback, 6).options.ts_val);
  CHECK(playback.captured.back().frame.number == 9);
}

TEST_CASE("numbers follow the initial sequence number and the incarnation") {
  const Playback playback =
      play(parse_script("handshake\nreuse A 10 B -3\n+1 A > B S 0:0(0)\n+0 A < B . 5:5(0) ack 7 inc 0"),
           0xfffffffe, 1);
  CHECK(segment(playback, 0).seq == Seq(0xfffffffe));
  CHECK(segment(playback, 2).seq == Seq(0xffffffff));
  CHECK(segment(playback, 3).seq == Seq(8));
  CHECK(segment(playback, 4).seq == Seq(3));
  CHECK(segment(playback, 4).ack == Seq(5));
}

TEST_CASE("what is sent again is alike but for its IP ID") {
  const Playback playback =
      play(parse_script(
               "handshake\n+1 A > B P. 1:9(8) ack 1\n+1 A > B P. 1:9(8) ack 1\n+1 A > B P. 9:17(8) ack 1"),
           7, 1);
  const TcpSegment &first = segment(playback, 3), &again = segment(playback, 4), &next = segment(playback, 5);
  CHECK(first.tcp_checksum == again.tcp_checksum);
  CHECK(first.ip_id != again.ip_id);
  CHECK(first.tcp_checksum != next.tcp_checksum);
  CHECK(std::equal(first.payload.begin(), first.payload.end(), again.payload.begin(), again.payload.end()));
}

}  // namespace tcpautopsy::tap
