// What several detectors ask of one flow, found out once, and only if one of them asks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/detect/close_facts.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

class AskedOfFlow {
 public:
  // `flow` must outlive it.
  explicit AskedOfFlow(const FlowHistory& flow);

  // At least one record, packets captured twice among them, has one of these TcpFlags.
  bool any(std::uint16_t flags) const { return (flags_ & flags) != 0; }
  bool any_copy() const { return any_copy_; }

  const FinFacts* fin(Side side) const;  // null without a FIN
  const std::vector<ResetFacts>& resets(Side side) const;

 private:
  const FlowHistory& flow_;
  std::uint16_t flags_ = 0;
  bool any_copy_ = false;
  mutable std::optional<PerSide<std::optional<FinFacts>>> fins_;
  mutable PerSide<std::optional<std::vector<ResetFacts>>> resets_;
};

}  // namespace tcpautopsy
