#include "analyzer/flow/live_flows.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy {
namespace {

std::uint64_t hash_of(const FlowKey& key, std::uint64_t ends) { return mix(ends ^ key.encapsulation); }

}  // namespace

LiveFlows::Id LiveFlows::latest(const FlowKey& key, std::uint64_t hash) const {
  return latest_of_ends(key, hash, [&key](const LiveFlow& flow) {
    return flow.key.encapsulation == key.encapsulation || flow.joined_encapsulation == key.encapsulation;
  });
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
    const std::uint32_t incarnation = ended_.recall(hash_of(key, hash));
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
  index_.replace(hash, before, id);
  return id;
}

void LiveFlows::unlink(Id id) {
  const LiveFlow& flow = *flows_[id];
  if (flow.older != kNone) flows_[flow.older]->newer = flow.newer;
  if (flow.newer != kNone) {
    flows_[flow.newer]->older = flow.older;
  } else {
    const std::uint64_t hash = hash_ends(flow.key);
    if (flow.older != kNone) {
      index_.replace(hash, id, flow.older);
    } else {
      index_.erase(hash, id);
    }
  }
  flows_[id].reset();
  free_.push_back(id);
}

void LiveFlows::close(Id id) {
  const LiveFlow& flow = *flows_[id];
  if (flow.newer == kNone && flow.older == kNone) {
    ended_.remember(hash_of(flow.key, hash_ends(flow.key)), flow.incarnation + 1);
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
