// What is told of connections captured on both sides of an address translation, where it counts once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/detect/finding.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// The one whose end comes first counts; of another what differs: packets that one side has and the other has
// not show where they went.
class TranslatedBook {
 public:
  // Whether it counts for hosts and services: no other of its packets opened alike.
  bool counts(const FlowHistory& flow) const;
  // Lowers to info what was told of another of its packets, and says so.
  void tell(const FlowFacts& flow, Findings& findings) const;
  // Once all is told of it. What is kept goes with the last of its packets.
  void note(const FlowHistory& flow, const Findings& findings);

 private:
  struct Told {
    std::uint64_t flow = 0;
    std::string_view id;
    std::optional<bool> of_client;
    Severity severity = Severity::Info;
  };
  struct Original {
    std::vector<Handshake> handshakes;
    std::vector<Told> told;
  };

  const Original* find(const FlowFacts& flow) const;
  static Told told_of(const FlowFacts& flow, const Finding& finding);

  std::unordered_map<std::uint64_t, Original> originals_;  // as many as TranslatedCopies keeps at most
};

}  // namespace tcpautopsy
