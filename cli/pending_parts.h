// Findings about flows that wait for those about hosts, to which they may belong.
#pragma once

#include <string>
#include <vector>

#include "analyzer/analysis/part_of.h"
#include "cli/options.h"

namespace tcpautopsy::cli {

// What decides is put behind the line while it waits, and taken away before it is printed.
class PendingParts {
 public:
  explicit PendingParts(const Options& options) : options_(options) {}

  // Behind a line about `finding` of this flow (none: of a host or the capture).
  std::string tail(const Finding& finding, const FlowTrace* flow, TimeNs capture_start) const;
  // The capture, whose flows have been, is over.
  void settle(PartOf parts) { captures_.push_back(std::move(parts)); }
  // Takes the tail away and tells the line whose part it is, if any. False: it is not wanted any more.
  bool tell(std::string& line) const;

 private:
  const Options& options_;
  std::vector<PartOf> captures_;
};

}  // namespace tcpautopsy::cli
