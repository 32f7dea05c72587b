#include "tests/support/simulator.h"

#include <catch2/catch.hpp>
#include <set>

namespace tcpautopsy::sim {

TEST_CASE("a seed means one run") {
  const Run one = simulate(7, {}), again = simulate(7, {}), other_seed = simulate(8, {});
  REQUIRE(one.captured.size() == again.captured.size());
  CHECK(one.sender_state == again.sender_state);
  CHECK(one.capture_end_ns == again.capture_end_ns);
  CHECK(one.capture_end_ns != other_seed.capture_end_ns);
}

TEST_CASE("random connections pass through every state and end in most") {
  std::set<TcpState> sent_in, ended_in;
  std::size_t segments = 0;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    const Run run = simulate(seed, {});
    segments += run.captured.size();
    for (const auto& state : run.sender_state)
      if (state) sent_in.insert(*state);
    for (const auto& state : run.final_state)
      if (state) ended_in.insert(*state);
  }
  using enum TcpState;
  CHECK(sent_in == std::set{Closed, SynSent, SynReceived, Established, FinWait1, FinWait2, CloseWait, Closing,
                            LastAck, TimeWait});
  CHECK(ended_in.size() == kStateCount);
  CHECK(segments > 20'000);
}

TEST_CASE("without faults a capture holds each segment once, in order") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Run run = simulate(seed, {.loss = false, .reorder_after_tap = false, .duplicate = false});
    REQUIRE(run.captured.size() == run.sender_state.size());
    for (std::size_t i = 0; i < run.captured.size(); ++i) {
      CHECK(run.sender_state[i].has_value());
      CHECK(run.captured[i].frame.number == i + 1);
      if (i > 0) CHECK(run.captured[i].frame.time_ns >= run.captured[i - 1].frame.time_ns);
    }
  }
}

}  // namespace tcpautopsy::sim
