#include "tests/support/tap_check.h"

#include <algorithm>

#include "tests/support/format.h"
#include "tests/support/ladder_printer.h"

namespace tcpautopsy::tap {

namespace {

class Checker {
 public:
  Checker(const Script& script, const Playback& playback, const Conclusions& conclusions,
          std::string_view own_finding)
      : script_(script), playback_(playback), conclusions_(conclusions), own_finding_(own_finding) {}
  std::vector<std::string> run();

 private:
  const Packet* packet_of(std::size_t i) const {
    const Event* event = event_of(script_, playback_, i);
    return event == nullptr ? nullptr : std::get_if<Packet>(event);
  }
  void beliefs(std::uint64_t frame, const Packet& packet);
  void belief(const BeliefExpectation& expected, const Located& at, std::uint64_t frame);
  void transition(const TransitionExpectation& expected);
  void no_transition(const TransitionExpectation& expected);
  bool matches(const TransitionExpectation& expected, const Transition& t, const FlowHistory& history) const;
  void outcome(const OutcomeExpectation& expected);
  void finding(const FindingExpectation& expected);
  bool matches(const FindingExpectation& expected, const Finding& finding, const FlowHistory* history) const;
  const Concluded* flow_of_incarnation(unsigned incarnation) const;
  void fail(unsigned line, const std::string& expected, const std::string& actual) {
    failures_.push_back(
        fmt::format("line {}: expected {}\n                 actual {}", line, expected, actual));
  }

  const Script& script_;
  const Playback& playback_;
  const Conclusions& conclusions_;
  std::string_view own_finding_;
  std::vector<std::string> failures_;
};

std::vector<std::string> Checker::run() {
  for (std::size_t i = 0; i < playback_.event_of.size(); ++i)
    if (const auto* packet = packet_of(i)) beliefs(i + 1, *packet);
  for (const auto& expected : script_.transitions) transition(expected);
  for (const auto& expected : script_.outcomes) outcome(expected);
  for (const auto& expected : script_.findings) finding(expected);
  return std::move(failures_);
}

void Checker::beliefs(std::uint64_t frame, const Packet& packet) {
  if (packet.beliefs.empty()) return;
  const Located at = locate(conclusions_.flows, frame);
  for (const BeliefExpectation& expected : packet.beliefs) {
    if (at.flow) {
      belief(expected, at, frame);
    } else {
      fail(expected.line, fmt::format("a belief after frame {}", frame),
           "no record of it: folded ('keep all' keeps it) or left out");
    }
  }
}

void Checker::belief(const BeliefExpectation& expected, const Located& at, std::uint64_t frame) {
  const Belief& belief = at.flow->history.beliefs.at(at.record);
  for (const Side side : {Side::A, Side::B}) {
    const auto& wanted = expected.sets[index(side)];
    if (!wanted) continue;
    const std::size_t s = index(flow_side(script_, at.flow->history.trace, side));
    const StateSet possible = expected.live ? belief.live[s] : belief.kept[s];
    const StateSet told = expected.live ? *wanted : belief.plausible[s];
    // What the script names must not be ruled out, and nothing else may be told as likely.
    if (!wanted->within(possible) || !told.within(*wanted))
      fail(expected.line,
           fmt::format("{}{} {} after frame {}", expected.live ? "live: " : "", letter(side),
                       to_string(*wanted), frame),
           fmt::format("{}, not ruled out {}", to_string(belief.plausible[s]), to_string(possible)));
  }
}

std::string likely_cause(const Finding& finding) {
  for (const auto& [what, value] : finding.evidence)
    if (const auto* word = std::get_if<std::string>(&value); what == "likely_cause" && word != nullptr)
      return *word;
  return "none";
}

bool Checker::matches(const TransitionExpectation& expected, const Transition& t,
                      const FlowHistory& history) const {
  const auto& records = history.records();
  const bool proved = t.proved_by < records.size();
  return t.side == flow_side(script_, history.trace, expected.side) && t.from == expected.from &&
         t.to == expected.to && (!expected.basis || t.basis == *expected.basis) &&
         (!expected.frame || (t.frame && t.frame->number == *expected.frame)) &&
         (!expected.proved_by || (proved && records[t.proved_by].frame.number == *expected.proved_by));
}

void Checker::no_transition(const TransitionExpectation& expected) {
  for (const Concluded& flow : conclusions_.flows)
    for (const Transition& t : flow.history.transitions)
      if (t.side == flow_side(script_, flow.history.trace, expected.side))
        fail(expected.line, fmt::format("no transition {}", letter(expected.side)),
             describe(t, flow.history));
}

void Checker::transition(const TransitionExpectation& expected) {
  if (expected.absent) return no_transition(expected);
  std::string actual;
  for (const Concluded& flow : conclusions_.flows)
    for (const Transition& t : flow.history.transitions) {
      if (matches(expected, t, flow.history)) return;
      if (t.to == expected.to || t.from == expected.from)
        actual += (actual.empty() ? "" : "; ") + describe(t, flow.history);
    }
  std::string wanted =
      fmt::format("{} {} > {}", letter(expected.side), name(expected.from), name(expected.to));
  if (expected.basis) wanted += fmt::format(" {}", name(*expected.basis));
  if (expected.frame) wanted += fmt::format(" frame {}", *expected.frame);
  if (expected.proved_by) wanted += fmt::format(" by {}", *expected.proved_by);
  fail(expected.line, wanted, actual.empty() ? "nothing like it" : actual);
}

// The last captured packet written in an incarnation's own numbers tells which flow that incarnation became.
const Concluded* Checker::flow_of_incarnation(unsigned incarnation) const {
  std::optional<std::uint64_t> number;
  for (std::size_t i = 0; i < playback_.event_of.size(); ++i) {
    const auto* packet = packet_of(i);
    if (packet && packet->incarnation == incarnation && !packet->explicit_incarnation)
      number = conclusions_.flow_of[i];
  }
  const auto found =
      std::find_if(conclusions_.flows.begin(), conclusions_.flows.end(),
                   [number](const Concluded& c) { return number && c.history.trace.number == *number; });
  return found == conclusions_.flows.end() ? nullptr : &*found;
}

std::string join(std::vector<TcpState> states) {
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  std::string out;
  for (const TcpState s : states) out += (out.empty() ? "" : "|") + std::string(name(s));
  return out;
}

void Checker::outcome(const OutcomeExpectation& expected) {
  const Concluded* flow = flow_of_incarnation(expected.incarnation);
  if (!flow) return fail(expected.line, "a final state", "no flow");
  const EndpointOutcome& got = flow->history.outcome(flow_side(script_, flow->history.trace, expected.side));
  const std::string wanted = join(expected.states);
  const std::string actual = expected.exact_set ? join(got.final_possible) : std::string(name(got.final));
  if (wanted != actual)
    fail(expected.line,
         fmt::format("{} {} {}", expected.exact_set ? "possible" : "final", letter(expected.side), wanted),
         actual);
}

bool Checker::matches(const FindingExpectation& expected, const Finding& finding,
                      const FlowHistory* history) const {
  if (finding.id != expected.id) return false;
  if (expected.flows && finding.flows != *expected.flows) return false;
  if (expected.part_of && finding.part_of != *expected.part_of) return false;
  if (expected.severity && finding.severity != *expected.severity) return false;
  if (expected.certainty && finding.certainty != *expected.certainty) return false;
  if (expected.count && finding.count != *expected.count) return false;
  if (expected.likely && likely_cause(finding) != *expected.likely) return false;
  if (expected.endpoint) {
    const Endpoint got = !finding.side || !history                ? Endpoint::None
                         : *finding.side == history->trace.client ? Endpoint::Client
                                                                  : Endpoint::Server;
    if (got != *expected.endpoint) return false;
  }
  return std::all_of(expected.frames.begin(), expected.frames.end(), [&finding](std::uint64_t frame) {
    return std::any_of(finding.frames.begin(), finding.frames.end(),
                       [frame](const FrameRef& f) { return f.number == frame; });
  });
}

std::string describe_expected(const FindingExpectation& expected, std::string_view id) {
  std::string out = expected.absent ? "no finding" : "finding";
  if (!id.empty()) out += fmt::format(" {}", id);
  if (expected.endpoint) out += fmt::format(" endpoint {}", name(*expected.endpoint));
  if (expected.severity) out += fmt::format(" severity {}", name(*expected.severity));
  if (expected.certainty) out += fmt::format(" certainty {}", name(*expected.certainty));
  if (expected.count) out += fmt::format(" count {}", *expected.count);
  if (expected.flows) out += fmt::format(" flows {}", *expected.flows);
  if (expected.part_of) out += fmt::format(" part_of {}", *expected.part_of);
  if (expected.likely) out += fmt::format(" likely {}", *expected.likely);
  for (const auto frame : expected.frames) out += fmt::format(" frame {}", frame);
  return out;
}

void Checker::finding(const FindingExpectation& expected) {
  const std::string_view id =
      expected.absent && expected.id.empty() ? own_finding_ : std::string_view(expected.id);
  std::string actual;
  bool met = false;
  const auto look = [&](const Finding& finding, const FlowHistory* history) {
    met = met || (!expected.absent && matches(expected, finding, history));
    constexpr std::size_t kEnough = 2000;
    if ((id.empty() || finding.id == id) && actual.size() < kEnough)
      actual += (actual.empty() ? "" : "; ") + (history ? describe(finding, *history) : describe(finding));
  };
  for (const Concluded& flow : conclusions_.flows)
    for (const Finding& finding : flow.findings) look(finding, &flow.history);
  for (const Finding& finding : conclusions_.host_findings) look(finding, nullptr);
  if (met) return;
  if (!expected.absent || !actual.empty())
    fail(expected.line, describe_expected(expected, id), actual.empty() ? "none of that id" : actual);
}

}  // namespace

std::vector<std::string> check(const Script& script, const Playback& playback, const Conclusions& conclusions,
                               std::string_view own_finding) {
  return Checker(script, playback, conclusions, own_finding).run();
}

Side flow_side(const Script& script, const FlowTrace& trace, Side side) {
  if (script.ends[0] == script.ends[1]) return side;
  return trace.sides[0].address == script.ends[0] ? side : other(side);
}

}  // namespace tcpautopsy::tap
