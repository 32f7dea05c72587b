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
  Id latest(const FlowKey& key, std::uint64_t hash) const;
  // The latest incarnation of the same ends, whatever the encapsulation, for which `is_it`.
  template <class IsIt>
  Id latest_of_ends(const FlowKey& key, std::uint64_t hash, IsIt is_it) const {
    return index_.find(hash, [&](Id id) { return flows_[id]->key.same_ends(key) && is_it(*flows_[id]); });
  }

  // `before` is the latest incarnation of the same key so far, or kNone.
  Id open(const FlowKey& key, std::uint64_t hash, std::uint64_t number, bool from_low, Id before);
  void close(Id id);
  // As though it had never been: its key's incarnations go on from the one before.
  void undo(Id id);

  std::vector<Id> by_number() const;

 private:
  Id store(std::unique_ptr<LiveFlow> flow);
  void unlink(Id id);

  std::vector<std::unique_ptr<LiveFlow>> flows_;
  std::vector<Id> free_;
  FlowIndex index_;
  EndedTuples ended_;
};

}  // namespace tcpautopsy
