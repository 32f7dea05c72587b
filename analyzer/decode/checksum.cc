#include "analyzer/decode/checksum.h"

#include <cstddef>
#include <cstring>

namespace tcpautopsy::decode {
namespace {

std::uint64_t load64(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Addition in one's complement: the carry comes back in below.
std::uint64_t add(std::uint64_t sum, std::uint64_t word) {
  sum += word;
  return sum + (sum < word ? 1 : 0);
}

}  // namespace

std::uint16_t ones_complement_sum(Bytes bytes) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  // Two sums side by side, so that one addition need not wait for the carry of the last.
  std::uint64_t even = 0, odd = 0;
  for (; left >= 32; left -= 32, at += 32) {
    even = add(even, load64(at));
    odd = add(odd, load64(at + 8));
    even = add(even, load64(at + 16));
    odd = add(odd, load64(at + 24));
  }
  for (; left >= 8; left -= 8, at += 8) even = add(even, load64(at));
  if (left > 0) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, at, left);
    even = add(even, rest);
  }
  return fold(std::uint64_t{fold(even)} + fold(odd));
}

}  // namespace tcpautopsy::decode
