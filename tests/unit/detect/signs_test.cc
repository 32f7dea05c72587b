// A detector that is not asked would have found nothing.
#include "analyzer/detect/signs.h"

#include <catch2/catch.hpp>
#include <optional>

#include "tests/support/conclude.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

// Whatever a detector may want to hear of other connections.
class BusyServices : public ServiceView {
 public:
  std::uint64_t completed_near(const EndpointAddress&, std::uint64_t, TimeNs, TimeNs) const override {
    return 5;
  }
  std::optional<KeptTimestamp> kept_timestamp(const IpAddress&, const IpAddress&, TimeNs) const override {
    return KeptTimestamp{0, {0, 0x7fffffff}};
  }
  std::uint64_t answered(const EndpointAddress&) const override { return 0; }
  bool not_captured(const IpAddress&, const IpAddress&) const override { return false; }
};

std::vector<Concluded> flows_of(const tap::Script& script) {
  const tap::Playback playback = tap::play(script, 77, 9293);
  ConcludeSettings settings;
  settings.profile = Profile::named(script.profile).value_or(Profile{});
  settings.capture_end_ns = playback.capture_end_ns;
  return std::move(conclude(playback.captured, settings).flows);
}

// What it cannot do without: the others are odd things that it looks for.
bool can_be_asked(const DetectContext& context, Needs needs) {
  const auto named = [&](Needs need) { return has_all(needs, need); };
  return (!named(Needs::Transfer) || context.transfer != nullptr) &&
         (!named(Needs::OneEnd) || context.flow.self_connection) &&
         (!named(Needs::TwoEnds) || !context.flow.self_connection) &&
         (!named(Needs::BothDirections) || (!context.flow.self_connection && !context.flow.one_sided()));
}

Findings ask(const Detector& detector, const DetectContext& context) {
  Findings found;
  if (detector.examine != nullptr) detector.examine(context, found);
  if (detector.examine_end != nullptr)
    for (const Side side : {Side::A, Side::B}) detector.examine_end(context, side, found);
  return found;
}

void check(const Concluded& flow) {
  const BusyServices services;
  const FlowHistory& history = flow.history;
  const DetectContext context{history.trace, history, history.transfer.get(), services};
  const Needs signs = signs_of(context);
  for (const Detector* detector : detectors()) {
    if (has_all(signs, detector->needs) || !can_be_asked(context, detector->needs)) continue;
    INFO(detector->doc.id << " of flow " << history.trace.number);
    CHECK(ask(*detector, context).empty());
  }
}

}  // namespace

TEST_CASE("a detector that is not asked would have found nothing") {
  for (const Detector* detector : detectors())
    for (const Example& example : detector->examples) {
      INFO("example of " << detector->doc.id << ": " << example.title);
      for (const Concluded& flow : flows_of(tap::parse_script(example.script))) check(flow);
    }
}

TEST_CASE("an orderly connection shows nothing odd") {
  const auto flows = flows_of(tap::parse_script(R"(
handshake <mss 1460,sackOK,TS,wscale 7>
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  P.  1:501(500) ack 101
+.01  A > B  F.  101:101(0) ack 501
+.01  A < B  F.  501:501(0) ack 102
+.01  A > B  .   102:102(0) ack 502
end +5
)"));
  REQUIRE(flows.size() == 1);
  const FlowHistory& history = flows[0].history;
  CHECK(signs_of({history.trace, history, history.transfer.get(), BusyServices{}}) ==
        (Needs::TwoEnds | Needs::BothDirections | Needs::Transfer));
}

}  // namespace tcpautopsy
