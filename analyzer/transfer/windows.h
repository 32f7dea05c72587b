// Receive windows: closed, full, silly, and not kept to.
#pragma once

#include <memory>
#include <optional>

#include "analyzer/transfer/placed_segment.h"
#include "analyzer/transfer/sender_view.h"
#include "analyzer/transfer/views.h"
#include "analyzer/transfer/window_limit.h"
#include "analyzer/transfer/window_results.h"
#include "analyzer/transfer/zero_window.h"

namespace tcpautopsy {

struct TransferResults;

class Windows {
 public:
  void add(const PlacedSegment& segment, const Views& views);
  void finish(const PerSide<SenderView>& views, TimeNs last_ns, TransferResults& facts);

 private:
  // Steps of the right edge that are smaller than a receiver should make them.
  struct Silly {
    Incidents steps;
    std::uint64_t filled = 0;  // by small segments of the peer
    std::uint32_t smallest = 0;
  };
  // Data that its sender put past the edge.
  struct Beyond {
    Incidents segments;
    std::uint64_t octets = 0, refused = 0, taken = 0;
    StreamOffset begin = 0, edge = 0;  // of the latest, as long as no ACK has told what became of it
    TimeNs sent_ns = 0;
    bool undecided = false;

    void heard(const PlacedSegment& ack);
  };
  // Most connections need none of these.
  struct Rare {
    ZeroWindow zero;
    Silly silly;
    Beyond beyond;             // of what the peer sends into this window
    Incidents unscaled_stops;  // of the peer at the edge that the window would have without its scale
  };
  // Of the window that one end advertises.
  struct Advertised {
    std::unique_ptr<Rare> rare;
    std::unique_ptr<WindowLimit> limit;
    std::uint64_t peer_bytes = 0;
    std::uint32_t largest = 0;

    Rare& odd();
  };

  void acknowledged(const PlacedSegment& segment, const SenderView& peer, Advertised& window);
  void sent(const PlacedSegment& segment, Advertised& window, const Views& views);
  static void step(const PlacedSegment& segment, const SenderView& peer, Advertised& window);
  static void beyond(const PlacedSegment& segment, const SenderView& own, Advertised& window);

  PerSide<Advertised> windows_;
  PerSide<FrameRef> last_data_;  // of each end
  bool gaps_ = false;            // the capture lacks segments
};

}  // namespace tcpautopsy
