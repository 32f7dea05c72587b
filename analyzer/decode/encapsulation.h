// The VLAN tags and tunnels around a segment, as they are met and as the flow's identity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/decode/decoder.h"

namespace tcpautopsy::decode {

enum class Tunnel : std::uint8_t {
  Gre,
  Erspan,
  Vxlan,
  Geneve,
  Gtp,
  Teredo,
  EtherIp,
  ProviderBackbone,
  Ayiya,
  Capwap,
};

// What is collected while the layers of one frame are taken off. Deeper nesting than this is refused.
class EncapsulationPath {
 public:
  static constexpr std::size_t kDeepest = 8;

  bool empty() const { return vlans_ == 0 && tunnels_ == 0; }
  // One more than it holds was refused.
  bool overfull() const { return overfull_; }
  [[nodiscard]] bool add_vlan(std::uint16_t id);
  [[nodiscard]] bool add_tunnel(Tunnel tunnel);
  [[nodiscard]] bool add_tunnel(Tunnel tunnel, std::uint32_t id);

  bool operator==(const EncapsulationPath& other) const;
  bool operator<(const EncapsulationPath& other) const;
  Encapsulation describe() const;

 private:
  // The tunnel's kind, whether it has an id, and the id.
  using TunnelCode = std::uint64_t;
  bool add_code(TunnelCode code);

  std::array<std::uint16_t, kDeepest> vlan_{};
  std::array<TunnelCode, kDeepest> tunnel_{};
  std::uint8_t vlans_ = 0, tunnels_ = 0;
  bool overfull_ = false;
};

// Numbers the encapsulations met. A file made to exhaust memory can hold a new one in every frame: past the
// limit all new ones share one entry whose tunnel is "other".
class EncapsulationTable {
 public:
  explicit EncapsulationTable(std::size_t most);
  // Beside the empty one; also the number that all beyond share.
  std::size_t most() const { return most_; }
  std::uint32_t index_of(const EncapsulationPath& path);
  const Encapsulation& at(std::uint32_t index) const { return entries_.at(index); }
  std::size_t size() const { return entries_.size(); }

 private:
  std::uint32_t look_up(const EncapsulationPath& path);

  std::size_t most_;
  std::deque<Encapsulation> entries_;  // references stay valid
  std::map<EncapsulationPath, std::uint32_t> numbers_;
  EncapsulationPath last_;
  std::uint32_t last_index_ = 0;
};

}  // namespace tcpautopsy::decode
