// Sorts segments into connections and their incarnations, and keeps of each what can matter.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "analyzer/flow/arrival.h"
#include "analyzer/flow/capture_facts.h"
#include "analyzer/flow/capture_pauses.h"
#include "analyzer/flow/endings.h"
#include "analyzer/flow/finished_flow.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/flow/live_flows.h"
#include "analyzer/flow/packet_copies.h"
#include "analyzer/flow/router.h"
#include "analyzer/flow/translated_copies.h"

namespace tcpautopsy {

struct FlowOptions {
  TimeNs time_wait = 60 * kSecond;  // a flow closed for so long is done
  // So is one of which only SYNs and SYN-ACKs were seen, and nothing for so long: hosts wait 120 s at most
  // before they send one again (Linux's TCP_RTO_MAX). Floods need it.
  TimeNs give_up = 200 * kSecond;
  std::size_t max_incarnations = 32;  // live at once of one 4-tuple, before the latest
  // Of memory that live flows may take, about; beyond, those silent for longest are over.
  std::size_t max_octets = std::numeric_limits<std::size_t>::max();
  std::size_t max_records = 4096;  // of one flow; later ones replace the middle, counted in records_left_out
  bool peer_words = true;          // what other tools call a flow is asked for
  bool long_way = false;         // no segment is followed in a shorter way for being plain: the same, slower
  std::uint64_t first_flow = 0;  // number of the first flow (several captures in one run)
  std::function<bool(std::uint64_t flow)>
      keep_all;                   // flows of which no segment is folded (for the ladder); may be empty
  std::size_t most_awake = 2048;  // flows kept ready for their next segment; the others are packed
  // Each segment with its payload once it is known whose it is; not those of which only a copy or an answer
  // to another incarnation was seen. May be empty.
  std::function<void(std::uint64_t flow, Side sender, const TcpSegment&, const FrameRef&)> on_segment;
};

// Feed segments in file order. `done` receives each flow once, when it is over (closed for time_wait,
// given up, followed by very many incarnations, silent while memory is short, or finish()), each incarnation
// before its successor. Neither callback may come back to the table.
//
// A segment's way: is it a copy (RecentPackets, CopiedPairs), whose is it (Router), to its flow (LiveFlows),
// and whether flows are over by then (Endings).
class FlowTable {
 public:
  using Done = std::function<void(FinishedFlow&&)>;

  FlowTable(FlowOptions options, Done done);
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // Returns the number of the flow that the segment belongs to.
  std::uint64_t add(const TcpSegment& segment, const FrameRef& frame);
  // Returns the flow's number, or no value if the quoted segment belongs to none.
  std::optional<std::uint64_t> add(const IcmpError& error, const FrameRef& frame);

  // What is known by now of the live flow `number` that the segment was added to, without transfer facts;
  // none if it is over, or if it is not told yet whose the segment is.
  std::optional<FlowTrace> so_far(const TcpSegment& segment, std::uint64_t number);
  // The same of the flow that the error was added to.
  std::optional<FlowTrace> so_far(const IcmpError& error, std::uint64_t number);

  // Ends all flows, in order of their numbers.
  void finish();

  // Those of a flow that was handed out count among the capture's.
  void count_copies(const CopiesLeftOut& copies);
  // Of copies, as far as they were counted.
  CaptureFacts facts() const;

 private:
  using Id = LiveFlows::Id;
  enum class Why : std::uint8_t { Over, Bound };

  Id quoted_by(const IcmpError& error);
  std::optional<FlowTrace> so_far(Id latest, std::uint64_t number);
  void pass_time(TimeNs now_ns);
  bool is_copy(const RecentPackets::Seen& seen, const LiveFlow& flow) const;
  CopiedPairs::Pair enter_pair(const TcpSegment& copy, LiveFlow& flow);  // of its first copy
  void count(const Arrival& arrival, CopiedPairs::Pair pair);            // which is no copy itself
  Id of_original(const Arrival& a, std::uint32_t encapsulation);
  std::uint64_t sort(Arrival& arrival);
  std::uint64_t add_first(const Arrival& arrival);
  bool begins_unseen(const Arrival& arrival, LiveFlow& before) const;
  std::uint64_t add_while_pending(const Arrival& arrival, Id opened);
  void undo_pending(Id opened);
  void open_pending(Id opened);
  std::uint64_t deliver(const Arrival& arrival, const Router::Route& to);
  void bound_incarnations(Id latest);
  void bound_octets();
  void weigh(Id flow);
  std::uint64_t hand_out(Id flow, Why why = Why::Over);
  void hand_out_asleep(Id flow, Why why);
  std::optional<TimeNs> pause_after(Id flow) const;

  FlowOptions options_;
  Done done_;
  LiveFlows flows_;
  Router router_;
  Endings endings_;
  RecentPackets recent_;
  CopiedPairs pairs_;
  CapturePauses pauses_;
  TranslatedCopies translated_;
  std::uint64_t copies_dropped_ = 0;
  std::uint64_t incarnations_ended_ = 0, ended_for_memory_ = 0;
  std::size_t bound_again_ = 0;  // octets from which on connections are ended early again
  FrameRef first_copy_;
  bool began_one_ = false;  // the last segment was a connection's first
  std::optional<TimeNs> last_time_ns_;
};

}  // namespace tcpautopsy
