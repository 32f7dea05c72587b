// Findings about flows whose gravity is not known before those about hosts: as part of one they are info.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "analyzer/analysis/part_of.h"
#include "analyzer/capture/sorted_spool.h"
#include "analyzer/causes/cause_book.h"

namespace tcpautopsy {

struct PartCandidate {
  FlowPlace flow;
  const Detector* detector = nullptr;
  Severity severity = Severity::Info;
  bool wanted = false;          // chosen by the user's selection; else only its incident matters
  bool wanted_as_part = false;  // chosen even as part of another
  CauseTicket ticket;
};

// Those of one capture, in bounded memory.
class PartCandidates {
 public:
  void add(const PartCandidate& candidate);
  // The detector of findings `id` that may be part of one about a host; null for all others.
  const Detector* detector_of(std::string_view id);
  // Hands out each with the id of the host finding it is part of, empty for none; once.
  void settle(const PartOf& parts,
              const std::function<void(const PartCandidate&, std::string_view whose)>& each);

 private:
  struct Known {
    std::string_view id;
    const Detector* detector;
  };

  // They are read once, one after the other: what is written is soon read again.
  static constexpr std::size_t kMemory = std::size_t{2} << 20;
  SortedSpool spool_{kMemory};
  std::vector<Known> known_;  // ids met
};

}  // namespace tcpautopsy
