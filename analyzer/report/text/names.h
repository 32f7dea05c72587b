// The contract's words for the two ends and for how a connection went.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "analyzer/decode/decoder.h"
#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// What a line of output needs besides the flow.
struct Origin {
  std::span<const std::string> files;  // names of the inputs, by FrameRef::file
  const Encapsulation& encapsulation;  // of the flow

  std::string_view file(const FrameRef& frame) const;
};

// A flow that is none: for findings about hosts and captures, and for CSV headers.
const Encapsulation& no_encapsulation();

// "client" or "server".
std::string_view endpoint_name(const FlowTrace& trace, Side side);
std::string_view close_name(const FlowHistory& history);
std::string_view closed_first_name(const FlowHistory& history);

}  // namespace tcpautopsy
