#include "tests/support/conclude.h"

#include <algorithm>
#include <memory>

#include "analyzer/infer/retrospect.h"

namespace tcpautopsy {

namespace {

class FixedServices : public ServiceView {
 public:
  explicit FixedServices(std::uint64_t count) : count_(count) {}
  std::uint64_t completed_near(const EndpointAddress&, std::uint64_t, TimeNs, TimeNs) const override {
    return count_;
  }

 private:
  std::uint64_t count_;
};

// What the next incarnation is told of this one.
PreviousIncarnation remember(const FlowHistory& history) {
  PreviousIncarnation knowledge;
  knowledge.flow = history.trace.number;
  knowledge.last_ns = history.trace.last.time_ns;
  for (const Side side : {Side::A, Side::B}) {
    const SideFacts& facts = history.trace.facts(side);
    knowledge.address[index(side)] = facts.address;
    knowledge.next_seq[index(side)] = wrap(facts.sent_max, facts.iss);
  }
  for (const SegmentRecord& r : history.records())
    if (r.has_timestamps) knowledge.last_ts_val[index(r.side)] = r.ts_val;
  for (const Transition& t : history.transitions) {
    if (t.to == TcpState::TimeWait) {
      knowledge.time_wait_end = history.trace.facts(t.side).address;
      knowledge.time_wait_since = t.at_ns;
      knowledge.time_wait_likely = true;
    } else if (t.from == TcpState::TimeWait && t.basis == Basis::Timer) {
      knowledge.time_wait_likely = false;
    }
  }
  return knowledge;
}

}  // namespace

Conclusions conclude(const std::vector<Captured>& input, const ConcludeSettings& settings) {
  Conclusions conclusions;
  const FixedServices services(settings.services);
  std::unique_ptr<FlowTable> table;
  const auto done = [&](FlowTrace&& trace) {
    FlowHistory history =
        retrospect(std::move(trace), settings.profile, settings.capture_end_ns, settings.capture_loss);
    table->set_previous(history.trace, std::make_shared<PreviousIncarnation>(remember(history)));
    Findings findings = examine(history, services);
    conclusions.flows.push_back({std::move(history), std::move(findings)});
  };
  FlowOptions options;
  options.time_wait = settings.profile.time_wait;
  if (settings.keep_all) options.keep_all = [](std::uint64_t) { return true; };
  table = std::make_unique<FlowTable>(std::move(options), done);
  for (const Captured& captured : input) {
    if (const auto* segment = std::get_if<TcpSegment>(&captured.what)) {
      conclusions.flow_of.emplace_back(table->add(*segment, captured.frame));
    } else {
      conclusions.flow_of.push_back(table->add(std::get<IcmpError>(captured.what), captured.frame));
    }
  }
  table->finish();
  std::sort(conclusions.flows.begin(), conclusions.flows.end(), [](const Concluded& a, const Concluded& b) {
    return a.history.trace.number < b.history.trace.number;
  });
  return conclusions;
}

Located locate(const std::vector<Concluded>& flows, std::uint64_t frame) {
  for (const Concluded& flow : flows) {
    const auto& records = flow.history.records();
    for (RecordIndex i = 0; i < records.size(); ++i)
      if (records[i].frame.number == frame) return {&flow, i};
  }
  return {};
}

}  // namespace tcpautopsy
