// One capture from frames to conclusions: decode, flow, infer, detect in one pass.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/analysis/bounds.h"
#include "analyzer/capture/frame.h"
#include "analyzer/decode/decoder.h"
#include "analyzer/detect/detector.h"
#include "analyzer/flow/capture_facts.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/hosts/host_book.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/profile.h"

namespace tcpautopsy {

struct AnalysisOptions {
  Profile profile;
  std::optional<TimeNs> capture_end_ns;  // --capture-end; else set_capture_end(), else the last record's time
  std::function<bool(std::uint64_t flow)> keep_all;  // flows whose ladder will be drawn
  std::uint64_t first_flow = 0;                      // number of the first flow (several captures in one run)
  // Each segment of a flow with its payload, as FlowOptions has it; may be empty.
  std::function<void(std::uint64_t flow, Side sender, const TcpSegment&, const FrameRef&)> on_segment;
  Thresholds thresholds;
  Bounds bounds;
  // What is left out where nobody asks for it: sums over hosts with the findings about them, and other tools'
  // words for a flow.
  bool hosts = true, peer_words = true;
  // That work on it, the caller's among them, beside one that reads ahead where there are several; what is
  // told is the same for all.
  unsigned threads = 1;
  // What stands for an address in all that is told, one to one and of the same version of IP; may be empty.
  std::function<IpAddress(const IpAddress&)> stands_for;
};

// The next frame of a capture and the rank of its file among the inputs; false at the end.
using NextFrame = std::function<bool(Frame&, std::uint32_t& file)>;

// One connection, concluded.
struct FlowResult {
  FlowHistory history;
  Findings findings;
};

// Not thread-safe; many may run side by side. Flows are handed out when they are over, in no particular order
// of numbers, on the thread that feeds it. A result is the analysis's own, which uses its memory again: copy
// what shall outlast the call, and feed no packets during it.
class Analysis {
 public:
  using OnFlow = std::function<void(const FlowResult&)>;

  Analysis(AnalysisOptions options, OnFlow on_flow);
  ~Analysis();

  // Frames of one capture in order; `file` is the file's rank among the inputs. Returns the number of the
  // flow the frame belongs to, if any.
  std::optional<std::uint64_t> add(const Frame& frame, std::uint32_t file);

  // All frames that `next` gives. With several threads, and where nobody asks for payloads, they are read and
  // decoded on one more: `next` is called there. `after` is called on the caller's once each was taken; false
  // ends it before. Throws what `next` does, once all before was taken.
  void add_all(const NextFrame& next, const std::function<bool()>& after);

  // The same for what another decoder took out of a frame; the encapsulation is by the caller's own table.
  std::uint64_t add(const TcpSegment& segment, const FrameRef& frame);
  std::optional<std::uint64_t> add(const IcmpError& error, const FrameRef& frame);
  // A frame of any protocol was captured then: contract.md's capture end goes by it.
  void note_time(TimeNs time_ns);

  // What the packets so far tell of the live flow `number` that the segment just went to, as though the
  // capture ended here; later packets may revise all of it. Without facts about the transfer. None where it
  // is not told yet whose the segment is. Hands out what is over, as settle() does.
  std::optional<FlowResult> so_far(const TcpSegment& segment, std::uint64_t number);
  std::optional<FlowResult> so_far(const IcmpError& error, std::uint64_t number);

  // Hands out the flows that are over by now. With several threads they are handed out some time after.
  void settle();
  // A later end than the last record (a pcapng statistics block), before finish(). What was over before goes
  // by the end known then: settle() first.
  void set_capture_end(TimeNs end_ns);
  // Flows that are not over yet are handed out in order of their numbers.
  void finish();

  TimeNs capture_end_ns() const;
  const Findings& capture_findings() const;                       // scopes C and H, complete after finish()
  const HostBook& hosts() const;                                  // complete after finish()
  HostBook release_hosts();                                       // the same, for good
  const Encapsulation& encapsulation(std::uint32_t index) const;  // of a flow or segment
  const DecodeCounts& decoded() const;                            // not while add_all() is at work
  CaptureFacts facts() const;
  std::vector<LimitMet> limits() const;  // complete after finish()

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tcpautopsy
