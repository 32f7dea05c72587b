// Reads numbers out of a layer of which only a part may have been captured.
#pragma once

#include <algorithm>
#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy::decode {

// The octets from some header on: `length` of them by what the frame and the headers above say, of which the
// first `captured` can be read. Callers ask has() before they read; the reading functions do not check again.
class LayerBytes {
 public:
  LayerBytes() = default;
  LayerBytes(Bytes captured, std::size_t length)
      : data_(captured.data()), captured_(std::min(captured.size(), length)), length_(length) {}

  bool has(std::size_t octets) const { return captured_ >= octets; }
  const std::uint8_t* data() const { return data_; }
  std::size_t captured() const { return captured_; }
  std::size_t length() const { return length_; }
  Bytes bytes() const { return {data_, captured_}; }

  std::uint8_t u8(std::size_t at) const { return data_[at]; }
  std::uint16_t be16(std::size_t at) const { return boost::endian::load_big_u16(data_ + at); }
  std::uint32_t be24(std::size_t at) const { return boost::endian::load_big_u24(data_ + at); }
  std::uint32_t be32(std::size_t at) const { return boost::endian::load_big_u32(data_ + at); }
  std::uint16_t le16(std::size_t at) const { return boost::endian::load_little_u16(data_ + at); }
  std::uint32_t le32(std::size_t at) const { return boost::endian::load_little_u32(data_ + at); }

  // Needs has(octets).
  void drop(std::size_t octets) {
    data_ += octets;
    captured_ -= octets;
    length_ -= octets;
    if (most_ != kUnbounded) most_ -= std::min(octets, most_);
  }

  // A link or tunnel header's own length of what follows; trailing padding goes, and no header within tells
  // of more.
  void limit(std::size_t length) {
    most_ = std::min(most_, length);
    if (length < length_) set_length(length);
  }

  // A length beyond the frame is believed too, unless limit() was told: some capture programs write the cut
  // length as the original one, and what was cut on the wire would not have passed its frame check.
  void set_length(std::size_t length) {
    length_ = std::min(length, most_);
    captured_ = std::min(captured_, length_);
  }

 private:
  static constexpr std::size_t kUnbounded = ~std::size_t{0};

  const std::uint8_t* data_ = nullptr;
  std::size_t captured_ = 0;
  std::size_t length_ = 0;
  std::size_t most_ = kUnbounded;
};

}  // namespace tcpautopsy::decode
