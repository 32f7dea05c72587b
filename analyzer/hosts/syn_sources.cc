#include "analyzer/hosts/syn_sources.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <tuple>

#include "analyzer/hosts/keys.h"

namespace tcpautopsy {
namespace {

constexpr double kMostAlike = 0.95;
// Hosts all over the network are some 5 to 25 hops away; that many addresses of that many networks do not
// all have one TTL.
constexpr std::uint64_t kManyAddresses = 32, kManyNetworks = 8;
constexpr std::size_t kFewestInARow = 12, kManyLooks = 8;

std::vector<std::uint8_t> prefix(const IpAddress& ip, std::size_t v4_octets, std::size_t v6_octets) {
  const std::size_t octets = ip.is_v4() ? 12 + v4_octets : v6_octets;
  return {ip.octets.begin(), ip.octets.begin() + static_cast<std::ptrdiff_t>(octets)};
}

// Of steps that differ by what one host may send besides: their share that is from 1 to `most`.
template <class Step>
double share_within(const std::vector<Step>& steps, std::uint32_t most) {
  if (steps.empty()) return 0;
  const auto within =
      std::count_if(steps.begin(), steps.end(), [most](Step s) { return s >= 1 && s <= most; });
  return static_cast<double>(within) / static_cast<double>(steps.size());
}

template <class Step>
std::optional<std::uint32_t> fixed(const std::vector<Step>& steps) {
  if (steps.size() + 1 < kFewestInARow) return std::nullopt;
  const auto same = std::count(steps.begin(), steps.end(), steps.front());
  if (static_cast<double>(same) < kMostAlike * static_cast<double>(steps.size())) return std::nullopt;
  return steps.front();
}

}  // namespace

void SourceTally::merge(const SourceTally& o) {
  if (o.attempts == 0) return;
  if (attempts == 0) {
    *this = o;
    return;
  }
  attempts += o.attempts;
  first_ns = std::min(first_ns, o.first_ns);
  last_ns = std::max(last_ns, o.last_ns);
  lowest_port = std::min(lowest_port, o.lowest_port);
  highest_port = std::max(highest_port, o.highest_port);
}

void SynSources::note(const Attempt& a) {
  const TimeNs at = a.syn.time_ns;
  if (SourceTally* source = sources_.find_or_add(a.client.ip, key_hash(a.client.ip)))
    source->merge({1, at, at, a.client.port, a.client.port});
  if (LookTally* look = looks_.find_or_add(a.look, mix(a.look.packed() + 1))) ++look->syns;
  if (early_.size() >= kMostEarly &&
      std::tie(at, a.flow) > std::tie(early_.back().time_ns, early_.back().flow))
    return;
  early_.push_back({at, a.flow, a.client.ip, a.client_isn, a.ip_id.value_or(0), a.ip_id.has_value()});
  keep_earliest();
}

void SynSources::keep_earliest() {
  std::sort(early_.begin(), early_.end(), [](const Early& a, const Early& b) {
    return std::tie(a.time_ns, a.flow) < std::tie(b.time_ns, b.flow);
  });
  if (early_.size() > kMostEarly) early_.resize(kMostEarly);
}

void SynSources::merge(const SynSources& part) {
  sources_.merge(part.sources_);
  looks_.merge(part.looks_);
  early_.insert(early_.end(), part.early_.begin(), part.early_.end());
  keep_earliest();
}

SynSources::Spread SynSources::spread(TimeNs from_ns, TimeNs until_ns) const {
  Spread spread;
  std::set<std::vector<std::uint8_t>> narrow, wide;
  std::vector<std::uint64_t> counts;
  std::uint64_t sum = 0, most = 0;
  sources_.each([&](const IpAddress& ip, const SourceTally& t) {
    if (t.last_ns < from_ns || t.first_ns > until_ns) return;
    counts.push_back(t.attempts);
    sum += t.attempts;
    narrow.insert(prefix(ip, 3, 8));
    wide.insert(prefix(ip, 1, 4));
    if (t.attempts > most) {
      most = t.attempts;
      spread.busiest = ip;
    }
    spread.several_ports = spread.several_ports || t.lowest_port != t.highest_port;
  });
  if (counts.empty()) return spread;
  spread.exact = sources_.complete();
  spread.looked_at = counts.size();
  const double scale = static_cast<double>(sources_.distinct()) / static_cast<double>(sources_.size());
  spread.addresses = static_cast<std::uint64_t>(std::llround(static_cast<double>(counts.size()) * scale));
  spread.slash24 = narrow.size();
  spread.slash8 = wide.size();
  // Counts in order: a sum of rounded numbers must not depend on the order of merging.
  std::sort(counts.begin(), counts.end());
  for (const std::uint64_t count : counts) {
    const double p = static_cast<double>(count) / static_cast<double>(sum);
    spread.entropy_bits -= p * std::log2(p);
  }
  // Each address kept stands for `scale` like it.
  spread.entropy_bits += std::log2(scale);
  if (spread.addresses > 1)
    spread.evenness = spread.entropy_bits / std::log2(static_cast<double>(spread.addresses));
  spread.busiest_share = static_cast<double>(most) / static_cast<double>(sum);
  if (!spread.exact) spread.busiest.reset();
  return spread;
}

SynSources::Common SynSources::common(const Spread& spread) const {
  Common common;
  std::uint64_t sum = 0, most = 0;
  looks_.each([&](const SynLook& look, const LookTally& t) {
    sum += t.syns;
    if (t.syns > most) {
      most = t.syns;
      common.look = look;
    }
  });
  if (sum == 0) return common;
  // With more looks than are kept none is common.
  common.alike_share = looks_.complete() ? static_cast<double>(most) / static_cast<double>(sum) : 0;
  std::vector<std::uint32_t> isn_steps;
  std::vector<std::uint16_t> id_steps;
  for (std::size_t i = 1; i < early_.size(); ++i) {
    isn_steps.push_back(early_[i].isn - early_[i - 1].isn);
    if (early_[i].has_ip_id && early_[i - 1].has_ip_id)
      id_steps.push_back(static_cast<std::uint16_t>(early_[i].ip_id - early_[i - 1].ip_id));
  }
  common.isn_step = fixed(isn_steps);
  common.ip_id_step = fixed(id_steps);
  // A counter that all of a host's packets share goes on by a few from one SYN to the next.
  constexpr std::uint32_t kFewBetween = 64;
  const bool counts_on = early_.size() >= kFewestInARow && share_within(id_steps, kFewBetween) >= kMostAlike;
  const bool same_id = common.ip_id_step == 0U && !early_.empty() && early_.front().ip_id != 0;
  const bool spread_out = spread.addresses >= kManyAddresses && spread.slash8 >= kManyNetworks;
  const bool alike = common.alike_share >= kMostAlike;
  if (spread.addresses == 1)
    common.senders = Senders::OneAddress;
  else if (common.isn_step || counts_on || same_id)
    common.senders = Senders::OneHost;
  else if (spread_out && alike)
    common.senders = Senders::OneProgram;
  else if (spread.addresses >= kManyAddresses && looks_.size() >= kManyLooks)
    common.senders = Senders::Many;
  return common;
}

}  // namespace tcpautopsy
