#include "analyzer/capture/sorted_spool.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using tcpautopsy::SortedSpool;

namespace {

std::vector<std::string> drained(SortedSpool& spool) {
  std::vector<std::string> lines;
  spool.drain([&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

}  // namespace

TEST_CASE("lines come out in order of their keys, whether or not they went to disk") {
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> numbers(5000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * 3;
  std::shuffle(numbers.begin(), numbers.end(), random);
  // A few lines are longer than the blocks in which runs are read back.
  const auto line = [](std::uint64_t n) {
    return std::to_string(n) + std::string(n % 1000 == 0 ? 100'000 : n % 50, '.');
  };
  for (const std::size_t memory : {std::size_t{1}, std::size_t{20'000}, std::size_t{1} << 26}) {
    SortedSpool spool(memory);
    const std::size_t count = memory == 1 ? 300 : numbers.size();
    for (std::size_t i = 0; i < count; ++i) spool.add(SortedSpool::number_key(numbers[i]), line(numbers[i]));
    std::vector<std::uint64_t> sorted(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    std::sort(sorted.begin(), sorted.end());
    const auto lines = drained(spool);
    REQUIRE(lines.size() == count);
    bool same = true;
    for (std::size_t i = 0; i < count; ++i) same = same && lines[i] == line(sorted[i]);
    CHECK(same);
  }
}

TEST_CASE("lines of any length take no more memory than is allowed") {
  constexpr std::size_t kMemory = 1 << 20;
  for (const std::size_t length : {0, 10, 100, 300, 20'000}) {
    INFO(length);
    SortedSpool spool(kMemory);
    std::size_t most = 0;
    const std::string line(length, '.');
    for (std::size_t i = 0; i < 3 * kMemory / (length + 24); ++i) {
      spool.add(SortedSpool::number_key(i), line);
      most = std::max(most, spool.octets());
    }
    CHECK(most <= kMemory);
    CHECK(most >= kMemory / 4);
  }
}

TEST_CASE("lines of one key keep the order in which they came") {
  for (const std::size_t memory : {std::size_t{1}, std::size_t{1} << 20}) {
    SortedSpool spool(memory);
    for (const char* line : {"1", "2", "3", "4"}) spool.add("same", line);
    CHECK(drained(spool) == std::vector<std::string>{"1", "2", "3", "4"});
  }
}

TEST_CASE("empty lines and keys are kept, an empty spool gives nothing, and a drained one is empty") {
  SortedSpool spool(1);
  CHECK(drained(spool).empty());
  spool.add("", "");
  spool.add("b", "");
  spool.add("a", "x");
  CHECK(drained(spool) == std::vector<std::string>{"", "x", ""});
  CHECK(drained(spool).empty());
}

TEST_CASE("lines can be had up to a key, between lines that come in order elsewhere") {
  for (const std::size_t memory : {std::size_t{1}, std::size_t{1} << 20}) {
    SortedSpool spool(memory);
    for (const std::uint64_t n : {7, 3, 9, 5}) spool.add(SortedSpool::number_key(n), std::to_string(n));
    std::string lines;
    const auto each = [&](std::string_view line) { lines += line; };
    for (const std::uint64_t n : {2, 4, 6, 8}) {
      spool.drain_below(SortedSpool::number_key(n), each);
      lines += std::to_string(n);
    }
    spool.drain_below(SortedSpool::number_key(8), each);
    CHECK(lines == "2345678");
    spool.drain(each);
    CHECK(lines == "23456789");
    spool.add("again", "x");
    CHECK(drained(spool) == std::vector<std::string>{"x"});
  }
}

TEST_CASE("keys of numbers sort as the numbers") {
  CHECK(SortedSpool::number_key(9) < SortedSpool::number_key(10));
  CHECK(SortedSpool::number_key(255) < SortedSpool::number_key(256));
  CHECK(SortedSpool::number_key(1) < SortedSpool::number_key(~std::uint64_t{0}));
}
