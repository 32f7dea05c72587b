// Findings that wait for those about hosts, to which they may belong, and for their incidents.
#pragma once

#include <string>
#include <vector>

#include "analyzer/analysis/part_of.h"
#include "analyzer/causes/cause_book.h"
#include "cli/options.h"

namespace tcpautopsy::cli {

// What decides is put behind the line while it waits, and taken away before it is printed.
class PendingParts {
 public:
  // `causes` knows the tickets' incidents by the time of tell().
  PendingParts(const Options& options, const CauseBook& causes) : options_(options), causes_(causes) {}

  // Behind a line about `finding` of this flow (none: of a host or the capture).
  std::string tail(const Finding& finding, const FlowTrace* flow, const CauseTicket& ticket,
                   TimeNs capture_start) const;
  // The capture, whose flows have been, is over.
  void settle(PartOf parts) { captures_.push_back(std::move(parts)); }
  struct Known {
    bool wanted = true;                     // still
    std::string_view whose;                 // the host finding it is part of, by its id; empty for none
    std::optional<std::uint64_t> incident;  // its number
  };
  // Takes the tail away and looks up what is known now.
  Known take(std::string& line) const;
  // The same, and tells the line in the format asked for. False: it is not wanted any more.
  bool tell(std::string& line) const;

 private:
  void tell_whose(std::string& line, std::string_view whose) const;
  void tell_incident(std::string& line, std::optional<std::uint64_t> incident) const;

  const Options& options_;
  const CauseBook& causes_;
  std::vector<PartOf> captures_;
};

}  // namespace tcpautopsy::cli
