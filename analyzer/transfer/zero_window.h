// The episodes of a closed window, as one end advertises it and its peer meets it.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/probe_kind.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/window_results.h"

namespace tcpautopsy {

// A window may close because the receiver's buffer is full of all that there was to send: such an episode
// holds nobody up. It did where the sender probes, or goes on as soon as the window opens, or is still
// waiting at the edge when the capture ends.
class ZeroWindow {
 public:
  // A segment with ACK of the advertiser; `peer` is the view of the other end. Only called where the window
  // is 0 or was 0 before.
  void advertised(const PlacedSegment& segment, const SenderView& peer);
  // Any other segment of the advertiser.
  void heard(const PlacedSegment& segment);
  // A segment of the peer, whose view is `own`.
  void met(const PlacedSegment& segment, const SenderView& own, ProbeKind kind);
  // A RST of the peer, or of the advertiser.
  void reset(const FrameRef& frame, bool by_peer);
  void finish(const SenderView& peer, TimeNs last_ns, WindowResults& advertiser, WindowResults& prober);

 private:
  // Opened: whether the peer goes on is not known; Unheard: it goes on probing.
  enum class Phase : std::uint8_t { Open, Closed, Opened, Unheard };

  void close(const PlacedSegment& segment, const SenderView& peer);
  void open(const FrameRef& frame);
  void stalled(TimeNs until_ns);
  void probes_on(const PlacedSegment& probe);
  void heard_open(TimeNs until_ns);
  // To where the episode was seen: `now`, unless the capture paused.
  TimeNs seen_until(TimeNs now) const;

  Incidents all_, stalls_, probes_, unheard_;
  FrameRef closed_by_, opened_by_, first_probe_, last_unanswered_;
  std::uint64_t segments_ = 0, unanswered_ = 0, probed_stalls_ = 0, resumed_stalls_ = 0;
  TimeNs last_step_ns_ = 0;
  TimeNs last_ns_ = 0;  // of either end
  std::optional<FrameRef> given_up_by_;
  Phase phase_ = Phase::Open;
  bool at_edge_ = false;          // the peer had filled the window when it closed
  bool closed_by_syn_ = false;    // a proxy that has no server yet: nothing is there that reads too slowly
  bool probed_ = false;           // in this episode
  bool advertiser_sent_ = false;  // data since the window opened: the peer may answer those
};

}  // namespace tcpautopsy
