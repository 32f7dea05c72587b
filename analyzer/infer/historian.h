// From the facts of a connection to its history: the forward and the backward pass of method.md.
#pragma once

#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/known_courses.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/profile.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

enum class CaptureLoss : std::uint8_t {
  OnEvidence,  // suppose that the capture missed segments only where numbers show it or nothing else explains
               // what was seen
  Granted,     // suppose at every step that it may have: beliefs are wider, and hold whatever was missed
};

// Pure: the same trace gives the same history. `capture_end_ns` is contract.md's capture end; later
// records move it. Linear in the records but for resends of one thing, which are compared with each other.
FlowHistory infer_history(EndedFlow flow, const Profile& profile, TimeNs capture_end_ns,
                          CaptureLoss loss = CaptureLoss::OnEvidence,
                          std::shared_ptr<const PreviousIncarnation> previous = {});

// The same for one flow after the other: what it needs of memory stays for the next. Not thread-safe.
class Historian {
 public:
  // `previous`: what is known of the incarnation before, if there was one.
  FlowHistory conclude(EndedFlow&& flow, std::shared_ptr<const PreviousIncarnation> previous,
                       const Profile& profile, TimeNs capture_end_ns,
                       CaptureLoss loss = CaptureLoss::OnEvidence);
  // The memory of a history that nobody needs any more is used for the next.
  void reuse(FlowHistory&& history);
  // Ends whose history was that of one that looked alike.
  std::uint64_t told_from_known() const { return courses_.told(); }

 private:
  void follow(FlowHistory& history, Side side, bool may_miss, TimeNs until_ns);

  Observations observations_;
  TrellisBuilder trellises_;
  KnownCourses courses_;
  std::vector<Belief> beliefs_;
  std::vector<Delivery> deliveries_;
  std::vector<Transition> transitions_;
  PerSide<std::vector<TcpState>> final_possible_;
};

}  // namespace tcpautopsy
