// What all connections did over time, in a bounded number of equal spans that widen with the capture.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/infer/flow_history.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/ladder/packet_book.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy {

class Timeline {
 public:
  // A segment with its octets on the wire.
  void segment(TimeNs time_ns, std::uint64_t octets, bool resent);
  // The same where that is not known, as `followed` connections and no more are followed at a time.
  void segment_unfollowed(TimeNs time_ns, std::uint64_t octets, std::uint64_t followed);
  // From its first packet to its end, by what is known of its states; `end_ns`: of the capture.
  void flow(const FlowHistory& history, TimeNs end_ns);

  // What the spans hold, in at most `most` columns of equal length; the last may end after the capture.
  struct Columns {
    TimeNs from_ns = 0, step_ns = 0;
    std::vector<std::uint64_t> octets, resent, established;  // on the wire; segments; most at once
  };
  Columns columns(std::size_t most) const;
  // Segments of which nothing is known, and the number of connections that were followed.
  std::uint64_t unfollowed() const { return unfollowed_; }
  std::uint64_t followed() const { return followed_; }

  // One object: "from_us", "step_us", and a number a span: "octets", "packets", "resent", and under "phases"
  // the connections in each phase, each connection once, in the last one that it had in that span.
  void write(JsonWriter& out) const;

 private:
  static constexpr std::size_t kMostSpans = 600;
  static constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::Closed);  // Closed is not counted

  struct Span {
    std::uint64_t octets = 0, packets = 0, resent = 0;
    // Connections that came to a phase, that went on to the next one, and that ended in it.
    std::array<std::uint64_t, kPhases> begun{}, left{}, over{};
  };

  Span& at(TimeNs time_ns);
  void widen();
  void phase(Phase which, TimeNs from_ns, TimeNs until_ns, std::optional<Phase> next);

  std::optional<TimeNs> from_ns_;
  TimeNs step_ns_ = kMillisecond;
  std::vector<Span> spans_;
  std::uint64_t unfollowed_ = 0, followed_ = 0;
};

}  // namespace tcpautopsy
