#include "analyzer/hosts/isns.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

constexpr std::size_t kLowerKept = 8;

void keep(std::vector<Isns::Chosen>& earliest, const Isns::Chosen& chosen, std::size_t most) {
  if (earliest.size() == most && chosen > earliest.back()) return;
  earliest.insert(std::upper_bound(earliest.begin(), earliest.end(), chosen), chosen);
  if (earliest.size() > most) earliest.pop_back();
}

}  // namespace

void Isns::note(const Chosen& chosen) { keep(earliest_, chosen, kMost); }

void Isns::note_lower(const Chosen& chosen) {
  ++lower_;
  keep(lower_first_, chosen, kLowerKept);
}

void Isns::merge(const Isns& part) {
  for (const Chosen& chosen : part.earliest_) keep(earliest_, chosen, kMost);
  for (const Chosen& chosen : part.lower_first_) keep(lower_first_, chosen, kLowerKept);
  lower_ += part.lower_;
}

std::vector<Isns::Chosen> Isns::chosen() const {
  std::vector<Chosen> distinct;
  for (const Chosen& chosen : earliest_) {
    const bool again = std::any_of(distinct.begin(), distinct.end(), [&](const Chosen& before) {
      return before.isn == chosen.isn && chosen.time_ns - before.time_ns < kSecond;
    });
    if (!again) distinct.push_back(chosen);
  }
  return distinct;
}

}  // namespace tcpautopsy
