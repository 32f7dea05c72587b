/// @file
/// One cause with what follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tcpautopsy/types.h"

namespace tcpautopsy::v1 {

/// Findings that share a cause, over all connections and captures of a run.
struct Incident {
  Severity severity = Severity::Note;        ///< the gravest of its findings
  Certainty certainty = Certainty::Certain;  ///< of the cause
  std::string cause;                         ///< id of the finding that explains the others
  std::string verdict;                       ///< one sentence: what is wrong, where, and what it cost
  std::string where;                         ///< who has to act: "server_application", "network"
  std::optional<Address> service;            ///< none where it is about a host, or many services
  std::optional<std::string> host;           ///< address
  std::int64_t first_ns = 0;                 ///< of its findings
  std::int64_t last_ns = 0;                  ///< of its findings
  std::uint64_t flows = 0;                   ///< connections met by it
  std::vector<std::uint64_t> sample_flows;   ///< at most 20, the most telling first
  std::vector<std::pair<std::string, std::uint64_t>> findings;  ///< ids and how many, by id
  std::uint64_t connections_failed = 0;                         ///< tried, and never opened
  std::uint64_t connections_reset = 0;                          ///< ended by RST
  std::int64_t time_lost_ns = 0;                                ///< of all connections together
  std::string remedy;                                           ///< one line
};

}  // namespace tcpautopsy::v1
