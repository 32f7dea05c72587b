#include "analyzer/detect/asked_of_flow.h"

namespace tcpautopsy {

AskedOfFlow::AskedOfFlow(const FlowHistory& flow) : flow_(flow) {
  for (const SegmentRecord& record : flow.records()) {
    flags_ |= record.flags;
    any_copy_ = any_copy_ || record.copy;
  }
}

const FinFacts* AskedOfFlow::fin(Side side) const {
  if (!any(kFin)) return nullptr;
  if (!fins_) fins_ = {fin_of(flow_, Side::A), fin_of(flow_, Side::B)};
  const auto& fin = (*fins_)[index(side)];
  return fin ? &*fin : nullptr;
}

const std::vector<ResetFacts>& AskedOfFlow::resets(Side side) const {
  auto& resets = resets_[index(side)];
  if (!resets) resets = any(kRst) ? resets_of(flow_, side) : std::vector<ResetFacts>();
  return *resets;
}

}  // namespace tcpautopsy
