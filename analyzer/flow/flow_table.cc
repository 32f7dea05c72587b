#include "analyzer/flow/flow_table.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "analyzer/flow/incarnations.h"
#include "analyzer/seq/frame_order.h"

namespace tcpautopsy {
namespace {

// What is handed out is gone, whatever who gets it throws.
template <class F>
class OnExit {
 public:
  explicit OnExit(F f) : f_(std::move(f)) {}
  OnExit(const OnExit&) = delete;
  OnExit& operator=(const OnExit&) = delete;
  ~OnExit() { f_(); }

 private:
  F f_;
};

constexpr std::size_t kBatch = std::size_t{1} << 16;

// What sleeping flows leave lies about in small pieces, while sums over them want large ones.
void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace

FlowTable::FlowTable(FlowOptions options, Done done)
    : options_(std::move(options)),
      done_(std::move(done)),
      flows_(options_.first_flow, options_.most_awake,
             [this](std::uint64_t number) {
               return LiveFlow::Limits{options_.max_records, options_.keep_all && options_.keep_all(number),
                                       options_.peer_words, options_.long_way};
             }),
      router_(flows_, bool(options_.on_segment)),
      endings_(flows_, options_.time_wait, options_.give_up) {}

std::uint64_t FlowTable::add(const TcpSegment& segment, const FrameRef& frame) {
  flows_.put_to_sleep();
  pass_time(frame.time_ns);
  bound_octets();
  Arrival a(segment, frame);
  began_one_ = false;
  const std::uint64_t number = sort(a);
  if (began_one_ || (segment.flags & kSyn) != 0) translated_.note(segment, frame, number);
  return number;
}

std::uint64_t FlowTable::sort(Arrival& a) {
  const RecentPackets::Seen seen = recent_.look(a.segment, a.ends, a.from_low, a.frame.time_ns);
  Id latest = flows_.latest(a.key, a.hash);
  if (latest == LiveFlows::kNone && seen.copy == RecentPackets::Copy::Sure)
    latest = of_original(a, seen.encapsulation);
  if (latest == LiveFlows::kNone) return add_first(a);
  LiveFlow& flow = flows_[latest];
  a.copy = is_copy(seen, flow);
  a.may_be_copy = !a.copy && seen.copy == RecentPackets::Copy::Likely;
  a.tells_of_copies = !a.copy && seen.copy == RecentPackets::Copy::Telling;
  if (flow.held) return add_while_pending(a, latest);
  if (begins_unseen(a, flow)) {
    hand_out(latest);
    return add_first(a);
  }
  return deliver(a, router_.route(a, latest));
}

// The connection there is over, and its numbers are others: one whose SYN the capture missed. What of other
// connections the capture has between the two makes no difference.
bool FlowTable::begins_unseen(const Arrival& a, LiveFlow& before) const {
  return !a.copy && (a.segment.flags & kSyn) == 0 && endings_.closed_long_ago(before, a.frame.time_ns) &&
         before.misfit(a.segment) > kSameStream;
}

// One packet with a clock gone wrong must not end every closed flow: it takes two.
void FlowTable::pass_time(TimeNs now_ns) {
  if (last_time_ns_) {
    pauses_.pass(*last_time_ns_, now_ns);
    const TimeNs now = std::min(now_ns, *last_time_ns_);
    for (Id id; (id = endings_.next_over(now)) != LiveFlows::kNone;) hand_out(id);
  } else {
    flows_.begin_at(now_ns);
    endings_.begin_at(now_ns);
  }
  last_time_ns_ = now_ns;
}

bool FlowTable::is_copy(const RecentPackets::Seen& seen, const LiveFlow& flow) const {
  using Copy = RecentPackets::Copy;
  if (seen.copy == Copy::None || seen.copy == Copy::Sure) return seen.copy == Copy::Sure;
  return pairs_.copied_with(flow.pair, seen.rank);
}

// The flow of the packet that `a` is a copy of, captured with another VLAN tag or tunnel. From now on what
// has those of `a` is of that flow too.
FlowTable::Id FlowTable::of_original(const Arrival& a, std::uint32_t encapsulation) {
  FlowKey key = a.key;
  key.encapsulation = encapsulation;
  const Id id = flows_.latest(key, hash_of(key, a.ends));
  if (id != LiveFlows::kNone) flows_.join(id, a.key.encapsulation);
  return id;
}

std::uint64_t FlowTable::add_first(const Arrival& a) {
  if (const Id half = router_.other_half(a); half != LiveFlows::kNone) return deliver(a, half);
  began_one_ = true;
  const CopiedPairs::Pair pair = pairs_.find(hash_hosts(a.key));
  if (!opens(a.segment)) {
    const Id id = flows_.open(a.key, a.hash, a.from_low, LiveFlows::kNone);
    flows_[id].pair = pair;
    return deliver(a, id);
  }
  // It may be one of a flood, and nothing ever come after it.
  if (pair != CopiedPairs::kNone) count(a, pair);
  const auto [id, number] = flows_.open_asleep(a, pair);
  endings_.watch_opening(id, a.frame.time_ns);
  if (options_.on_segment) options_.on_segment(number, Side::A, a.segment, a.frame);
  return number;
}

std::uint64_t FlowTable::add_while_pending(const Arrival& a, Id opened) {
  const Id old = flows_[opened].older;
  const std::uint64_t number = router_.number_while_waiting(a, opened);
  switch (router_.judge(a, opened)) {
    case PendingSyn::Verdict::Wait: return number;
    case PendingSyn::Verdict::Opens:
      open_pending(opened);  // several, if its SYNs have several numbers
      return deliver(a, router_.route(a, flows_.latest(a.key, a.hash)));
    case PendingSyn::Verdict::Forged: break;
  }
  undo_pending(opened);
  return deliver(a, router_.route(a, old));
}

void FlowTable::undo_pending(Id opened) {
  const Id old = flows_[opened].older;
  for (const HeldSegment& held : router_.undo(opened))
    deliver(Arrival(held.segment, held.frame, held.copy), old);
}

void FlowTable::open_pending(Id opened) {
  for (const HeldSegment& held : router_.release(opened)) {
    const Arrival a(held.segment, held.frame, held.copy);
    deliver(a, router_.route_released(a, opened));
  }
}

std::uint64_t FlowTable::deliver(const Arrival& a, const Router::Route& to) {
  if (to.superseded != LiveFlows::kNone) {
    endings_.watch(to.superseded, flows_[to.superseded]);
    bound_incarnations(to.superseded);
  }
  LiveFlow& flow = flows_[to.flow];
  if (to.pending) return flow.number;
  const Side side = flow.side_of(a.from_low);
  if (a.copy && flow.begun()) {
    if (flow.pair == CopiedPairs::kNone) flow.pair = enter_pair(a.segment, flow);
    pairs_.copy(flow.pair);
    flow.add(a.segment, a.frame, side, Role::Copy);
    return flow.number;
  }
  if (flow.pair != CopiedPairs::kNone) count(a, flow.pair);
  flow.add(a.segment, a.frame, side, to.role);
  if (options_.on_segment && to.role == Role::Ordinary)
    options_.on_segment(flow.number, side, a.segment, a.frame);
  if (flow.older != LiveFlows::kNone) router_.note_answer(flow, a);
  if (flow.ending()) endings_.watch(to.flow, flow);
  weigh(to.flow);
  return flow.number;
}

CopiedPairs::Pair FlowTable::enter_pair(const TcpSegment& copy, LiveFlow& flow) {
  const std::uint64_t hosts = hash_hosts(flow.key);
  return opens(copy) ? pairs_.enter_by_syn(hosts) : pairs_.enter(hosts, flow.packets());
}

void FlowTable::count(const Arrival& a, CopiedPairs::Pair pair) {
  if (a.tells_of_copies) return pairs_.likely_copy(pair);
  if (a.may_be_copy) return;
  recent_.rank(pairs_.originals(pair) + 1);
  if (a.segment.sequence_length() > 0 || identified(a.segment)) pairs_.original(pair);
}

// The latest incarnation of what the error quotes.
FlowTable::Id FlowTable::quoted_by(const IcmpError& error) {
  bool source_is_low = false;
  const FlowKey key = FlowKey::of(error.source, error.destination, error.encapsulation, source_is_low);
  const Id latest = flows_.latest(key, hash_of(key));
  return latest != LiveFlows::kNone ? latest : flows_.elsewhere(key, [](LiveFlow&) { return true; });
}

std::optional<std::uint64_t> FlowTable::add(const IcmpError& error, const FrameRef& frame) {
  bound_octets();
  Id latest = quoted_by(error);
  if (latest == LiveFlows::kNone) return std::nullopt;
  // An error that quotes a SYN whose incarnation is in doubt answers it.
  if (error.seq && router_.waits_with(latest, *error.seq)) {
    open_pending(latest);
    latest = quoted_by(error);
  }
  const auto [id, in_doubt] = router_.route(error, latest, frame.time_ns);
  LiveFlow& flow = flows_[id];
  flow.add(error, frame, in_doubt);
  weigh(id);
  return flow.number;
}

std::optional<FlowTrace> FlowTable::so_far(const TcpSegment& segment, std::uint64_t number) {
  bool source_is_low = false;
  const FlowKey key = FlowKey::of(segment.source, segment.destination, segment.encapsulation, source_is_low);
  return so_far(flows_.latest(key, hash_of(key)), number);
}

std::optional<FlowTrace> FlowTable::so_far(const IcmpError& error, std::uint64_t number) {
  return so_far(quoted_by(error), number);
}

std::optional<FlowTrace> FlowTable::so_far(Id latest, std::uint64_t number) {
  // A SYN whose incarnation is in doubt may turn out to be of this one.
  if (latest == LiveFlows::kNone || flows_[latest].held) return std::nullopt;
  for (Id id = latest; id != LiveFlows::kNone; id = flows_[id].older) {
    LiveFlow& flow = flows_[id];
    if (flow.number != number) continue;
    FlowTrace trace = flow.so_far(pairs_.copied(flow.pair));
    trace.leg = translated_.leg(number);
    return trace;
  }
  return std::nullopt;
}

// Whose a segment is, is asked of all of them: the oldest, of which nothing came for long, is over.
void FlowTable::bound_incarnations(Id latest) {
  std::size_t live = 1;
  Id oldest = latest;
  for (; flows_[oldest].older != LiveFlows::kNone; oldest = flows_[oldest].older) ++live;
  if (live <= options_.max_incarnations) return;
  ++incarnations_ended_;
  hand_out(oldest, Why::Bound);
}

// Enough at once that looking for them is paid for.
void FlowTable::bound_octets() {
  if (flows_.octets() <= std::max(options_.max_octets, bound_again_)) return;
  for (const Id id : flows_.by_silence()) {
    if (flows_.octets() <= options_.max_octets / 4 * 3) break;
    if (flows_.holds(id)) ended_for_memory_ += hand_out(id, Why::Bound);  // else it went with a later one
  }
  endings_.forget_gone();
  // Where those that may not end are too many, looking again is paid for by what has come since.
  bound_again_ = flows_.octets() + options_.max_octets / 8;
}

void FlowTable::weigh(Id flow) {
  if (options_.max_octets != std::numeric_limits<std::size_t>::max()) flows_.weigh(flow);
}

// Returns how many: those before it go first.
std::uint64_t FlowTable::hand_out(Id id, Why why) {
  flows_.put_to_sleep();
  if (flows_.asleep(id)) {
    hand_out_asleep(id, why);
    return 1;
  }
  std::uint64_t before = 0;
  if (const Id older = flows_[id].older; older != LiveFlows::kNone) before = hand_out(older, why);
  const auto paused_ns = pause_after(id);
  FinishedFlow finished = flows_[id].finish();
  finished.paused_ns = paused_ns;
  const LiveFlow& flow = flows_[id];
  if (flow.successor && flow.newer != LiveFlows::kNone) finished.next = flows_[flow.newer].number;
  finished.captured_twice = pairs_.copied(flow.pair);
  finished.ended_early = why == Why::Bound;
  finished.leg = translated_.take(finished.number);
  const OnExit close([this, id] { flows_.close(id); });
  done_(std::move(finished));
  return before + 1;
}

void FlowTable::hand_out_asleep(Id id, Why why) {
  const SleepingFlow flow = flows_.sleeping(id);
  FinishedFlow finished = flow.finish();
  finished.paused_ns = pause_after(id);
  finished.captured_twice = pairs_.copied(flow.pair);
  finished.ended_early = why == Why::Bound;
  finished.leg = translated_.take(finished.number);
  finished.limits = flows_.limits_of(flow.number);
  finished.epoch = flows_.epoch();
  const OnExit close([this, id, &flow] { flows_.close_asleep(id, flow); });
  done_(std::move(finished));
}

std::optional<TimeNs> FlowTable::pause_after(Id id) const {
  return pauses_.any() ? pauses_.since(flows_.last_ns(id)) : std::nullopt;
}

void FlowTable::count_copies(const CopiesLeftOut& copies) {
  if (copies.count == 0) return;
  copies_dropped_ += copies.count;
  if (first_copy_.number == 0 || comes_before(copies.first, first_copy_)) first_copy_ = copies.first;
}

void FlowTable::finish() {
  while (router_.any_pending()) {
    const Id id = router_.some_pending();
    router_.only_challenged(id) ? undo_pending(id) : open_pending(id);
  }
  flows_.come_to_an_end();
  endings_.forget_all();
  std::size_t handed_out = 0;
  for (const Id id : flows_.by_number()) {
    hand_out(id);
    if (++handed_out % kBatch == 0) give_back_memory();
  }
}

CaptureFacts FlowTable::facts() const {
  return {flows_.opened(),         copies_dropped_,         pairs_.copied_pairs(), first_copy_,
          router_.halves_joined(), translated_.found(),     translated_.first(),   incarnations_ended_,
          ended_for_memory_,       router_.syns_not_held(), translated_.not_kept()};
}

}  // namespace tcpautopsy
