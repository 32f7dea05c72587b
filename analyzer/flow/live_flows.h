// All live flows: numbered, stored by id, found by key, each tied to the live incarnations of the same key.
// Only the flows that segments came for lately, and those with a longer story, are awake.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "analyzer/flow/arrival.h"
#include "analyzer/flow/ended_tuples.h"
#include "analyzer/flow/flow_index.h"
#include "analyzer/flow/flow_slot.h"

namespace tcpautopsy {

class LiveFlows {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = FlowIndex::kNone;
  using LimitsOf = std::function<LiveFlow::Limits(std::uint64_t number)>;

  // No more than a hint: the time of the first packet, from which the flows count.
  void begin_at(TimeNs epoch) { epoch_ = epoch; }

  LiveFlows(std::uint64_t first_number, std::size_t most_awake, LimitsOf limits_of)
      : next_number_(first_number), most_awake_(most_awake), limits_of_(std::move(limits_of)) {}

  std::uint64_t opened() const { return opened_; }  // so far, but for those undone

  // Wakes it. The reference is good until put_to_sleep(), or the flow is closed.
  LiveFlow& operator[](Id id) {
    LiveFlow* flow = slots_[id].flow();
    if (flow == nullptr) return wake(id);
    flow->touched = true;
    return *flow;
  }
  bool asleep(Id id) const { return !slots_[id].awake(); }
  // Of a flow that is asleep.
  SleepingFlow sleeping(Id id) const { return slots_[id].sleeping(); }
  // The same: when its last packet passed, if it is plainly over.
  std::optional<TimeNs> over_since(Id id) const { return slots_[id].over_since(); }
  LiveFlow::Limits limits_of(std::uint64_t number) const { return limits_of_(number); }
  TimeNs epoch() const { return epoch_; }
  // The lower half of the number is enough to tell flows that had one id.
  bool holds(Id id, std::uint32_t number) const;
  bool holds(Id id) const { return id < slots_.size() && !slots_[id].empty(); }

  // The latest incarnation of the key, or of a flow that a half or copies with this encapsulation were joined
  // to.
  Id latest(const FlowKey& key, std::uint64_t hash) const {
    return index_.find(hash, [&](Id id) { return is_of(id, key); });
  }
  // The latest incarnation of the same ends with another encapsulation, one of the first few of the capture,
  // for which `is_it`.
  Id elsewhere(FlowKey key, const std::function<bool(LiveFlow&)>& is_it);

  // `before` is the latest incarnation of the same key so far, or kNone.
  Id open(const FlowKey& key, std::uint64_t hash, bool from_low, Id before);
  struct Opened {
    Id id;
    std::uint64_t number;
  };
  // The first incarnation, with its first segment, asleep.
  Opened open_asleep(const Arrival& arrival, CopiedPairs::Pair pair);
  // From now on segments with this encapsulation too find the flow and its successors.
  void join(Id id, std::uint32_t encapsulation);
  // Takes it out of the table.
  void close(Id id);
  // The same for one that is asleep, which has no other incarnation that lives.
  void close_asleep(Id id, const SleepingFlow& flow);
  // As though it had never been: its key's incarnations go on from the one before.
  void undo(Id id);
  // Lets flows that were not touched for long sleep, beyond the number that may be awake.
  void put_to_sleep() {
    if (awake_.size() > most_awake_) pack_some();
  }

  // No more segments come: what finds flows by their keys is given up. Only closing is left.
  void come_to_an_end();
  std::vector<Id> by_number() const;
  // Those silent for longest first, without those that wait for what tells whose a SYN is.
  std::vector<Id> by_silence() const;

  TimeNs last_ns(Id id) const;  // of its last packet

  // Of memory that all take, about; of one that is awake as it was when it was last weighed.
  std::size_t octets() const { return octets_; }
  void weigh(Id id);

 private:
  static constexpr std::size_t kEncapsulations = 16;

  bool is_of(Id id, const FlowKey& key) const {
    const LiveFlow* flow = slots_[id].flow();
    if (flow == nullptr) return sleeper_is_of(id, key);
    return flow->key.same_ends(key) &&
           (flow->key.encapsulation == key.encapsulation || flow->joined_encapsulation == key.encapsulation);
  }
  bool sleeper_is_of(Id id, const FlowKey& key) const;
  void pack_some();
  LiveFlow& wake(Id id);
  std::unique_ptr<LiveFlow> empty_copy(const SleepingFlow& asleep) const;
  Id store(FlowSlot slot);
  void put(Id id, FlowSlot slot);
  std::uint64_t number_of(Id id) const;
  void note_encapsulation(std::uint32_t encapsulation);
  void unlink(Id id);
  void free(Id id);
  // Calls f(hash) for each key that the flow, awake or asleep, is found by.
  template <class Flow, class F>
  static void each_hash(const Flow& flow, F f);

  TimeNs epoch_ = 0;
  std::size_t octets_ = 0;
  std::uint64_t next_number_, opened_ = 0;
  std::size_t most_awake_;
  LimitsOf limits_of_;
  std::vector<FlowSlot> slots_;
  std::vector<Id> free_;
  std::deque<Id> awake_;  // that may sleep, each once or more, longest awake first; some are gone
  std::vector<std::uint32_t> encapsulations_;
  FlowIndex index_;
  EndedTuples ended_;
  bool at_end_ = false;
};

}  // namespace tcpautopsy
