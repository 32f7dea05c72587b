#include "analyzer/decode/encapsulation.h"

#include <algorithm>

namespace tcpautopsy::decode {
namespace {

constexpr std::uint64_t kHasId = std::uint64_t{1} << 32;
constexpr unsigned kKindShift = 33;

const char* name_of(Tunnel tunnel) {
  switch (tunnel) {
    case Tunnel::Gre: return "gre";
    case Tunnel::Erspan: return "erspan";
    case Tunnel::Vxlan: return "vxlan";
    case Tunnel::Geneve: return "geneve";
    case Tunnel::Gtp: return "gtp";
    case Tunnel::Teredo: return "teredo";
    case Tunnel::EtherIp: return "etherip";
    case Tunnel::ProviderBackbone: return "pbb";
    case Tunnel::Ayiya: return "ayiya";
    case Tunnel::Capwap: return "capwap";
  }
  return "";
}

std::uint64_t kind_code(Tunnel tunnel) { return static_cast<std::uint64_t>(tunnel) << kKindShift; }

}  // namespace

bool EncapsulationPath::add_vlan(std::uint16_t id) {
  overfull_ = overfull_ || vlans_ == kDeepest;
  if (vlans_ == kDeepest) return false;
  vlan_[vlans_++] = id;
  return true;
}

bool EncapsulationPath::add_tunnel(Tunnel tunnel) { return add_code(kind_code(tunnel)); }

bool EncapsulationPath::add_tunnel(Tunnel tunnel, std::uint32_t id) {
  return add_code(kind_code(tunnel) | kHasId | id);
}

bool EncapsulationPath::add_code(TunnelCode code) {
  overfull_ = overfull_ || tunnels_ == kDeepest;
  if (tunnels_ == kDeepest) return false;
  tunnel_[tunnels_++] = code;
  return true;
}

bool EncapsulationPath::operator==(const EncapsulationPath& other) const {
  return vlans_ == other.vlans_ && tunnels_ == other.tunnels_ &&
         std::equal(vlan_.begin(), vlan_.begin() + vlans_, other.vlan_.begin()) &&
         std::equal(tunnel_.begin(), tunnel_.begin() + tunnels_, other.tunnel_.begin());
}

bool EncapsulationPath::operator<(const EncapsulationPath& other) const {
  if (vlans_ != other.vlans_) return vlans_ < other.vlans_;
  if (tunnels_ != other.tunnels_) return tunnels_ < other.tunnels_;
  const auto [mine, theirs] = std::mismatch(vlan_.begin(), vlan_.begin() + vlans_, other.vlan_.begin());
  if (mine != vlan_.begin() + vlans_) return *mine < *theirs;
  return std::lexicographical_compare(tunnel_.begin(), tunnel_.begin() + tunnels_, other.tunnel_.begin(),
                                      other.tunnel_.begin() + other.tunnels_);
}

Encapsulation EncapsulationPath::describe() const {
  Encapsulation description;
  description.vlan.assign(vlan_.begin(), vlan_.begin() + vlans_);
  for (std::size_t i = 0; i < tunnels_; ++i) {
    if (i > 0) description.tunnel += '/';
    description.tunnel += name_of(static_cast<Tunnel>(tunnel_[i] >> kKindShift));
    if ((tunnel_[i] & kHasId) != 0) {
      description.tunnel += ':' + std::to_string(static_cast<std::uint32_t>(tunnel_[i]));
    }
  }
  return description;
}

EncapsulationTable::EncapsulationTable(std::size_t most) : most_(most) { entries_.emplace_back(); }

std::uint32_t EncapsulationTable::index_of(const EncapsulationPath& path) {
  if (path.empty()) return 0;
  if (!(path == last_)) {
    last_index_ = look_up(path);
    last_ = path;
  }
  return last_index_;
}

std::uint32_t EncapsulationTable::look_up(const EncapsulationPath& path) {
  const auto known = numbers_.find(path);
  if (known != numbers_.end()) return known->second;
  const auto next = static_cast<std::uint32_t>(entries_.size());
  if (next > most_) return next - 1;
  if (next == most_) {
    entries_.push_back({{}, "other"});
    return next;
  }
  entries_.push_back(path.describe());
  numbers_.emplace(path, next);
  return next;
}

}  // namespace tcpautopsy::decode
