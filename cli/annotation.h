// What `annotate` and `extract --annotate` write beside packets: gathered in a pass over the captures of its
// own, handed out in another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/capture/sorted_spool.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/summary/summary.h"
#include "cli/capture_run.h"
#include "cli/options.h"
#include "cli/pending_parts.h"

namespace tcpautopsy::cli {

// Throws UsageError if an input can be read once only. `what` reads them twice: "annotate".
void need_second_pass(const Options& options, std::string_view what);

// Of the flows and findings that were selected. In bounded memory: comments wait on the disk, in order of
// packets. Throws std::system_error where that fails.
class Annotation {
 public:
  // `options` must outlive it.
  explicit Annotation(const Options& options);

  // What gathers, for one run; those that are set there already are called as well.
  void gather_by(Handlers& handlers);
  // To be called once, when all is gathered.
  void conclude();

  // The first screen of the report.
  std::string of_section() const;
  // Appends the comments of a packet; of each file to be asked in order of packets.
  void of_packet(std::uint32_t file, std::uint64_t frame, std::vector<std::string>& comments);
  // "frame 12 of a.pcap": where the packet was before it was copied.
  std::string place_text(std::uint32_t file, std::uint64_t frame) const;

 private:
  void note(const FlowResult& flow, const FlowContext& context);
  void note(const Finding& finding, const FlowTrace* flow, const CauseTicket& ticket, TimeNs capture_start);
  void put(const FrameRef& frame, std::string_view line);
  std::string comment_of(std::string line) const;

  const Options& options_;
  Summary summary_;
  CauseBook causes_;
  PendingParts pending_;
  std::vector<std::unique_ptr<SortedSpool>> of_files_;
};

}  // namespace tcpautopsy::cli
