// Findings about flows whose gravity is not known before those about hosts: as part of one they are info.
#pragma once

#include <functional>
#include <string_view>

#include "analyzer/analysis/part_of.h"
#include "cli/sorted_spool.h"

namespace tcpautopsy::cli {

struct PartCandidate {
  FlowPlace flow;
  const Detector* detector = nullptr;
  Severity severity = Severity::Info;
  bool wanted_as_part = false;  // chosen by the user's selection even then
};

// Those of one capture, in bounded memory.
class PartCandidates {
 public:
  void add(const PartCandidate& candidate);
  // Hands out each with the id of the host finding it is part of, empty for none; once.
  void settle(const PartOf& parts,
              const std::function<void(const PartCandidate&, std::string_view whose)>& each);

 private:
  SortedSpool spool_;
};

}  // namespace tcpautopsy::cli
