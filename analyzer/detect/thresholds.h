// The numbers that decide when a finding is said, each with its default; the user may set them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tcpautopsy {

// Of one detector: declared beside its Doc.
struct Threshold {
  std::string_view name;     // "min_half_open"
  double value = 0;          // findings.md's default
  std::string_view unit;     // "s", "octets", "%" or empty
  std::string_view meaning;  // plain words, for explain
};

// What the user set, by "id.name"; all else has its default.
class Thresholds {
 public:
  double of(std::string_view id, const Threshold& threshold) const {
    const auto found = set_.find(std::pair(std::string(id), std::string(threshold.name)));
    return found == set_.end() ? threshold.value : found->second;
  }
  void set(std::string_view id, std::string_view name, double value) {
    set_[{std::string(id), std::string(name)}] = value;
  }
  // By id and name.
  const std::map<std::pair<std::string, std::string>, double>& all() const { return set_; }

 private:
  std::map<std::pair<std::string, std::string>, double> set_;
};

}  // namespace tcpautopsy
