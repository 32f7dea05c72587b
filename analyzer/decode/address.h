// IP addresses and the two ends of a connection.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <string>

namespace tcpautopsy {

// An IPv4 address is held as its IPv4-mapped IPv6 form (RFC 4291 2.5.5.2), so that both compare and hash
// alike.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};

  static IpAddress v4(const std::uint8_t* four) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, four[0], four[1], four[2], four[3]}};
  }
  static IpAddress v6(const std::uint8_t* sixteen) {
    IpAddress address;
    std::copy_n(sixteen, address.octets.size(), address.octets.begin());
    return address;
  }
  bool is_v4() const {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(kMapped.begin(), kMapped.end(), octets.begin());
  }
  auto operator<=>(const IpAddress&) const = default;
  // Asked several times a packet: as two words, where the library would call memcmp.
  bool operator==(const IpAddress& other) const { return words() == other.words(); }

 private:
  std::array<std::uint64_t, 2> words() const { return std::bit_cast<std::array<std::uint64_t, 2>>(octets); }
};

// Dotted quad, or RFC 5952 text.
std::string to_string(const IpAddress& address);

struct EndpointAddress {
  IpAddress ip;
  std::uint16_t port = 0;
  auto operator<=>(const EndpointAddress&) const = default;
};

}  // namespace tcpautopsy
