#include "analyzer/detect/icmp_words.h"

#include <iterator>

namespace tcpautopsy {

std::string_view icmp_text(const RefusingError& icmp) {
  constexpr std::string_view kV4[]{"network unreachable",
                                   "host unreachable",
                                   "protocol unreachable",
                                   "port unreachable",
                                   "",  // fragmentation needed refuses nothing
                                   "source route failed",
                                   "network unknown",
                                   "host unknown",
                                   "source host isolated",
                                   "network administratively prohibited",
                                   "host administratively prohibited",
                                   "network unreachable for this type of service",
                                   "host unreachable for this type of service",
                                   "communication administratively prohibited",
                                   "host precedence violation",
                                   "precedence cutoff"};
  constexpr std::string_view kV6[]{"no route to destination",
                                   "administratively prohibited",
                                   "beyond scope of source address",
                                   "address unreachable",
                                   "port unreachable",
                                   "source address failed policy",
                                   "reject route to destination"};
  const std::uint8_t exceeded = icmp.v6 ? 3 : 11, parameter = icmp.v6 ? 4 : 12;
  if (icmp.type == exceeded) return "time exceeded on the way (a routing loop, or a hop limit too small)";
  if (icmp.type == parameter) return "parameter problem";
  if (icmp.v6) return icmp.code < std::size(kV6) ? kV6[icmp.code] : "destination unreachable";
  return icmp.code < std::size(kV4) ? kV4[icmp.code] : "destination unreachable";
}

bool is_filter(const RefusingError& icmp) {
  return icmp.v6 ? icmp.code == 1 || icmp.code == 5 : icmp.code == 9 || icmp.code == 10 || icmp.code == 13;
}

}  // namespace tcpautopsy
