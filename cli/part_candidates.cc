#include "cli/part_candidates.h"

#include <cstring>
#include <type_traits>

namespace tcpautopsy::cli {

static_assert(std::is_trivially_copyable_v<PartCandidate>);

void PartCandidates::add(const PartCandidate& candidate) {
  char octets[sizeof candidate];
  std::memcpy(octets, &candidate, sizeof candidate);
  spool_.add({}, {octets, sizeof octets});
}

void PartCandidates::settle(const PartOf& parts,
                            const std::function<void(const PartCandidate&, std::string_view whose)>& each) {
  spool_.drain([&](std::string_view octets) {
    PartCandidate candidate;
    std::memcpy(&candidate, octets.data(), sizeof candidate);
    each(candidate, parts.of(candidate.detector->doc.id, candidate.flow));
  });
}

}  // namespace tcpautopsy::cli
