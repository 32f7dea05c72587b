// How often the likeliest story is the true one. The laws say what must never be wrong; these are the rates
// of being right.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/conclude.h"
#include "tests/support/simulator.h"

namespace tcpautopsy {

namespace {

using sim::Run;
using sim::Weather;

struct Rate {
  std::uint64_t right = 0, all = 0;
  void count(bool is_right) {
    ++all;
    right += is_right ? 1 : 0;
  }
  double share() const { return all == 0 ? 1 : static_cast<double>(right) / static_cast<double>(all); }
};

struct Quality {
  Rate likely_sender, single_sender, final_likely, final_possible, coherent;
};

void judge(const FlowHistory& history, const Run& run, Quality& quality) {
  quality.coherent.count(!history.contradiction);
  for (RecordIndex i = 0; i < history.records().size(); ++i) {
    const SegmentRecord& record = history.records()[i];
    const auto truth = run.sender_state.at(record.frame.number - 1);
    if (!truth || record.copy) continue;
    quality.likely_sender.count(history.beliefs[i].likely[index(record.side)] == *truth);
    quality.single_sender.count(history.beliefs[i].plausible[index(record.side)].single());
  }
  for (const Side side : {Side::A, Side::B}) {
    const bool simulated_a = history.trace.facts(side).address.port == 40000;
    const auto truth = run.final_state[simulated_a ? 0 : 1];
    if (!truth) continue;
    const auto& possible = history.outcome(side).final_possible;
    const TcpState told = *truth == TcpState::Listen ? TcpState::Closed : *truth;  // neither has a connection
    quality.final_likely.count(history.outcome(side).final == told);
    quality.final_possible.count(std::find(possible.begin(), possible.end(), told) != possible.end());
  }
}

Quality measure(const Weather& weather, std::uint64_t first_seed) {
  Quality quality;
  for (std::uint64_t seed = first_seed; seed < first_seed + 2'000; ++seed) {
    const Run run = sim::simulate(seed, weather);
    ConcludeSettings settings;
    settings.capture_end_ns = run.capture_end_ns;
    const Conclusions conclusions = conclude(run.captured, settings);
    if (conclusions.flows.size() == 1) judge(conclusions.flows.front().history, run, quality);
  }
  return quality;
}

}  // namespace

TEST_CASE("without faults the likeliest story is the true one") {
  const Quality quality = measure({.loss = false, .reorder_after_tap = false, .duplicate = false}, 900'000);
  INFO("likely " << quality.likely_sender.share() << ", told as one state " << quality.single_sender.share()
                 << ", final " << quality.final_likely.share() << ", among possible "
                 << quality.final_possible.share());
  CHECK(quality.coherent.share() == 1);
  CHECK(quality.likely_sender.share() >= 0.998);
  CHECK(quality.final_likely.share() >= 0.98);
  CHECK(quality.final_possible.share() >= 0.999);
}

TEST_CASE("with loss on both sides of the capture point it nearly always is") {
  const Quality quality = measure({}, 910'000);
  INFO("likely " << quality.likely_sender.share() << ", told as one state " << quality.single_sender.share()
                 << ", final " << quality.final_likely.share() << ", among possible "
                 << quality.final_possible.share() << ", coherent " << quality.coherent.share());
  CHECK(quality.coherent.share() >= 0.999);
  CHECK(quality.likely_sender.share() >= 0.99);
  CHECK(quality.single_sender.share() >= 0.98);
  CHECK(quality.final_likely.share() >= 0.95);
  CHECK(quality.final_possible.share() >= 0.99);
}

}  // namespace tcpautopsy
