#include "analyzer/flow/live_flows.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy {

template <class F>
void LiveFlows::each_hash(const LiveFlow& flow, F f) {
  FlowKey key = flow.key;
  f(hash_of(key));
  if (flow.joined_encapsulation == key.encapsulation) return;
  key.encapsulation = flow.joined_encapsulation;
  f(hash_of(key));
}

LiveFlows::Id LiveFlows::store(std::unique_ptr<LiveFlow> flow) {
  if (free_.empty()) {
    flows_.push_back(std::move(flow));
    return static_cast<Id>(flows_.size() - 1);
  }
  const Id id = free_.back();
  free_.pop_back();
  flows_[id] = std::move(flow);
  return id;
}

LiveFlows::Id LiveFlows::open(const FlowKey& key, std::uint64_t hash, std::uint64_t number, bool from_low,
                              Id before) {
  if (before == kNone) {
    if (encapsulations_.size() < kEncapsulations && std::find(encapsulations_.begin(), encapsulations_.end(),
                                                              key.encapsulation) == encapsulations_.end()) {
      encapsulations_.push_back(key.encapsulation);
    }
    const std::uint32_t incarnation = ended_.recall(hash);
    const Id id = store(std::make_unique<LiveFlow>(key, number, incarnation, from_low));
    index_.insert(hash, id);
    return id;
  }
  LiveFlow& old = *flows_[before];
  auto flow = std::make_unique<LiveFlow>(old.key, number, old.incarnation + 1, from_low);
  flow->joined_encapsulation = old.joined_encapsulation;
  flow->older = before;
  const Id id = store(std::move(flow));
  old.newer = id;
  each_hash(old, [&](std::uint64_t h) { index_.replace(h, before, id); });
  return id;
}

void LiveFlows::join(Id id, std::uint32_t encapsulation) {
  LiveFlow& flow = *flows_[id];
  if (flow.joined_encapsulation != flow.key.encapsulation) return;
  flow.joined_encapsulation = encapsulation;
  FlowKey key = flow.key;
  key.encapsulation = encapsulation;
  index_.insert(hash_of(key), id);
}

void LiveFlows::unlink(Id id) {
  const LiveFlow& flow = *flows_[id];
  if (flow.older != kNone) flows_[flow.older]->newer = flow.newer;
  if (flow.newer != kNone) {
    flows_[flow.newer]->older = flow.older;
  } else {
    each_hash(flow, [&](std::uint64_t hash) {
      if (flow.older != kNone) {
        index_.replace(hash, id, flow.older);
      } else {
        index_.erase(hash, id);
      }
    });
  }
  flows_[id].reset();
  free_.push_back(id);
}

void LiveFlows::close(Id id) {
  const LiveFlow& flow = *flows_[id];
  if (flow.newer == kNone && flow.older == kNone) {
    ended_.remember(hash_of(flow.key), flow.incarnation + 1);
  }
  unlink(id);
}

void LiveFlows::undo(Id id) { unlink(id); }

std::vector<LiveFlows::Id> LiveFlows::by_number() const {
  std::vector<Id> ids;
  for (Id id = 0; id < flows_.size(); ++id) {
    if (flows_[id]) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end(), [this](Id a, Id b) { return flows_[a]->number < flows_[b]->number; });
  return ids;
}

}  // namespace tcpautopsy
