// One packet of each link type, tunnel and extension header that the decoder knows.
#pragma once

#include <string>
#include <vector>

#include "packet_builder.h"

namespace tcpautopsy::test {

// All carry the same segment, IPv4 10.0.0.1:40000 > 10.0.0.2:80 or IPv6 2001:db8::1 > 2001:db8::2, and end
// with it but for `trailer` octets.
struct Sample {
  std::string name;
  int link_type = kDltEthernet;
  Octets octets;
  bool v6 = false;
  std::vector<std::uint16_t> vlan = {};
  std::string tunnel = {};
  std::size_t trailer = 0;

  // Where the fixed part of the TCP header ends.
  std::size_t header_end() const;
};

std::vector<Sample> link_samples();
std::vector<Sample> ip_samples();
std::vector<Sample> tunnel_samples();
std::vector<Sample> all_samples();

}  // namespace tcpautopsy::test
