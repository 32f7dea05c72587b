// The passes over a connection take short cuts: tables folded from the rows, steps that change nothing
// skipped, states left out that no way leads to. Held against the rows themselves, all states, every step.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "analyzer/infer/trellis_moves.h"
#include "tests/support/conclude.h"
#include "tests/support/format.h"
#include "tests/support/simulator.h"
#include "tests/support/slow_moves.h"

namespace tcpautopsy {
namespace {

using SlowRow = std::array<Cost, kStateCount>;

constexpr TcpState state_at(std::size_t i) { return static_cast<TcpState>(i); }

SlowRow slow(const CostRow& row) {
  SlowRow all{};
  for (std::size_t s = 0; s < kStateCount; ++s) all[s] = row[state_at(s)];
  return all;
}

enum class Way { Onward, Back };

SlowRow row_over(Way way, const Trellis& trellis, const Event& event, const Observations& observations,
                 const SlowRow& row) {
  SlowRow out{};
  out.fill(kNever);
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (const SlowMove& move : slow_moves(trellis, event, state_at(s), observations)) {
      const std::size_t from = way == Way::Onward ? s : index(move.to);
      const std::size_t to = way == Way::Onward ? index(move.to) : s;
      out[to] = std::min(out[to], add_cost(row[from], move.cost));
    }
  return out;
}

std::optional<std::string> forward_differs(const Trellis& trellis, const Observations& observations) {
  SlowRow row = slow(trellis.start);
  for (std::size_t k = 0; k < trellis.steps.size(); ++k) {
    row = row_over(Way::Onward, trellis, trellis.steps[k].event, observations, row);
    if (row != slow(trellis.steps[k].forward)) return fmt::format("the way to step {} differs", k);
  }
  return std::nullopt;
}

// Of states that no way leads to, what lies behind does not matter.
std::optional<std::string> backward_differs(const Trellis& trellis, const Observations& observations) {
  SlowRow row{};
  row.fill(kNever);
  trellis.last().states().each([&](TcpState s) {
    row[index(s)] = std::min(trellis.endings[index(s)].stay, trellis.endings[index(s)].leave);
  });
  const auto differs = [&row](const CostRow& there, const CostRow& onward) {
    for (std::size_t s = 0; s < kStateCount; ++s)
      if (there[state_at(s)] != kNever && onward[state_at(s)] != row[s]) return true;
    return false;
  };
  for (std::size_t k = trellis.steps.size(); k-- > 0;) {
    if (differs(trellis.steps[k].forward, trellis.steps[k].backward))
      return fmt::format("the way on from step {} differs", k);
    row = row_over(Way::Back, trellis, trellis.steps[k].event, observations, row);
  }
  return differs(trellis.start, trellis.onward)
             ? std::optional<std::string>("the way on from the start differs")
             : std::nullopt;
}

struct Tried {
  std::uint64_t steps = 0, skipped = 0, differing = 0;
};

void try_flow(const FlowHistory& flow, bool may_miss, TrellisBuilder& runner, Tried& tried) {
  Observations observations;
  observe(flow.trace, flow.capture_end_ns, may_miss, observations);
  for (const Side side : {Side::A, Side::B}) {
    const Trellis& trellis =
        runner.run(flow.trace, observations, flow.profile, side, flow.capture_end_ns, may_miss);
    tried.steps += trellis.steps.size();
    tried.skipped += static_cast<std::uint64_t>(
        std::count_if(trellis.steps.begin(), trellis.steps.end(), [](const Step& s) { return !s.changes; }));
    auto differs = forward_differs(trellis, observations);
    if (!differs) differs = backward_differs(trellis, observations);
    if (differs && tried.differing++ == 0) UNSCOPED_INFO("flow " << flow.trace.number << ": " << *differs);
  }
}

}  // namespace

TEST_CASE("the folded tables say what the rows say") {
  for (std::size_t s = 0; s < kStateCount; ++s)
    for (unsigned triggers = 0; triggers < kTriggerMasks; ++triggers) {
      const auto mask = static_cast<std::uint8_t>(triggers);
      const auto [whole, but_fin] = arrival(state_at(s), mask);
      CHECK(whole == slow_deliver(state_at(s), triggers));
      CHECK(but_fin == slow_deliver(state_at(s), triggers & ~unsigned{kGotFin}));
      CHECK(moved_by(mask).has(state_at(s)) == (whole != state_at(s)));
      // What moves no state by several triggers moves none by one of them.
      for (unsigned bit = 1; bit < kTriggerMasks; bit *= 2)
        CHECK((moved_by(static_cast<std::uint8_t>(triggers & bit))).within(moved_by(mask)));
    }
}

TEST_CASE("the short way through a connection is the long way") {
  Tried tried;
  TrellisBuilder runner;
  constexpr sim::Weather kSkies[]{{},
                                  {.reorder_before_tap = true},
                                  {.capture_loss = true},
                                  {.capture_starts_late = true},
                                  {.one_sided = true}};
  for (std::uint64_t seed = 900'000; seed < 902'000; ++seed) {
    const sim::Run run = sim::simulate(seed, kSkies[seed % std::size(kSkies)]);
    ConcludeSettings settings;
    settings.capture_end_ns = run.capture_end_ns;
    settings.keep_all = seed % 2 == 0;
    for (const Concluded& flow : conclude(run.captured, settings).flows)
      for (const bool may_miss : {false, true}) try_flow(flow.history, may_miss, runner, tried);
  }
  INFO(tried.steps << " steps, " << tried.skipped << " of them skipped");
  CHECK(tried.differing == 0);
  CHECK(tried.skipped > 0);
}

}  // namespace tcpautopsy
