// Random numbers that are the same on every machine, which those of <random> are not.
#pragma once

#include <cmath>
#include <cstdint>

namespace tcpautopsy::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // splitmix64
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(next() >> 32); }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(next() >> 32) % bound; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }
  double exponential(double mean) { return -mean * std::log(1 - unit()); }
  // Log-normal: half of the values are below the median, few are many times as large.
  double around(double median, double sigma) {
    const double normal = std::sqrt(-2 * std::log(1 - unit())) * std::cos(2 * std::acos(-1.0) * unit());
    return median * std::exp(sigma * normal);
  }

 private:
  std::uint64_t state_;
};

}  // namespace tcpautopsy::bench
