// Integers in as few octets as they need, seven bits each. The zero bits at the low end of the first tell how
// many follow it, so that all are read at once.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>

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
    const int octets = (static_cast<int>(std::bit_width(n | 1U)) + 6) / 7;
    if (octets > 8) {
      one(0);
      put(n, 8);
    } else {
      put(n << octets | std::uint64_t{1} << (octets - 1), octets);
    }
  }
  // By how much `n` differs from `from`, on the circle of 32 bits.
  void step(std::uint32_t n, std::uint32_t from) { many(zigzag(static_cast<std::int32_t>(n - from))); }
  // As it lies in memory: for who reads it in the same process.
  template <class Plain>
  void raw(const Plain& plain) {
    std::memcpy(&octets_[at_], &plain, sizeof plain);
    at_ += sizeof plain;
  }

 private:
  // The lowest octets of a word, which is stored whole.
  void put(std::uint64_t word, int octets) {
    boost::endian::store_little_u64(&octets_[at_], word);
    at_ += static_cast<std::size_t>(octets);
  }

  std::array<std::uint8_t, Size + sizeof(std::uint64_t)> octets_;
  std::size_t at_ = 0;
};

// Reads only what the functions above wrote; past the end everything is 0.
class OctetReader {
 public:
  explicit OctetReader(Bytes bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool empty() const { return at_ == end_; }
  Bytes rest() const { return Bytes(at_, end_); }
  std::uint8_t one() { return empty() ? std::uint8_t{0} : *at_++; }
  std::uint16_t two() {
    const unsigned high = one();
    return static_cast<std::uint16_t>(high << 8 | one());
  }
  std::uint64_t many() {
    const std::uint64_t word = ahead();
    const int octets = std::countr_zero(word | 0x100U) + 1;
    if (octets > 8) {
      skip(1);
      const std::uint64_t whole = ahead();
      skip(8);
      return whole;
    }
    skip(octets);
    return word << (64 - 8 * octets) >> (64 - 7 * octets);
  }
  std::uint32_t step(std::uint32_t from) {
    return from + static_cast<std::uint32_t>(static_cast<std::int32_t>(unzigzag(many())));
  }
  template <class Plain>
  void raw(Plain& plain) {
    if (static_cast<std::size_t>(end_ - at_) >= sizeof plain) std::memcpy(&plain, at_, sizeof plain);
    skip(sizeof plain);
  }
  void skip(std::ptrdiff_t octets) { at_ += std::min<std::ptrdiff_t>(octets, end_ - at_); }

 private:
  std::uint64_t ahead() const {
    if (end_ - at_ >= 8) return boost::endian::load_little_u64(at_);
    std::array<std::uint8_t, 8> last{};
    std::copy(at_, end_, last.begin());
    return boost::endian::load_little_u64(last.data());
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace tcpautopsy
