#include "analyzer/anonymize/link_headers.h"

#include <algorithm>

#include "analyzer/decode/dlt.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMac = 6;

// One that names the link type of what follows behind it.
void keep_outer_header(Canvas& canvas, std::size_t at, std::size_t size, std::size_t length,
                       std::uint32_t inner) {
  const std::size_t outer = std::min(length, size);
  if (outer < size) keep_link_header(canvas, inner, at + outer, size - outer);
}

// Attributes of any content; the last head is the packet's own.
void keep_nflog(Canvas& canvas, std::size_t at, std::size_t size) {
  const std::size_t end = at + size;
  canvas.keep(at, 4);
  for (at += 4; at + 4 <= end;) {
    canvas.keep(at, 4);
    const bool little = canvas.le16(at + 2) < canvas.be16(at + 2);
    const std::size_t length = little ? canvas.le16(at) : canvas.be16(at);
    at += std::max<std::size_t>((length + 3) / 4 * 4, 4);
  }
}

// The first bits say: to a group, with a route behind it.
void keep_token_ring(Canvas& canvas, std::size_t at, std::size_t size) {
  canvas.keep(at, size);
  canvas.put_mac(at + 2);
  canvas.put_mac(at + 8);
  canvas.keep_bits(at + 2, 0x80);
  canvas.keep_bits(at + 8, 0x80);
}

}  // namespace

void keep_wlan_header(Canvas& canvas, std::size_t at, std::size_t size) {
  constexpr unsigned kTypeMask = 0x000c, kTypeData = 0x0008, kBothWays = 0x0300;
  constexpr std::size_t kThree = 24, kFour = 30;
  if (size < kThree) return;
  unsigned control = canvas.le16(at);
  if ((control & kTypeMask) != kTypeData) control = canvas.be16(at);  // as controllers turn it
  canvas.keep(at, size);
  for (const std::size_t address : {4, 10, 16}) canvas.put_mac(at + address);
  if ((control & kBothWays) == kBothWays && size >= kFour) canvas.put_mac(at + kThree);
}

void keep_link_header(Canvas& canvas, std::uint32_t link_type, std::size_t at, std::size_t size) {
  using namespace decode;
  if (size == 0) return;
  // Without a default: the compiler asks for each link type. Of others nothing is kept.
  switch (static_cast<Dlt>(link_type)) {
    case kDltTokenRing: return keep_token_ring(canvas, at, size);
    case kDltFddi:
      canvas.keep(at, 1);
      canvas.put_mac(at + 1);
      return canvas.put_mac(at + 1 + kMac);
    case kDltLinuxSll:
      canvas.keep(at, 6);
      if (canvas.be16(at + 4) == kMac) canvas.put_mac(at + 6);
      return canvas.keep(at + 14, 2);
    case kDltLinuxSll2:
      canvas.keep(at, 12);
      if (canvas.u8(at + 11) == kMac) canvas.put_mac(at + 12);
      return;
    case kDltRadiotap: {
      const std::size_t length = std::min<std::size_t>(canvas.le16(at + 2), size);
      canvas.keep(at, length);
      return keep_wlan_header(canvas, at + length, size - length);
    }
    case kDltPpi:
      canvas.keep(at, 8);
      return keep_outer_header(canvas, at, size, canvas.le16(at + 2), canvas.le32(at + 4));
    case kDltPktap:
    case kDltPktapUser2:
      canvas.keep(at, 12);
      return keep_outer_header(canvas, at, size, canvas.le32(at), canvas.le32(at + 8));
    case kDltNflog: return keep_nflog(canvas, at, size);
    case kDltPflog: return canvas.keep(at, 4);
    case kDltIpoib:
      canvas.keep(at, 8);
      canvas.put_ipv6(at + 8);
      canvas.put_ipv6(at + 24);
      return canvas.keep(at + 40, 4);
    case kDltAppleFireWire: return canvas.keep(at + 16, 2);
    case kDltJuniperEther: return canvas.keep(at, std::min<std::size_t>(size, 6));
    case kDltNull:
    case kDltEthernet:
    case kDltPpp:
    case kDltAtmRfc1483:
    case kDltRawLinux:
    case kDltRawOpenBsd:
    case kDltPppSerial:
    case kDltPppEther:
    case kDltRawFile:
    case kDltCiscoHdlc:
    case kDltIeee80211:
    case kDltFrameRelay:
    case kDltLoop:
    case kDltEnc:
    case kDltPrism:
    case kDltSunAtm:
    case kDltArcnetLinux:
    case kDltAvs:
    case kDltPppPppd:
    case kDltPppWithDirection:
    case kDltCiscoHdlcWithDirection:
    case kDltMpls:
    case kDltIpv4:
    case kDltIpv6:
    case kDltNetAnalyzer:
    case kDltNetAnalyzerTransparent:
    case kDltEthernetMpacket: return canvas.keep(at, size);  // no addresses of hosts in what was taken off
  }
}

}  // namespace tcpautopsy
