#pragma once

#include <cstdint>
#include <cstring>

namespace tcpautopsy {

// Reads numbers in this machine's byte order or the other one.
class ByteOrder {
 public:
  explicit ByteOrder(bool swapped = false) : swapped_(swapped) {}

  std::uint16_t u16(const std::uint8_t* p) const {
    std::uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap16(v) : v;
  }
  std::uint32_t u32(const std::uint8_t* p) const {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap32(v) : v;
  }
  std::uint64_t u64(const std::uint8_t* p) const {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap64(v) : v;
  }

  void put(std::uint8_t* p, std::uint16_t v) const {
    v = swapped_ ? __builtin_bswap16(v) : v;
    std::memcpy(p, &v, sizeof v);
  }
  void put(std::uint8_t* p, std::uint32_t v) const {
    v = swapped_ ? __builtin_bswap32(v) : v;
    std::memcpy(p, &v, sizeof v);
  }

 private:
  bool swapped_;
};

}  // namespace tcpautopsy
