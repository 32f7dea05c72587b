// A frame made anew in the place of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/anonymize/address_cipher.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy {

// The pseudo header that a checksum is of too.
struct PseudoHeader {
  IpAddress source, destination;
  std::uint32_t length = 0;
  std::uint8_t protocol = 0;
};

struct ChecksumPlace {
  std::size_t field = 0, begin = 0;
  std::size_t length = 0;  // that it is of, by the headers
  std::optional<PseudoHeader> pseudo = std::nullopt;
  bool optional = false;  // zero is none
  bool right = false;     // it cannot be told whether it was right: it will be
};

// All is zero but for what is kept or put in the place of what there was. Places are octets from the frame's
// first; beyond its end nothing is done.
class Canvas {
 public:
  // `made` gets the new octets; all must outlive the canvas.
  Canvas(Bytes original, AddressCipher& cipher, std::vector<std::uint8_t>& made);

  std::size_t size() const { return original_.size(); }
  // Of the original; need not be there.
  std::uint8_t u8(std::size_t at) const { return at < size() ? original_[at] : std::uint8_t{0}; }
  unsigned be16(std::size_t at) const { return u8(at) * 256U + u8(at + 1); }
  unsigned le16(std::size_t at) const { return u8(at + 1) * 256U + u8(at); }
  std::uint32_t le32(std::size_t at) const { return std::uint32_t{le16(at + 2)} << 16 | le16(at); }

  void keep(std::size_t at, std::size_t octets);
  void keep_bits(std::size_t at, unsigned mask);  // of one octet that was put
  void put_be16(std::size_t at, unsigned value);
  // What stands for the address that is there, if it is there whole.
  void put_mac(std::size_t at);
  void put_ipv4(std::size_t at);
  void put_ipv6(std::size_t at);

  // To be filled in by finish(), those added last first: right where it was right, left to the network card
  // where it was, none where there was none, else wrong. Octets that were not captured count as zero.
  void add(const ChecksumPlace& place) { sums_.push_back(place); }
  void finish();

 private:
  bool has(std::size_t at, std::size_t octets) const { return at <= size() && octets <= size() - at; }
  void fill(const ChecksumPlace& place);

  Bytes original_;
  AddressCipher& cipher_;
  std::vector<std::uint8_t>& made_;
  std::vector<ChecksumPlace> sums_;
};

}  // namespace tcpautopsy
