#include "analyzer/causes/part_candidates.h"

#include <cstring>
#include <type_traits>

namespace tcpautopsy {

static_assert(std::is_trivially_copyable_v<PartCandidate>);

void PartCandidates::add(const PartCandidate& candidate) {
  char octets[sizeof candidate];
  std::memcpy(octets, &candidate, sizeof candidate);
  spool_.add({}, {octets, sizeof octets});
}

const Detector* PartCandidates::detector_of(std::string_view id) {
  // An id is a detector's own, so that its place in memory is enough to know it by.
  for (const Known& known : known_)
    if (known.id.data() == id.data() && known.id.size() == id.size()) return known.detector;
  return known_.emplace_back(Known{id, PartOf::possible(id) ? find_detector(id) : nullptr}).detector;
}

void PartCandidates::settle(const PartOf& parts,
                            const std::function<void(const PartCandidate&, std::string_view whose)>& each) {
  spool_.drain([&](std::string_view octets) {
    PartCandidate candidate;
    std::memcpy(&candidate, octets.data(), sizeof candidate);
    each(candidate, parts.of(candidate.detector->doc.id, candidate.flow));
  });
}

}  // namespace tcpautopsy
