// A connection that its notes tell to be over is over by its tracker too, whatever came before.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "analyzer/flow/flow_table.h"
#include "analyzer/flow/live_flow.h"
#include "tests/support/simulator.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

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
  using sim::Weather;
  constexpr Weather kSkies[]{{.loss = false, .reorder_after_tap = false, .duplicate = false},
                             {},
                             {.reorder_before_tap = true},
                             {.capture_loss = true},
                             {.capture_starts_late = true},
                             {.one_sided = true},
                             {.other_stacks = true},
                             {.other_stacks = true, .middlebox = true}};
  Comparison comparison;
  std::uint64_t seed = 70'000;
  for (const Weather& weather : kSkies)
    for (int run = 0; run < 1'000; ++run, ++seed) {
      INFO("seed " << seed);
      comparison.look(sim::simulate(seed, weather).captured);
    }
  CHECK(comparison.over() * 10 > comparison.flows());
}

TEST_CASE("what is told to be over by notes is over in the scripts") {
  const std::filesystem::path scripts = std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests" / "scripts";
  Comparison comparison;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scripts)) {
    if (entry.path().extension() != ".tap") continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    INFO(entry.path().string());
    comparison.look(tap::play(tap::parse_script(text), 0xfffffffe, 9293).captured);
  }
  CHECK(comparison.over() > 20);
}

}  // namespace tcpautopsy
