// What is told of an end because another one looked alike is what the passes would have told.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/support/conclude.h"
#include "tests/support/scenes.h"

namespace tcpautopsy {
namespace {

using sim::Weather;

std::string text_of(const std::optional<FrameRef>& frame) {
  return frame ? fmt::format("{}/{}", frame->number, frame->time_ns) : "-";
}

std::string text_of(const EndpointOutcome& outcome) {
  std::string text =
      fmt::format("final {} of {}:", name(outcome.final), to_string(outcome.final_not_ruled_out));
  for (const TcpState state : outcome.final_possible) text += fmt::format(" {}", name(state));
  if (outcome.give_up)
    text += fmt::format(" gave up in {} after {} at {}, {} to {}", name(outcome.give_up->in),
                        outcome.give_up->resends, outcome.give_up->at_ns, outcome.give_up->first,
                        outcome.give_up->last);
  return text + '\n';
}

// All that the passes tell.
std::string text_of(const FlowHistory& h) {
  std::string text;
  for (const Transition& t : h.transitions)
    text += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}\n", index(t.side), name(t.from), name(t.to),
                        static_cast<int>(t.basis), t.record, t.proved_by, text_of(t.proof), text_of(t.frame),
                        t.time_ns, t.at_ns, t.cause, t.rfc, to_string(t.possible));
  for (const Belief& b : h.beliefs)
    for (const std::size_t s : {0U, 1U})
      text += fmt::format("{} {} {} {}\n", to_string(b.live[s]), to_string(b.kept[s]),
                          to_string(b.plausible[s]), name(b.likely[s]));
  for (const Delivery& d : h.deliveries) text += fmt::format("{} {}\n", static_cast<int>(d.fate), d.proof);
  return text + text_of(h.outcomes[0]) + text_of(h.outcomes[1]);
}

class Comparison {
 public:
  void look(const std::vector<Captured>& input, TimeNs end_ns, bool keep_all) {
    FlowOptions options;
    if (keep_all) options.keep_all = [](std::uint64_t) { return true; };
    FlowTable table(std::move(options), [&](FinishedFlow&& flow) { compare(flow.end(), end_ns); });
    for (const Captured& captured : input) {
      if (const auto* segment = std::get_if<TcpSegment>(&captured.what))
        table.add(*segment, captured.frame);
      else
        table.add(std::get<IcmpError>(captured.what), captured.frame);
    }
    table.finish();
  }
  std::uint64_t flows() const { return flows_; }
  std::uint64_t told() const { return historian_.told_from_known(); }

 private:
  // Three times: a course is known once it was met twice.
  void compare(const EndedFlow& flow, TimeNs end_ns) {
    ++flows_;
    const std::string anew = text_of(Historian().conclude(EndedFlow(flow), nullptr, Profile{}, end_ns));
    for (int time = 0; time < 3; ++time) {
      FlowHistory history = historian_.conclude(EndedFlow(flow), nullptr, Profile{}, end_ns);
      REQUIRE(text_of(history) == anew);
      historian_.reuse(std::move(history));
    }
  }

  Historian historian_;
  std::uint64_t flows_ = 0;
};

}  // namespace

TEST_CASE("ends that look alike are told of as each would be") {
  Comparison comparison;
  std::uint64_t seed = 1'000;
  for (const sim::Weather& weather : kUsualSkies)
    for (int run = 0; run < 1'500; ++run, ++seed) {
      INFO("seed " << seed);
      const sim::Run one = sim::simulate(seed, weather);
      comparison.look(one.captured, one.capture_end_ns, seed % 2 == 0);
    }
  CHECK(comparison.told() > comparison.flows());
}

TEST_CASE("ends of the scripts that look alike are told of as each would be") {
  Comparison comparison;
  each_script(std::filesystem::path(TCPAUTOPSY_SOURCE_DIR) / "tests" / "scripts",
              [&](const std::vector<Captured>& input) {
                if (input.empty()) return;
                for (const TimeNs after : {0 * kSecond, 100 * kSecond, 10'000 * kSecond})
                  comparison.look(input, input.back().frame.time_ns + after, false);
              });
  CHECK(comparison.told() > comparison.flows() / 2);
}

// How long the client's quiet middle is, and whether segments crossed in it, changes nothing of its course.
TEST_CASE("a longer talk is told of as a shorter one like it") {
  const auto talk = [](int turns, const char* back) {
    std::string script = "handshake\n";
    for (int i = 0, b = 1; i < turns; ++i, b += 100)
      script += fmt::format(
          "+.05  A > B  P. {0}:{1}(10) ack {2}\n+{4}  A < B  P. {2}:{3}(100) ack {1}\n+.01  A > B  . "
          "{1}:{1}(0) ack {3}\n",
          10 * i + 1, 10 * i + 11, b, b + 100, back);
    const int a = 10 * turns + 1, b = 100 * turns + 1;
    script += fmt::format(
        "+.30  A < B  F. {1}:{1}(0) ack {0}\n+.02  A > B  F. {0}:{0}(0) ack {2}\n+.02  A < B  . {2}:{2}(0) "
        "ack {3}\n",
        a, b, b + 1, a + 1);
    return tap::play(tap::parse_script(script), 1000, 1).captured;
  };
  Comparison comparison;
  for (const int turns : {2, 3, 4, 6, 9})
    for (const char* back : {".02", ".001"}) {
      INFO(turns << " turns, answered after " << back);
      const std::vector<Captured> input = talk(turns, back);
      const std::uint64_t before = comparison.told();
      comparison.look(input, input.back().frame.time_ns + 200 * kSecond, true);
      // Of either end it is known by the third time; of the client, but for the first talk, at once.
      CHECK(comparison.told() - before >= (before > 0 ? 4 : 2));
    }
}

}  // namespace tcpautopsy
