// Reads all inputs through the analysis and hands on what was selected.
#pragma once

#include <functional>
#include <optional>

#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/capture_set.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/causes/part_candidates.h"
#include "analyzer/report/summary/summary.h"
#include "analyzer/report/text/names.h"
#include "cli/options.h"
#include "cli/read_progress.h"

namespace tcpautopsy::cli {

// What a flow's handler needs besides the flow.
struct FlowContext {
  Origin origin;
  TimeNs capture_start;                  // first record of the capture the flow is in
  std::optional<TimeNs> capture_end;     // once all of it was read
  std::span<const CauseTicket> tickets;  // CauseBook::note's, where `causes` is set
};

struct Handlers {
  std::function<void(const FlowResult&, const FlowContext&)> flow;      // each flow selected
  std::function<void(std::uint64_t flow)> left_out;                     // the number of each other flow
  std::function<void(CaptureOverview&, TimeNs capture_start)> capture;  // each capture, after its flows
  // The flows still to come of this capture come in order of their numbers.
  std::function<void()> in_order;
  // Each finding that was handed out with its flow and turns out to be part of one about a host; after the
  // flows, before `capture`.
  std::function<void(const PartCandidate&)> part;
  // Each frame with the flow it belongs to, if any; called while reading.
  std::function<void(const Frame&, std::uint32_t file, std::optional<std::uint64_t> flow)> frame;
  // Each segment with the flow it belongs to, once that is known.
  std::function<void(std::uint64_t flow, Side sender, const TcpSegment&, const FrameRef&)> segment;
  // Each place where a file could not be read on.
  std::function<void(const Damage&)> damage;
  // What is worked out only where it is told: sums over hosts and findings about them (`causes` and --fail-on
  // ask for them too), other tools' words for a flow.
  bool hosts = false, peer_words = false;
  bool keep_selected_whole = false;  // no segment of the flows named by number is folded
  // Where incidents are told: gathers all findings, selected or not, and is concluded when all is read.
  CauseBook* causes = nullptr;
};

class CaptureRun {
 public:
  // `options` must outlive the run.
  explicit CaptureRun(const Options& options);

  void run(const Handlers& handlers);

  std::uint64_t flows() const { return flows_; }             // all, selected or not
  TimeNs capture_end_ns() const { return capture_end_ns_; }  // of the last capture
  bool read_something() const { return read_; }
  // Exit status of contract.md, now that the command has done its work.
  int exit_status() const;
  // And where what was asked for was not found.
  int nothing_found() const;

 private:
  struct Group;

  CapturePlan whole_set() const;
  void run_group(const CaptureGroup& group, const Handlers& handlers);
  void read(Group& group, const Handlers& handlers);
  // From the frame at hand, the first of its capture, on.
  void take_one_by_one(Group& group, const Handlers& handlers, Frame& frame, std::uint32_t& file);
  void take_all(Group& group, const Frame& first, std::uint32_t first_file);
  void start(Group& group, const Handlers& handlers, TimeNs first_ns);
  void on_flow(Group& group, const Handlers& handlers, const FlowResult& flow);
  void finish(Group& group, const Handlers& handlers);
  void note(Group& group, const Handlers& handlers, const FlowResult& flow,
            std::span<const CauseTicket> tickets, bool flow_wanted);
  void note_host_findings(Group& group, const Handlers& handlers, CaptureOverview& capture);
  void settle_parts(Group& group, const Handlers& handlers, const PartOf& parts);
  void note_severity(Severity severity);
  void trouble(std::string_view message);
  void tell_stopped();

  const Options& options_;
  ReadProgress progress_;
  std::uint64_t flows_ = 0, packets_ = 0;
  std::uint64_t taken_before_ = 0;  // octets of the files of captures that were read
  TimeNs capture_end_ns_ = 0;
  bool read_ = false, damaged_ = false, failing_ = false;
  bool stopped_ = false;  // before all was read
};

}  // namespace tcpautopsy::cli
