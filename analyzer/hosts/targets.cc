#include "analyzer/hosts/targets.h"

#include <algorithm>

#include "analyzer/hosts/keys.h"

namespace tcpautopsy {
namespace {

bool seen(const Target& t) { return t.refused + t.silent + t.opened > 0; }

Target target_of(const Attempt& a) {
  Target t;
  switch (a.outcome) {
    case Outcome::Refused: t.refused = 1; break;
    case Outcome::Filtered:
    case Outcome::Unanswered: t.silent = 1; break;
    case Outcome::HalfOpen:
    case Outcome::Aborted: t.let_go = 1; [[fallthrough]];
    case Outcome::Completed:
    case Outcome::Dropped: t.opened = 1; break;
  }
  t.syn_resent = a.syn_resent ? 1 : 0;
  t.first_ns = a.syn.time_ns;
  t.flow = a.flow;
  t.syn = a.syn;
  t.look = a.look;
  t.isn = a.client_isn;
  if (a.ip_id) t.ip_id = static_cast<std::uint16_t>(*a.ip_id);
  return t;
}

}  // namespace

void Target::merge(const Target& o) {
  if (!seen(o)) return;
  if (!seen(*this)) {
    *this = o;
    return;
  }
  refused += o.refused;
  silent += o.silent;
  opened += o.opened;
  let_go += o.let_go;
  syn_resent += o.syn_resent;
  first_ns = std::min(first_ns, o.first_ns);
  if (o.flow < flow) {
    flow = o.flow;
    syn = o.syn;
    look = o.look;
    isn = o.isn;
    ip_id = o.ip_id;
  }
}

void Targets::note(const Attempt& attempt) {
  const Place place{key_hash(attempt.client.ip), attempt.client.ip};
  if (place.hash > limit_) return;
  auto& targets = kept_[place].targets;
  held_ -= targets.size();
  if (Target* target = targets.find_or_add(attempt.server, key_hash(attempt.server)))
    target->merge(target_of(attempt));
  held_ += targets.size();
  shrink();
}

void Targets::drop(std::map<Place, SourceTargets>::iterator from) {
  for (auto it = from; it != kept_.end(); ++it) held_ -= it->second.targets.size();
  kept_.erase(from, kept_.end());
}

// Sources of one hash stay or go together.
void Targets::shrink() {
  while (held_ > kBudget) {
    limit_ = std::prev(kept_.end())->first.hash - 1;
    drop(kept_.lower_bound(Place{limit_ + 1, {}}));
  }
}

void Targets::merge(const Targets& part) {
  if (part.limit_ < limit_) {
    limit_ = part.limit_;
    drop(kept_.lower_bound(Place{limit_ + 1, {}}));
  }
  for (const auto& [place, source] : part.kept_) {
    if (place.hash > limit_) break;
    auto& targets = kept_[place].targets;
    held_ -= targets.size();
    targets.merge(source.targets);
    held_ += targets.size();
  }
  shrink();
}

}  // namespace tcpautopsy
