// What Wireshark took out of a frame, handed to the library: TCP headers where its tree says they are, parsed
// by the library's own decoder.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/decode/encapsulation.h"
#include "analyzer/decode/tcp_segment.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

struct FoundParts {
  std::vector<TcpSegment> segments;  // outermost first
  std::vector<IcmpError> errors;

  void clear() {
    segments.clear();
    errors.clear();
  }
};

// The fields of Wireshark's tree that are looked for. Registered by other dissectors, so to be found late.
class TreeReader {
 public:
  void find_fields();
  // What Wireshark must keep in its tree for us; the caller owns it.
  GArray* wanted_fields() const;

  // Numbers encapsulations in `encapsulations`. Throws nothing of Wireshark's: no octet is asked for that was
  // not captured.
  void read(packet_info* pinfo, proto_tree* tree, decode::EncapsulationTable& encapsulations,
            FoundParts& found) const;

 private:
  struct Walk;

  int tcp_ = -1, tcp_length_ = -1, ip_ = -1, ipv6_ = -1, icmp_ = -1, icmpv6_ = -1;
  int vlan_ = -1, service_vlan_ = -1, customer_vlan_ = -1, outer_vlan_ = -1;
  int gre_ = -1, gre_protocol_ = -1, gre_key_ = -1, erspan_ = -1, erspan_session_ = -1;
  int vxlan_network_ = -1, geneve_network_ = -1, gtp_ = -1, gtp_type_ = -1, teredo_ = -1, etherip_ = -1,
      backbone_ = -1, backbone_service_ = -1;
};

}  // namespace tcpautopsy::plugin
