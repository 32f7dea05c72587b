/// @file
/// Opens captures and analyses them: the way in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tcpautopsy/error.h"
#include "tcpautopsy/finding.h"
#include "tcpautopsy/flow.h"
#include "tcpautopsy/incident.h"
#include "tcpautopsy/stream.h"

namespace tcpautopsy::v1 {

/// What is read, and by which numbers it is judged.
struct Options {
  std::vector<std::string>
      captures;        ///< pcap, pcapng or snoop, compressed or not; "ARCHIVE!MEMBER"; "-": standard input
  std::string filter;  ///< a pcap-filter(7) expression; empty for all packets
  bool merge = false;  ///< captures that overlap in time are one
  std::string profile = "linux";  ///< how hosts behave by the clock: linux, rfc9293, windows or bsd
  /// Numbers that are not the profile's: "time_wait", "syn_retries" ...; times in nanoseconds, counts as they
  /// are; 0 or more.
  std::map<std::string, std::int64_t> profile_numbers;
  std::map<std::string, double> thresholds;  ///< "syn_flood.min_half_open"; 0 or more, finite
  /// How much of a capture is kept at once, by the names of the options --max-NAME, with their ranges and
  /// usual values: "memory" (octets for each capture; no bound unless it is here), "records", "incarnations",
  /// "fragments", "encapsulations".
  std::map<std::string, std::uint64_t> limits;
  std::optional<std::int64_t>
      capture_end_ns;  ///< if captures lasted longer than their last packets tell; from 1970 on
};

/// A detector of one's own.
struct Detector {
  std::string id;  ///< none of the analyser's own; lower case, digits and "_"
  /// Called with each flow once it is over; findings that it appends get this id, scope and flow. They are
  /// told with the flow, and belong to no incident.
  std::function<void(const Flow& flow, std::vector<Finding>& findings)> examine;
};

/// A limit on what is kept, which was met. What is told holds within it.
struct LimitMet {
  std::string name;  ///< of Options::limits, or of one that cannot be moved: "tunnels"; contract.md has all
  std::uint64_t count = 0;  ///< how often, over all captures; what is counted is told by `text`
  std::string text;         ///< count and what it is: "3 connections ended early, as ..."
};

/// What is known once all is read.
struct Result {
  std::uint64_t packets = 0;          ///< that passed the filter
  std::uint64_t flows = 0;            ///< connections, each incarnation one
  std::vector<Finding> findings;      ///< of hosts and captures; those of flows were told with them
  std::vector<Incident> incidents;    ///< worst first
  std::vector<std::string> problems;  ///< a sentence for each input that could not be read, or not to its end
  std::vector<LimitMet> limits_met;   ///< none where all was kept
  std::int64_t capture_end_ns = 0;    ///< of the last capture
  bool stopped = false;               ///< on_progress ended it: of what was read until then
};

/// One run over captures. Its memory hangs on what is live in them, not on their length.
///
/// Threads: an object is used by one thread at a time, callbacks are called by the thread in run(), and any
/// number of objects may run side by side. Callbacks may throw: run() ends with what they threw.
class TCPAUTOPSY_API Analysis {
 public:
  /// Checks the options. Throws Error of kind Option; no file is opened.
  explicit Analysis(Options options);
  ~Analysis();
  /// What is moved from can be destroyed and assigned to.
  Analysis(Analysis&&) noexcept;
  /// The same.
  Analysis& operator=(Analysis&&) noexcept;

  /// Called with each flow when it is over, in no order of numbers.
  void on_flow(std::function<void(const Flow& flow)> callback);
  /// Called every 4096 packets with how many were read; false ends reading, and what was read counts as all.
  void on_progress(std::function<bool(std::uint64_t packets)> callback);
  /// Asked of each flow, in the order they were added. Throws Error of kind Option where the id will not do.
  void add_detector(Detector detector);
  /// Takes the bytes of connections; it must outlive run(). Null for none.
  void set_stream_reader(StreamReader* reader);

  /// Reads all captures, once: a second call throws std::logic_error. Throws Error of kind Input where
  /// nothing could be read, and std::system_error where a temporary file fails.
  Result run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tcpautopsy::v1
