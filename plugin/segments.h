// The TCP headers of a frame that Wireshark has dissected, handed to the library.
//
// A tree of Wireshark's fields would tell where they are, but to have it built for every packet costs more
// than the analysis itself. So Wireshark's list of the frame's layers decides what the frame is, the
// library's own decoder reads it, and where it cannot (the packet was decrypted, or its tunnel is known to
// Wireshark only) the octets are those that Wireshark's last IP header stands in.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/decode/decoder.h"
#include "analyzer/decode/dissection.h"
#include "plugin/found_parts.h"
#include "plugin/wireshark.h"

namespace tcpautopsy::plugin {

class FrameReader {
 public:
  // Once all protocols are registered.
  void find_protocols();
  // Throws nothing of Wireshark's: no octet is asked for that was not captured. The segments' payload views
  // live as long as the packet's dissection, or until the decoder's next frame.
  void read(tvbuff_t* frame, packet_info* pinfo, Decoder& decoder, FoundParts& found) const;

 private:
  enum class Content : std::uint8_t { Other, Tcp, TcpInTcp, Icmp };

  Content content_of(const packet_info* pinfo) const;
  Decoded decode(tvbuff_t* tvb, const packet_info* pinfo, Decoder& decoder) const;

  static constexpr int kUnknownLink = -1;
  std::vector<int> link_types_;  // libpcap's, by Wireshark's
  int tcp_ = -1, icmp_ = -1, icmpv6_ = -1, sflow_ = -1;
};

}  // namespace tcpautopsy::plugin
