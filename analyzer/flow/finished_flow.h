// A connection that is over, before anything is made of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "analyzer/flow/flow_key.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/flow_tracker.h"
#include "analyzer/flow/lone_syns.h"
#include "analyzer/flow/segment_journal.h"

namespace tcpautopsy {

// Holds all that its facts follow from, so that they may be worked out later, in any order and on any thread:
// the tracker that followed it, or the journal of its segments.
struct FinishedFlow {
  FlowKey key;
  std::uint64_t number = 0;
  std::uint32_t incarnation = 0;
  bool a_is_low = false;
  bool ended_early = false;          // as FlowFacts has it
  std::optional<TimeNs> paused_ns;   // as FlowFacts has it
  std::optional<TranslatedLeg> leg;  // as FlowFacts has it
  bool captured_twice = false;       // most packets of its hosts were: copies are the capture's
  FlowTracker::Limits limits{};
  std::optional<Successor> successor;
  std::optional<std::uint64_t> next;  // number of the flow that is its next incarnation, where `successor` is
  std::unique_ptr<FlowTracker> tracker;
  Bytes journal;  // where there is no tracker; the table's own until Done returns
  TimeNs epoch = 0;

  // Who it is, and by what it was followed.
  void identify(FlowTrace& trace) const;
  // What serves one flow after the other, on one thread.
  struct Workbench {
    std::optional<FlowTracker> tracker;  // where one is made of a journal
    LoneSyns lone_syns;
  };
  // To be called once.
  EndedFlow end(Workbench& bench);
  EndedFlow end();
};

}  // namespace tcpautopsy
