#include "analyzer/decode/checksum.h"

#include <cstddef>

namespace tcpautopsy::decode {
namespace {

// The last 0 to 7 octets, at their places in a word.
std::uint64_t load_rest(const std::uint8_t* at, std::size_t left) {
  std::uint64_t word = 0;
  auto* to = reinterpret_cast<std::uint8_t*>(&word);
  if ((left & 4U) != 0) {
    std::memcpy(to, at, 4);
    at += 4;
    to += 4;
  }
  if ((left & 2U) != 0) {
    std::memcpy(to, at, 2);
    at += 2;
    to += 2;
  }
  if ((left & 1U) != 0) *to = *at;
  return word;
}

}  // namespace

std::uint64_t ones_complement_sum(Bytes bytes) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  // Carries are counted apart: the compiler makes that one addition with carry a word.
  std::uint64_t sum = 0, carries = 0;
  const auto add = [&](std::uint64_t word) {
    sum += word;
    carries += sum < word ? 1U : 0U;
  };
  for (; left >= 32; left -= 32, at += 32) {
    add(load_word(at));
    add(load_word(at + 8));
    add(load_word(at + 16));
    add(load_word(at + 24));
  }
  for (; left >= 8; left -= 8, at += 8) add(load_word(at));
  if (left > 0) add(load_rest(at, left));
  return add_ones_complement(sum, carries);
}

}  // namespace tcpautopsy::decode
