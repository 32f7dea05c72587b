#include "analyzer/hosts/targets.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

bool seen(const Target& t) { return t.refused + t.silent + t.opened > 0; }

constexpr TimeNs kMinute = 60 * kSecond;

void add(Tried& to, const Tried& o) {
  to.refused += o.refused;
  to.silent += o.silent;
  to.odd += o.odd;
  to.first_ns = std::min(to.first_ns, o.first_ns);
  if (o.flow >= to.flow) return;
  to.flow = o.flow;
  to.syn = o.syn;
}

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
  t.odd = a.odd ? 1 : 0;
  t.bare_acks = a.bare_ack ? 1 : 0;
  t.bare_ack = a.bare_ack;
  t.first_ns = a.syn.time_ns;
  t.flow = a.flow;
  t.syn = a.syn;
  t.look = a.look;
  t.isn = a.client_isn;
  if (a.ip_id) t.ip_id = static_cast<std::uint16_t>(*a.ip_id);
  if (t.failed())
    t.tried.push_back({t.first_ns / kMinute, t.refused, t.silent, t.odd, t.first_ns, t.flow, t.syn});
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
  odd += o.odd;
  bare_acks += o.bare_acks;
  first_ns = std::min(first_ns, o.first_ns);
  merge_tried(o.tried);
  if (o.flow < flow) {
    flow = o.flow;
    syn = o.syn;
    look = o.look;
    isn = o.isn;
    ip_id = o.ip_id;
    bare_ack = o.bare_ack;
  }
}

// The least minutes of all stay, whatever the order in which they come.
void Target::merge_tried(const std::vector<Tried>& other) {
  for (const Tried& o : other) {
    const auto at = std::lower_bound(tried.begin(), tried.end(), o,
                                     [](const Tried& a, const Tried& b) { return a.minute < b.minute; });
    if (at != tried.end() && at->minute == o.minute)
      add(*at, o);
    else
      tried.insert(at, o);
    if (tried.size() > kMostMinutes) tried.pop_back();
  }
}

void Targets::note(const Attempt& attempt, const Hashed<VisitKey>& pair) {
  Target* const target = kept_.find_or_add(pair.key, pair.hash);
  if (target == nullptr) return;
  if (seen(*target))
    target->merge(target_of(attempt));
  else
    *target = target_of(attempt);
}

KeyTable<IpAddress, std::size_t> Targets::targets_by_source() const {
  KeyTable<IpAddress, std::size_t> counts;
  kept_.each_in_any_order(
      [&](const VisitKey& pair, const Target&) { ++counts.find_or_add(pair.client, key_hash(pair.client)); });
  return counts;
}

double Targets::scale() const {
  return kept_.size() == 0 ? 1 : static_cast<double>(kept_.distinct()) / static_cast<double>(kept_.size());
}

}  // namespace tcpautopsy
