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

constexpr std::size_t kBlock = 64;  // octets

// The sum of so many whole blocks. Whole words and their upper halves are added up apart, in several lanes:
// the carries of either are never needed.
[[gnu::always_inline]] inline std::uint64_t sum_blocks(const std::uint8_t* at, std::size_t blocks) {
  using Lanes [[gnu::vector_size(kBlock / 2)]] = std::uint64_t;
  Lanes whole{}, upper{};
  for (; blocks > 0; --blocks, at += kBlock) {
    Lanes first, second;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&second, at + sizeof first, sizeof second);
    whole += first + second;
    upper += (first >> 32) + (second >> 32);
  }
  const std::uint64_t wholes = whole[0] + whole[1] + whole[2] + whole[3];
  const std::uint64_t uppers = upper[0] + upper[1] + upper[2] + upper[3];
  return wholes - (uppers << 32) + uppers;
}

std::uint64_t sum_anywhere(const std::uint8_t* at, std::size_t blocks) { return sum_blocks(at, blocks); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] std::uint64_t sum_with_avx2(const std::uint8_t* at, std::size_t blocks) {
  return sum_blocks(at, blocks);
}
const auto sum_of_blocks = __builtin_cpu_supports("avx2") ? sum_with_avx2 : sum_anywhere;
#else
constexpr auto sum_of_blocks = sum_anywhere;
#endif

}  // namespace

std::uint64_t ones_complement_sum(Bytes bytes) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  // Carries are counted apart: the compiler makes that one addition with carry a word.
  std::uint64_t sum = 0, carries = 0;
  if (left >= 2 * kBlock) {
    sum = sum_of_blocks(at, left / kBlock);
    at += left / kBlock * kBlock;
    left %= kBlock;
  }
  const auto add = [&](std::uint64_t word) {
    sum += word;
    carries += sum < word ? 1U : 0U;
  };
  for (; left >= 8; left -= 8, at += 8) add(load_word(at));
  if (left > 0) add(load_rest(at, left));
  return add_ones_complement(sum, carries);
}

}  // namespace tcpautopsy::decode
