#include "analyzer/transfer/sender_view.h"

#include <algorithm>

namespace tcpautopsy {

void UnscaledEdges::sent(StreamOffset data_end) {
  at_edge = false;
  if (offers == 0) return;
  const auto known =
      latest.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(offers, latest.size()));
  at_edge = std::find(latest.begin(), known, data_end) != known;
  if (at_edge) {
    ++stops;
  } else if (data_end > *std::max_element(latest.begin(), known)) {
    ++beyond;
  }
}

void SenderView::sent(const PlacedSegment& s) {
  heard_ns = s.time_ns();
  if (s.has(kRst) || s.length == 0) return;
  const bool beyond = !started || s.end() > snd_nxt;
  if (beyond && s.has_data()) {
    unscaled.sent(s.data_end());
    // What was sent had been offered, so the scale is one that allows it (RFC 7323 2.2: 14 at most).
    while (!edge_known && window_sent > 0 && least_shift < 14 && s.data_end() > least_edge) {
      ++least_shift;
      least_edge = snd_una + (StreamOffset{window_sent} << least_shift);
    }
  }
  if (beyond) {
    snd_nxt = s.end();
    // The octet of a keep-alive is no new one, though the capture begins with it.
    new_seq = s.standing.keepalive ? s.end() : s.seq + (s.has(kSyn) ? 1 : 0);
    new_ns = s.time_ns();
  }
  sent_ns = s.time_ns();
  started = true;
  if (s.has(kFin)) fin_in_doubt = s.standing.acks_unseen;
  fin_sent = fin_sent || s.has(kFin);
  if (s.has_data()) ++data_segments;
  largest = std::max(largest, s.segment.payload_length);
}

void SenderView::probed(TimeNs time_ns) {
  probe_step_ns = time_ns - std::max(probed_ns, closed_ns);
  probed_ns = time_ns;
}

void SenderView::heard(const PlacedSegment& s) {
  if (s.has(kSyn) && s.segment.options.has_mss) smss = s.segment.options.mss;
  if (s.has(kSyn)) window_of_syn = s.segment.window;
  if (!s.has(kAck) || s.has(kRst)) {
    // A SYN without ACK offers its window from the first octet on (RFC 9293 3.10.7.4).
    return;
  }
  const bool moves = !acked || s.ack > snd_una;
  if (moves) {
    snd_una = s.ack;
    acked_ns = s.time_ns();
    acked = true;
  }
  // RFC 9293 3.10.7.4, SND.WL2: an older ACK does not change the window.
  if (s.ack < snd_una) return;
  if (s.segment.window == 0) {
    if (!closed) {
      closed_ns = s.time_ns();
      stopped = stopped_at(s.ack);
    }
    closed_edge = s.ack;
    closed = ever_closed = true;
  } else if (closed) {
    closed = false;
    opened_ns = s.time_ns();
  }
  if (!s.has(kSyn)) {
    window_sent = s.segment.window;
    if (unscaled.offers == 0) window_first = window_sent;
    least_edge = std::max(least_edge, s.ack + (StreamOffset{window_sent} << least_shift));
    if (window_sent > 0) unscaled.offered(s.ack + window_sent);
  }
  edge_known = edge_known && s.window_known;
  if (!s.window_known) return;
  snd_wnd = s.window;
  right_edge = edge_known ? std::max(right_edge, s.ack + s.window) : s.ack + s.window;
  edge_known = true;
}

}  // namespace tcpautopsy
