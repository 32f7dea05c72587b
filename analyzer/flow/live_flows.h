// All live flows: stored by id, found by key, each tied to the live incarnations of the same key.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/flow/ended_tuples.h"
#include "analyzer/flow/flow_index.h"
#include "analyzer/flow/live_flow.h"

namespace tcpautopsy {

class LiveFlows {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = FlowIndex::kNone;

  LiveFlow& operator[](Id id) { return *flows_[id]; }
  const LiveFlow& operator[](Id id) const { return *flows_[id]; }
  bool holds(Id id, std::uint64_t number) const {
    return id < flows_.size() && flows_[id] && flows_[id]->number == number;
  }

  // The latest incarnation of the key, or of a flow that a half with this encapsulation was joined to.
  Id latest(const FlowKey& key, std::uint64_t hash) const {
    return index_.find(hash, [&](Id id) {
      const LiveFlow& flow = *flows_[id];
      return flow.key.same_ends(key) &&
             (flow.key.encapsulation == key.encapsulation || flow.joined_encapsulation == key.encapsulation);
    });
  }
  // The latest incarnation of the same ends with another encapsulation, one of the first few of the capture,
  // for which `is_it`.
  template <class IsIt>
  Id elsewhere(FlowKey key, IsIt is_it) const {
    const std::uint32_t own = key.encapsulation;
    for (const std::uint32_t encapsulation : encapsulations_) {
      if (encapsulation == own) continue;
      key.encapsulation = encapsulation;
      const Id id = latest(key, hash_of(key));
      if (id != kNone && is_it(*flows_[id])) return id;
    }
    return kNone;
  }

  // `before` is the latest incarnation of the same key so far, or kNone.
  Id open(const FlowKey& key, std::uint64_t hash, std::uint64_t number, bool from_low, Id before);
  // From now on segments with this encapsulation too find the flow and its successors.
  void join(Id id, std::uint32_t encapsulation);
  void close(Id id);
  // As though it had never been: its key's incarnations go on from the one before.
  void undo(Id id);

  std::vector<Id> by_number() const;

 private:
  Id store(std::unique_ptr<LiveFlow> flow);
  void unlink(Id id);
  // Calls f(hash) for each key that the flow is found by.
  template <class F>
  static void each_hash(const LiveFlow& flow, F f);

  static constexpr std::size_t kEncapsulations = 16;

  std::vector<std::unique_ptr<LiveFlow>> flows_;
  std::vector<Id> free_;
  std::vector<std::uint32_t> encapsulations_;
  FlowIndex index_;
  EndedTuples ended_;
};

}  // namespace tcpautopsy
