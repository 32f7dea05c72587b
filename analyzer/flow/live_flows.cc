#include "analyzer/flow/live_flows.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tcpautopsy {

template <class Flow, class F>
void LiveFlows::each_hash(const Flow& flow, F f) {
  FlowKey key = flow.key;
  f(hash_of(key));
  if (flow.joined_encapsulation == key.encapsulation) return;
  key.encapsulation = flow.joined_encapsulation;
  f(hash_of(key));
}

bool LiveFlows::holds(Id id, std::uint32_t number) const {
  return holds(id) && static_cast<std::uint32_t>(number_of(id)) == number;
}

std::uint64_t LiveFlows::number_of(Id id) const {
  const LiveFlow* flow = slots_[id].flow();
  return flow != nullptr ? flow->number : slots_[id].number();
}

bool LiveFlows::sleeper_is_of(Id id, const FlowKey& key) const {
  const SleepingFlow flow = slots_[id].sleeping();
  return flow.key.same_ends(key) &&
         (flow.key.encapsulation == key.encapsulation || flow.joined_encapsulation == key.encapsulation);
}

// Without its segments.
std::unique_ptr<LiveFlow> LiveFlows::empty_copy(const SleepingFlow& asleep) const {
  auto flow = std::make_unique<LiveFlow>(asleep.key, asleep.number, asleep.incarnation, asleep.a_is_low,
                                         limits_of_(asleep.number), epoch_);
  flow->joined_encapsulation = asleep.joined_encapsulation;
  flow->pair = asleep.pair;
  flow->queued = asleep.queued;
  return flow;
}

LiveFlow& LiveFlows::wake(Id id) {
  const SleepingFlow asleep = slots_[id].sleeping();
  auto flow = empty_copy(asleep);
  if (asleep.mark) {
    flow->resume(asleep.journal, asleep.mark->context, asleep.mark->notes);
  } else {
    flow->resume(asleep.journal);
  }
  FlowSlot slot;
  slot.hold(std::move(flow));
  put(id, std::move(slot));
  awake_.push_back(id);
  return *slots_[id].flow();
}

void LiveFlows::pack_some() {
  while (awake_.size() > most_awake_) {
    const Id id = awake_.front();
    awake_.pop_front();
    LiveFlow* flow = slots_[id].flow();
    if (flow == nullptr || !flow->can_sleep()) continue;
    if (flow->touched && most_awake_ > 0) {
      flow->touched = false;
      awake_.push_back(id);
    } else {
      FlowSlot slot;
      slot.hold(SleepingFlow::of(*flow));
      put(id, std::move(slot));
    }
  }
}

LiveFlows::Id LiveFlows::elsewhere(FlowKey key, const std::function<bool(LiveFlow&)>& is_it) {
  const std::uint32_t own = key.encapsulation;
  for (const std::uint32_t encapsulation : encapsulations_) {
    if (encapsulation == own) continue;
    key.encapsulation = encapsulation;
    const Id id = latest(key, hash_of(key));
    if (id != kNone && is_it((*this)[id])) return id;
  }
  return kNone;
}

LiveFlows::Id LiveFlows::store(FlowSlot slot) {
  Id id = static_cast<Id>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  put(id, std::move(slot));
  return id;
}

void LiveFlows::put(Id id, FlowSlot slot) {
  octets_ -= slots_[id].octets();
  octets_ += slot.octets();
  slots_[id] = std::move(slot);
}

void LiveFlows::weigh(Id id) {
  LiveFlow* flow = slots_[id].flow();
  if (flow == nullptr) return;
  octets_ -= flow->weighed;
  octets_ += flow->weighed = flow->octets();
}

void LiveFlows::note_encapsulation(std::uint32_t encapsulation) {
  if (encapsulations_.size() < kEncapsulations &&
      std::find(encapsulations_.begin(), encapsulations_.end(), encapsulation) == encapsulations_.end()) {
    encapsulations_.push_back(encapsulation);
  }
}

LiveFlows::Id LiveFlows::open(const FlowKey& key, std::uint64_t hash, bool from_low, Id before) {
  FlowSlot slot;
  const std::uint64_t number = next_number_++;
  ++opened_;
  if (before == kNone) {
    note_encapsulation(key.encapsulation);
    slot.hold(std::make_unique<LiveFlow>(key, number, ended_.recall(lasting_hash(key)), from_low,
                                         limits_of_(number), epoch_));
    const Id id = store(std::move(slot));
    index_.insert(hash, id);
    awake_.push_back(id);
    return id;
  }
  LiveFlow& old = (*this)[before];
  auto flow =
      std::make_unique<LiveFlow>(old.key, number, old.incarnation + 1, from_low, limits_of_(number), epoch_);
  flow->joined_encapsulation = old.joined_encapsulation;
  flow->older = before;
  slot.hold(std::move(flow));
  const Id id = store(std::move(slot));
  old.newer = id;
  each_hash(old, [&](std::uint64_t h) { index_.replace(h, before, id); });
  return id;
}

LiveFlows::Opened LiveFlows::open_asleep(const Arrival& a, CopiedPairs::Pair pair) {
  note_encapsulation(a.key.encapsulation);
  JournalContext context(epoch_);
  EntryWriter entry;
  if (!write_entry(a.segment, a.frame, Side::A, Role::Ordinary, context, entry)) {
    const Id id = open(a.key, a.hash, a.from_low, kNone);
    LiveFlow& awake = (*this)[id];
    awake.pair = pair;
    awake.add(a.segment, a.frame, Side::A, Role::Ordinary);
    return {id, awake.number};
  }
  const std::uint64_t number = next_number_++;
  ++opened_;
  FlowSlot slot;
  slot.hold(SleepingFlow{a.key, number, ended_.recall(lasting_hash(a.key)), a.key.encapsulation, pair,
                         a.from_low, false, std::nullopt, std::nullopt, entry.bytes()});
  const Id id = store(std::move(slot));
  index_.insert(a.hash, id);
  return {id, number};
}

void LiveFlows::join(Id id, std::uint32_t encapsulation) {
  LiveFlow& flow = (*this)[id];
  if (flow.joined_encapsulation != flow.key.encapsulation) return;
  flow.joined_encapsulation = encapsulation;
  FlowKey key = flow.key;
  key.encapsulation = encapsulation;
  index_.insert(hash_of(key), id);
}

void LiveFlows::unlink(Id id) {
  const LiveFlow& flow = (*this)[id];
  if (flow.older != kNone) {
    LiveFlow& older = (*this)[flow.older];
    older.newer = flow.newer;
    older.joined_encapsulation = flow.joined_encapsulation;  // by which it is found now
  }
  if (flow.newer != kNone) {
    LiveFlow& newer = (*this)[flow.newer];
    newer.older = flow.older;
    awake_.push_back(flow.newer);  // alone perhaps, it may sleep now
  } else {
    each_hash(flow, [&](std::uint64_t hash) {
      if (flow.older != kNone) {
        index_.replace(hash, id, flow.older);
      } else {
        index_.erase(hash, id);
      }
    });
  }
  free(id);
}

void LiveFlows::come_to_an_end() {
  at_end_ = true;
  index_ = FlowIndex();
  ended_ = EndedTuples();
  free_ = {};
}

void LiveFlows::free(Id id) {
  if (!at_end_) free_.push_back(id);
  put(id, {});
}

void LiveFlows::close(Id id) {
  const LiveFlow& flow = (*this)[id];
  if (!at_end_ && flow.newer == kNone && flow.older == kNone) {
    ended_.remember(lasting_hash(flow.key), flow.incarnation + 1);
  }
  unlink(id);
}

void LiveFlows::close_asleep(Id id, const SleepingFlow& flow) {
  if (at_end_) return free(id);
  ended_.remember(lasting_hash(flow.key), flow.incarnation + 1);
  each_hash(flow, [&](std::uint64_t hash) { index_.erase(hash, id); });
  free(id);
}

void LiveFlows::undo(Id id) {
  if ((*this)[id].number + 1 == next_number_) --next_number_;
  --opened_;
  unlink(id);
}

TimeNs LiveFlows::last_ns(Id id) const {
  if (const LiveFlow* flow = slots_[id].flow()) return flow->last_ns();
  const SleepingFlow flow = slots_[id].sleeping();
  if (flow.mark) return flow.mark->notes.last_ns;
  JournalReader reader(flow.journal, epoch_);
  TimeNs last_ns = epoch_;
  for (JournalEntry entry; reader.next(entry);) last_ns = entry.frame.time_ns;
  return last_ns;
}

std::vector<LiveFlows::Id> LiveFlows::by_silence() const {
  const auto waits = [this](const LiveFlow* flow) {
    return flow != nullptr && (flow->held || (flow->newer != kNone && slots_[flow->newer].flow()->held));
  };
  std::vector<std::tuple<TimeNs, std::uint64_t, Id>> flows;
  for (Id id = 0; id < slots_.size(); ++id)
    if (!slots_[id].empty() && !waits(slots_[id].flow())) flows.emplace_back(last_ns(id), number_of(id), id);
  std::sort(flows.begin(), flows.end());
  std::vector<Id> ids;
  ids.reserve(flows.size());
  for (const auto& flow : flows) ids.push_back(std::get<Id>(flow));
  return ids;
}

std::vector<LiveFlows::Id> LiveFlows::by_number() const {
  std::vector<Id> ids;
  ids.reserve(slots_.size());
  bool sorted = true;
  std::uint64_t last = 0;
  for (Id id = 0; id < slots_.size(); ++id) {
    if (slots_[id].empty()) continue;
    const std::uint64_t number = number_of(id);
    sorted = sorted && (ids.empty() || last < number);
    last = number;
    ids.push_back(id);
  }
  if (!sorted) std::sort(ids.begin(), ids.end(), [this](Id a, Id b) { return number_of(a) < number_of(b); });
  return ids;
}

}  // namespace tcpautopsy
