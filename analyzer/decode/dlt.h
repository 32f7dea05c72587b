// Link types that are decoded.
#pragma once

namespace tcpautopsy::decode {

// Numbers of pcap/dlt.h, and where systems differ those of the file format too. The header itself stays with
// the capture layer: its DLT_RAW is another on each system.
enum Dlt : int {
  kDltNull = 0,
  kDltEthernet = 1,
  kDltTokenRing = 6,
  kDltPpp = 9,
  kDltFddi = 10,
  kDltAtmRfc1483 = 11,
  kDltRawLinux = 12,
  kDltRawOpenBsd = 14,
  kDltPppSerial = 50,
  kDltPppEther = 51,
  kDltRawFile = 101,
  kDltCiscoHdlc = 104,
  kDltIeee80211 = 105,
  kDltFrameRelay = 107,
  kDltLoop = 108,
  kDltEnc = 109,
  kDltLinuxSll = 113,
  kDltPflog = 117,
  kDltPrism = 119,
  kDltSunAtm = 123,
  kDltRadiotap = 127,
  kDltArcnetLinux = 129,
  kDltAppleFireWire = 138,
  kDltPktapUser2 = 149,
  kDltAvs = 163,
  kDltPppPppd = 166,
  kDltJuniperEther = 178,
  kDltPpi = 192,
  kDltPppWithDirection = 204,
  kDltCiscoHdlcWithDirection = 205,
  kDltMpls = 219,
  kDltIpv4 = 228,
  kDltIpv6 = 229,
  kDltNflog = 239,
  kDltNetAnalyzer = 240,
  kDltNetAnalyzerTransparent = 241,
  kDltIpoib = 242,
  kDltPktap = 258,
  kDltEthernetMpacket = 274,
  kDltLinuxSll2 = 276,
};

}  // namespace tcpautopsy::decode
