// Sorts segments into connections and their incarnations, and keeps of each what can matter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_trace.h"

namespace tcpautopsy {

struct FlowOptions {
  TimeNs time_wait = 60 * kSecond;  // a flow closed for so long is done
  // So is one of which only SYNs and SYN-ACKs were seen, and nothing for so long: hosts wait 120 s at most
  // before they send one again (Linux's TCP_RTO_MAX). Floods need it.
  TimeNs give_up = 200 * kSecond;
  std::size_t max_records = 4096;  // of one flow; later ones replace the middle, counted in records_left_out
  std::uint64_t first_flow = 0;    // number of the first flow (several captures in one run)
  std::function<bool(std::uint64_t flow)>
      keep_all;                   // flows of which no segment is folded (for the ladder); may be empty
  std::size_t most_awake = 2048;  // flows kept ready for their next segment; the others are packed
  // Each segment with its payload once it is known whose it is; not those of which only a copy or an answer
  // to another incarnation was seen. May be empty.
  std::function<void(std::uint64_t flow, Side sender, const TcpSegment&, const FrameRef&)> on_segment;
};

// What the table found about the capture as a whole.
struct CaptureFacts {
  std::uint64_t flows = 0;
  std::uint64_t copies_dropped =
      0;                           // packets captured twice (SPAN, "any" device) and left out of the analysis
  std::uint64_t copied_pairs = 0;  // host pairs or interfaces of which most packets were captured twice
  FrameRef first_copy;             // number 0: none
  std::uint64_t halves_joined = 0;  // one-sided flows joined although VLAN or tunnel differ
};

// Feed segments in file order. `done` receives each flow once, when it is over (closed for time_wait,
// given up, or finish()), each incarnation before its successor.
class FlowTable {
 public:
  using Done = std::function<void(EndedFlow&&)>;

  FlowTable(FlowOptions options, Done done);
  ~FlowTable();
  FlowTable(FlowTable&&) noexcept;

  // Returns the number of the flow that the segment belongs to.
  std::uint64_t add(const TcpSegment& segment, const FrameRef& frame);
  // Returns the flow's number, or no value if the quoted segment belongs to none.
  std::optional<std::uint64_t> add(const IcmpError& error, const FrameRef& frame);

  // What is known by now of the live flow `number` that the segment was added to, without transfer facts;
  // none if it is over, or if it is not told yet whose the segment is.
  std::optional<FlowTrace> so_far(const TcpSegment& segment, std::uint64_t number);

  // Ends all flows, in order of their numbers.
  void finish();

  const CaptureFacts& facts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tcpautopsy
