// What several detectors ask of one flow, found out once, and only if one of them asks.
#pragma once

#include <optional>

#include "analyzer/detect/open_facts.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

class AskedOfFlow {
 public:
  // `flow` must outlive it.
  explicit AskedOfFlow(const FlowHistory& flow);

  // As open_facts.h says.
  bool opened_plainly() const { return opened_plainly_; }
  // Two different ends were captured, and the opening was not plain.
  bool opened_oddly() const;
  const OpenFacts& opening() const;

 private:
  const FlowHistory& flow_;
  bool opened_plainly_;
  mutable std::optional<OpenFacts> opening_;
};

}  // namespace tcpautopsy
