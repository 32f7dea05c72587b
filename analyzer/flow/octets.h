// Integers in as few octets as they need, seven bits each (LEB128).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "analyzer/capture/frame.h"

namespace tcpautopsy {

constexpr std::uint64_t zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

// Writes to a place of its own; the caller sees to it that Size is enough for what it puts.
template <std::size_t Size>
class OctetWriter {
 public:
  Bytes bytes() const { return Bytes(octets_.data(), at_); }
  void one(unsigned n) { octets_[at_++] = static_cast<std::uint8_t>(n); }
  void two(unsigned n) {
    one(n >> 8);
    one(n);
  }
  void many(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) one(static_cast<unsigned>(n & 0x7F) | 0x80U);
    one(static_cast<unsigned>(n));
  }
  // By how much `n` differs from `from`, on the circle of 32 bits.
  void step(std::uint32_t n, std::uint32_t from) { many(zigzag(static_cast<std::int32_t>(n - from))); }

 private:
  std::array<std::uint8_t, Size> octets_;
  std::size_t at_ = 0;
};

// Reads only what the functions above wrote; past the end everything is 0.
class OctetReader {
 public:
  explicit OctetReader(Bytes bytes) : bytes_(bytes) {}
  bool empty() const { return at_ >= bytes_.size(); }
  Bytes rest() const { return bytes_.subspan(at_); }
  std::uint8_t one() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
  std::uint16_t two() {
    const unsigned high = one();
    return static_cast<std::uint16_t>(high << 8 | one());
  }
  std::uint64_t many() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t octet = one();
      n |= std::uint64_t{octet & 0x7FU} << shift;
      if (octet < 0x80) break;
    }
    return n;
  }
  std::uint32_t step(std::uint32_t from) {
    return from + static_cast<std::uint32_t>(static_cast<std::int32_t>(unzigzag(many())));
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace tcpautopsy
