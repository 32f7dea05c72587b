#include "analyzer/flow/flow_table.h"

#include <algorithm>
#include <utility>

#include "analyzer/flow/flow_table_state.h"
#include "analyzer/flow/incarnations.h"

namespace tcpautopsy {

FlowTable::FlowTable(FlowOptions options, Done done)
    : state_(std::make_unique<State>(std::move(options), std::move(done))) {}
FlowTable::~FlowTable() = default;
FlowTable::FlowTable(FlowTable&&) noexcept = default;

std::uint64_t FlowTable::add(const TcpSegment& segment, const FrameRef& frame) {
  return state_->add(segment, frame);
}
std::optional<std::uint64_t> FlowTable::add(const IcmpError& error, const FrameRef& frame) {
  return state_->add(error, frame);
}
std::optional<FlowTrace> FlowTable::so_far(const TcpSegment& segment, std::uint64_t number) {
  return state_->so_far(segment, number);
}
void FlowTable::finish() { state_->finish(); }
const CaptureFacts& FlowTable::facts() const { return state_->facts; }

FlowTable::State::State(FlowOptions opts, Done on_done)
    : options(std::move(opts)),
      done(std::move(on_done)),
      flows_(options.most_awake,
             [this](std::uint64_t number) {
               return LiveFlow::Limits{options.max_records, options.keep_all && options.keep_all(number)};
             }),
      next_number_(options.first_flow) {}

std::uint64_t FlowTable::State::add(const TcpSegment& segment, const FrameRef& frame) {
  flows_.put_to_sleep();
  // One packet with a clock gone wrong must not end every closed flow: it takes two.
  if (any_) {
    expire(std::min(frame.time_ns, last_time_));
  } else {
    flows_.begin_at(frame.time_ns);
    begin_ns_ = frame.time_ns;
  }
  any_ = true;
  last_time_ = frame.time_ns;

  Arrival a(segment, frame);
  const RecentPackets::Copy copy = recent_.look(segment, a.hash, a.from_low, frame.time_ns);
  const Id latest = flows_.latest(a.key, a.hash);
  if (latest == LiveFlows::kNone) return first_incarnation(a);
  LiveFlow& flow = flows_[latest];
  a.copy = is_copy(copy, flow);
  if (flow.held) return add_held(a, latest);
  const bool plain = flow.older == LiveFlows::kNone && ((segment.flags & kSyn) == 0 || flow.expects(segment));
  return plain ? deliver_to(flow, latest, Role::Ordinary, a) : deliver(a, route(a, latest));
}

bool FlowTable::State::is_copy(RecentPackets::Copy copy, const LiveFlow& flow) const {
  if (copy == RecentPackets::Copy::Unidentified) return pairs_.copied(flow.pair);
  return copy == RecentPackets::Copy::Sure;
}

std::uint64_t FlowTable::State::first_incarnation(const Arrival& a) {
  const Id half =
      flows_.elsewhere(a.key, [&a](const LiveFlow& flow) { return completes_half(flow, a.segment); });
  if (half != LiveFlows::kNone) {
    flows_.join(half, a.key.encapsulation);
    ++facts.halves_joined;
    return deliver(a, {half});
  }
  const std::uint64_t number = next_number_++;
  const CopiedPairs::Pair pair = pairs_.find(hash_hosts(a.key));
  ++facts.flows;
  if (opens(a.segment)) {
    // It may be one of a flood, and nothing ever come after it.
    if (pair != CopiedPairs::kNone) pairs_.original(pair);
    const Id id = flows_.open_asleep({a.key, number, 0, a.key.encapsulation, pair, a.from_low, false, {}},
                                     a.hash, a.segment, a.frame);
    note_opened(id, a.frame.time_ns);
    if (options.on_segment) options.on_segment(number, Side::A, a.segment, a.frame);
    return number;
  }
  const Id id = flows_.open(a.key, a.hash, number, a.from_low, LiveFlows::kNone);
  flows_[id].pair = pair;
  return deliver(a, {id});
}

FlowTable::State::Id FlowTable::State::next_incarnation(const Arrival& a, Id latest) {
  const Id id = flows_.open(a.key, a.hash, next_number_++, a.from_low, latest);
  ++facts.flows;
  flows_[id].pair = flows_[latest].pair;
  return id;
}

std::uint64_t FlowTable::State::deliver(const Arrival& a, Route to) {
  LiveFlow& flow = flows_[to.flow];
  return to.held ? flow.number : deliver_to(flow, to.flow, to.role, a);
}

std::uint64_t FlowTable::State::deliver_to(LiveFlow& flow, Id id, Role role, const Arrival& a) {
  const Side side = flow.side_of(a.from_low);
  if (a.copy && flow.begun()) {
    if (flow.pair == CopiedPairs::kNone) flow.pair = pairs_.enter(hash_hosts(flow.key), flow.packets());
    pairs_.copy(flow.pair);
    flow.add(a.segment, a.frame, side, Role::Copy);
    return flow.number;
  }
  if (flow.pair != CopiedPairs::kNone) pairs_.original(flow.pair);
  flow.add(a.segment, a.frame, side, role);
  if (options.on_segment && role == Role::Ordinary) options.on_segment(flow.number, side, a.segment, a.frame);
  if (flow.older != LiveFlows::kNone) tell_answer(id, a);
  if (!flow.queued && flow.ending()) look_again(id, flow);
  return flow.number;
}

void FlowTable::State::tell_answer(Id id, const Arrival& a) {
  LiveFlow& flow = flows_[id];
  std::optional<Successor>& successor = flows_[flow.older].successor;
  if (!successor || successor->answered || !is_syn_ack(a.segment)) return;
  if (own_syn_ack(flow, a.segment)) successor->answered = a.frame;
}

std::optional<std::uint64_t> FlowTable::State::add(const IcmpError& error, const FrameRef& frame) {
  bool source_is_low = false;
  const FlowKey key = FlowKey::of(error.source, error.destination, error.encapsulation, source_is_low);
  const std::uint64_t hash = hash_of(key);
  Id latest = flows_.latest(key, hash);
  if (latest == LiveFlows::kNone) {
    latest = flows_.elsewhere(key, [](const LiveFlow&) { return true; });
  }
  if (latest == LiveFlows::kNone) return std::nullopt;
  // An error that quotes a SYN whose incarnation is in doubt answers it.
  const auto held = held_.find(latest);
  if (held != held_.end() && held->second.segments().front().segment.seq == error.seq)
    opened_for_good(latest);
  Id best = latest;
  for (Id id = flows_[latest].older; id != LiveFlows::kNone; id = flows_[id].older) {
    if (flows_[id].misfit(error) < flows_[best].misfit(error)) best = id;
  }
  flows_[best].add(error, frame);
  return flows_[best].number;
}

std::optional<FlowTrace> FlowTable::State::so_far(const TcpSegment& segment, std::uint64_t number) {
  bool source_is_low = false;
  const FlowKey key = FlowKey::of(segment.source, segment.destination, segment.encapsulation, source_is_low);
  for (Id id = flows_.latest(key, hash_of(key)); id != LiveFlows::kNone; id = flows_[id].older) {
    const LiveFlow& flow = flows_[id];
    if (flow.number != number) continue;
    if (flow.held) return std::nullopt;
    return flow.so_far(pairs_.copied(flow.pair));
  }
  return std::nullopt;
}

}  // namespace tcpautopsy
