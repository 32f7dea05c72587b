// Which finding explains which: the one table, a row a reason.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.h"

namespace tcpautopsy {

// How near a symptom must be to its cause.
enum class Reach : std::uint8_t {
  Flow,            // both of one connection
  FlowLater,       // the same, and the symptom begins no earlier than the cause
  SameEnd,         // the same connection and endpoint
  SameEndCertain,  // the same, where the cause is certain
  Service,         // at the same address and port, within kNear of each other
  ServiceBy,       // the same, and the symptom names the service's own end (a server that reset, say)
  HeldPort,        // the same, and the symptom tells of a port that the cause's connection still holds
  Host,            // at the same host, whatever the symptom's port, within kNear
  Client,          // of one client alone, which is the host that the cause is about, within kNear
  Visitor,         // about the host that is the cause's only client, within kNear
};
constexpr TimeNs kNear = kEpisodeGap;
constexpr bool within_flow(Reach reach) { return reach <= Reach::SameEndCertain; }

struct Relation {
  std::string_view cause;
  std::vector<std::string_view> symptoms;
  Reach reach = Reach::Flow;
  std::string_view reason;
};

// Never in a circle: what explains a finding is not explained by it, not through others either.
std::span<const Relation> relations();

// The rows that could explain a finding `id`, in the table's order: of two that hold the first counts.
std::span<const Relation* const> relations_to(std::string_view id);

// Whether a row that is within_flow holds between two findings of one connection.
bool holds(const Relation& relation, const Finding& cause, const Finding& symptom);

}  // namespace tcpautopsy
