// Frames to be given away: addresses replaced, what was said taken out.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/anonymize/address_cipher.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy {

// Only what is known to tell nothing is kept: fields of link, tunnel, IP, UDP and TCP headers, ICMP errors
// with the headers that they quote. Addresses, also of hardware, are AddressCipher's. All else is zero, as
// long as it was: payload, options but for those of TCP that transfer goes by, other protocols behind their
// IP and UDP headers, everything of link types that are not known. Lengths stay, ports stay; checksums are
// right where they were right. What the decoder finds in the frame stays but for addresses and payload.
//
// A segment in fragments gets a right checksum, if its header lies in the first. Not thread-safe.
class FrameAnonymizer {
 public:
  explicit FrameAnonymizer(const AnonymizeKey& key) : cipher_(key) {}

  // Its octets live until the next call; it has no comments.
  Frame of(const Frame& frame);

 private:
  AddressCipher cipher_;
  std::vector<std::uint8_t> octets_;
};

}  // namespace tcpautopsy
