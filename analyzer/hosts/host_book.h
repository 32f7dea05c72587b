// What the connections of a capture, or of many, add up to for each host and service.
#pragma once

#include <span>
#include <string_view>

#include "analyzer/hosts/attempts.h"
#include "analyzer/hosts/census.h"
#include "analyzer/hosts/exchanges.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// A finding about the flow itself, made before its hosts are judged.
struct FlowMark {
  std::string_view id;
  TimeNs time_ns = 0;
};

// Each part has `note(flow, marks)` and `merge(part)`. What is kept is bounded or grows with the number of
// hosts and services, never with time; parts of a capture, split by flow in any way and merged in any order,
// give what the whole gives, to the bit.
class HostBook {
 public:
  void note(const FlowHistory& flow, std::span<const FlowMark> marks);
  void merge(const HostBook& part);

  const Census& census() const { return census_; }           // states over time
  const Attempts& attempts() const { return attempts_; }     // connections tried, and what became of them
  const Exchanges& exchanges() const { return exchanges_; }  // what was carried, how fast, how often again

 private:
  Census census_;
  Attempts attempts_;
  Exchanges exchanges_;
};

}  // namespace tcpautopsy
