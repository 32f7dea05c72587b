// What is reported: one finding, with the frames that prove it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "analyzer/decode/address.h"
#include "analyzer/seq/frame_ref.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

enum class Severity : std::uint8_t { Info, Note, Warning, Error };
enum class Scope : std::uint8_t { Flow, Host, Capture };
enum class Certainty : std::uint8_t { Possible, Likely, Certain };
std::string_view name(Severity severity);
std::string_view name(Scope scope);
std::string_view name(Certainty certainty);

// Of findings about hosts, and of incidents: times nearer to each other than this are one (findings.md).
constexpr TimeNs kEpisodeGap = 60 * kSecond;

using EvidenceValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

struct Finding {
  std::string_view id;
  Severity severity = Severity::Note;
  Scope scope = Scope::Flow;
  Certainty certainty = Certainty::Certain;
  std::optional<std::uint64_t> flow;
  std::optional<Side> side;           // the endpoint whose action or state it names; none where both
  std::optional<IpAddress> host;      // scope H
  std::optional<std::uint16_t> port;  // scope H, about one service
  TimeNs time_ns = 0, end_ns = 0;     // first and last time
  std::uint64_t count = 1;
  std::vector<FrameRef> frames;       // in order; output keeps the first and last 32
  std::uint64_t frames_left_out = 0;  // between them, of which only the number was kept
  std::string summary;                // one plain sentence with the numbers in it
  // Names are literals in snake_case with unit: "wait_ns".
  std::vector<std::pair<std::string_view, EvidenceValue>> evidence;
  std::string part_of;                      // id of the host finding it belongs to, or empty
  std::uint64_t flows = 0;                  // scope H: how many connections it is about
  std::vector<std::uint64_t> sample_flows;  // some of their numbers, at most 20
};

}  // namespace tcpautopsy
