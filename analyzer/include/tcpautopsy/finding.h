/// @file
/// What went wrong, with the frames that prove it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tcpautopsy/types.h"

namespace tcpautopsy::v1 {

/// A named fact that a finding rests on; times are nanoseconds, and their names end in "_ns".
using EvidenceValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

/// One finding; `tcpautopsy explain ID` tells what each of the analyser's own means.
struct Finding {
  std::string id;  ///< "zero_window_stuck"
  Severity severity =
      Severity::Note;  ///< of the flow alone; as part of what a host met it counts as info in incidents
  Scope scope = Scope::Flow;                 ///< what it is about
  Certainty certainty = Certainty::Certain;  ///< how sure it is
  std::optional<std::uint64_t> flow;         ///< number of the flow; none for hosts and captures
  std::optional<Endpoint> endpoint;   ///< whose action or state it names; none where both, and for hosts
  std::optional<std::string> host;    ///< address, for scope Host
  std::optional<std::uint16_t> port;  ///< of the service, for scope Host where it is about one
  std::int64_t time_ns = 0;           ///< the first moment it tells of
  std::int64_t end_ns = 0;            ///< the last; not before `time_ns`
  std::uint64_t count = 1;            ///< how often
  std::vector<Frame> frames;          ///< proof, in order of time; of many some
  std::uint64_t frames_left_out = 0;  ///< of which only the number was kept
  std::string summary;                ///< one sentence with the numbers in it
  std::vector<std::pair<std::string, EvidenceValue>> evidence;  ///< by name, each once
  std::vector<std::uint64_t> sample_flows;                      ///< for scope Host, at most 20
};

}  // namespace tcpautopsy::v1
