// Puts fragments of IPv4 and IPv6 packets together again, within bounds.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "analyzer/decode/dissection.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy::decode {

// RFC 791 3.2 and RFC 8200 4.5; fragments of different VLANs or tunnels belong to different packets.
struct FragmentKey {
  IpAddress source, destination;
  std::uint32_t id = 0;
  std::uint32_t encapsulation = 0;
  std::uint8_t protocol = 0;  // IPv4 only
  bool v6 = false;
  auto operator<=>(const FragmentKey&) const = default;
};

class FragmentTable {
 public:
  static constexpr std::size_t kMostPieces =
      2048;  // of one packet; 65,535 octets through the least MTU make 1,366
  static constexpr std::size_t kOctetsEach = 16 << 10;  // of `most_packets`, all together
  static constexpr TimeNs kPatience = 30 * kSecond;     // as Linux for IPv4; identifications come round again

  explicit FragmentTable(std::size_t most_packets) : most_packets_(most_packets) {}

  struct Whole {
    LayerBytes packet;          // views into the table until the next call
    std::uint8_t protocol = 0;  // by the first fragment
    bool congestion = false;    // one of the fragments was marked (RFC 3168 5.3)
  };

  // FragmentHeld, Malformed, or the packet that this fragment completes. Of octets that come twice the first
  // to arrive are kept.
  std::variant<NotTcp, Whole> add(const FragmentKey& key, const Dissection& fragment, TimeNs now);

  std::uint64_t dropped() const { return dropped_; }
  // Of these, for want of room.
  std::uint64_t given_up() const { return given_up_; }
  std::size_t packets() const { return waiting_.size(); }
  std::size_t octets() const { return octets_; }

 private:
  struct Piece {
    std::size_t offset = 0;
    std::vector<std::uint8_t> bytes;  // what was captured of it
  };
  struct Range {
    std::size_t begin = 0, end = 0;
  };
  struct Packet {
    FragmentKey key;
    TimeNs since = 0;
    std::uint8_t protocol = 0;
    bool congestion = false;
    std::optional<std::size_t> length;  // known by the last fragment
    std::size_t octets = 0;             // kept in pieces
    std::vector<Piece> pieces;          // in order of arrival
    std::vector<Range> covered;         // apart and in order
  };
  using Place = std::list<Packet>::iterator;

  Place packet_of(const FragmentKey& key, TimeNs now);
  void drop(Place packet);
  void give_up(Place packet);
  void forget(Place packet);
  void make_room();
  void assemble(const Packet& packet);
  static bool fits(const Packet& packet, const Dissection& fragment);
  static void cover(std::vector<Range>& covered, Range range);

  std::list<Packet> waiting_;  // in order of their first fragment
  std::map<FragmentKey, Place> places_;
  std::size_t octets_ = 0;
  std::size_t most_packets_;
  std::uint64_t dropped_ = 0, given_up_ = 0;
  std::vector<std::uint8_t> assembled_;
  std::size_t assembled_captured_ = 0;
};

}  // namespace tcpautopsy::decode
