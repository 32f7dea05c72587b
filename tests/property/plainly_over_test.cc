// A connection that its notes tell to be over is over by its tracker too, whatever came before.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "analyzer/flow/flow_table.h"
#include "analyzer/flow/live_flow.h"
#include "tests/support/scenes.h"

namespace tcpautopsy {
namespace {

class Comparison {
 public:
  void look(const std::vector<Captured>& input) {
    FlowTable table(FlowOptions{}, [this](FinishedFlow&& flow) { compare(flow); });
    for (const Captured& captured : input) {
      if (const auto* segment = std::get_if<TcpSegment>(&captured.what))
        table.add(*segment, captured.frame);
      else
        table.add(std::get<IcmpError>(captured.what), captured.frame);
    }
    table.finish();
  }
  std::uint64_t flows() const { return flows_; }
  std::uint64_t over() const { return over_; }

 private:
  // After each of its segments.
  void compare(const FinishedFlow& finished) {
    if (finished.tracker) return;
    ++flows_;
    LiveFlow flow(finished.key, 0, 0, finished.a_is_low, finished.limits, finished.epoch);
    FlowTracker tracker(finished.key, finished.a_is_low, finished.limits);
    JournalReader reader(finished.journal, finished.epoch);
    bool over = false;
    for (JournalEntry entry; reader.next(entry);) {
      const bool from_low = (entry.side == Side::A) == finished.a_is_low;
      entry.segment.source = from_low ? finished.key.low : finished.key.high;
      entry.segment.destination = from_low ? finished.key.high : finished.key.low;
      flow.add(entry.segment, entry.frame, entry.side, entry.role);
      tracker.add(entry.segment, entry.frame, entry.side, entry.role);
      over = flow.plainly_over();
      if (!over) continue;
      REQUIRE(tracker.over());
      REQUIRE(tracker.closed());
      REQUIRE(!tracker.reset());
    }
    if (over) ++over_;
    compare_asleep(flow, over);
  }
  void compare_asleep(const LiveFlow& flow, bool over) {
    FlowSlot slot;
    slot.hold(SleepingFlow::of(flow));
    REQUIRE(slot.over_since().has_value() == over);
    if (over) REQUIRE(*slot.over_since() == flow.last_ns());
    const SleepingFlow asleep = slot.sleeping();
    CHECK(asleep.key.low == flow.key.low);
    CHECK(asleep.key.high == flow.key.high);
    REQUIRE(std::equal(asleep.journal.begin(), asleep.journal.end(), flow.journal().bytes().begin(),
                       flow.journal().bytes().end()));
  }

  std::uint64_t flows_ = 0, over_ = 0;
};

}  // namespace

TEST_CASE("what is told to be over by notes is over") {
  Comparison comparison;
  std::uint64_t seed = 70'000;
  for (const sim::Weather& weather : kUsualSkies)
    for (int run = 0; run < 1'000; ++run, ++seed) {
      INFO("seed " << seed);
      comparison.look(sim::simulate(seed, weather).captured);
    }
  CHECK(comparison.over() * 10 > comparison.flows());
}

TEST_CASE("what is told to be over by notes is over in the scripts") {
  Comparison comparison;
  each_script(std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests" / "scripts",
              [&](const std::vector<Captured>& input) { comparison.look(input); });
  CHECK(comparison.over() > 20);
}

}  // namespace tcpautopsy
