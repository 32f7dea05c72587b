// What Retransmissions found of one end: what it sent again and why, what it acknowledged, and the round trip
// to it.
#pragma once

#include <cstdint>

#include "analyzer/transfer/incidents.h"
#include "analyzer/transfer/resend_log.h"
#include "analyzer/transfer/round_trips.h"

namespace tcpautopsy {

struct RetransmissionResults {
  // Data that this end sent again, by cause; each is in one of the first four. The time of an incident is
  // how long the segment had waited since it was last sent.
  Incidents timeouts;             // with what was sent again to make a timeout good
  TimeNs timeouts_waited_ns = 0;  // how long any of these waited, what several waited at once counted once
  Incidents fast;
  Incidents probes;                       // tail loss probes
  Incidents prompt;                       // too early for a timer, and nothing from the receiver asked for it
  Incidents spurious;                     // of these, what the receiver had already; overlays the others
  ResendLog resends;                      // why each was sent again, SYN and FIN too
  std::uint64_t retransmissions = 0;      // all of them, SYN and FIN too
  std::uint64_t syn_retransmissions = 0;  // by timer
  std::uint64_t fin_timeouts = 0;         // a FIN alone, without data
  std::uint64_t fin_probes = 0, fin_fast = 0;
  std::uint64_t fin_spurious = 0, syn_spurious = 0;
  std::uint64_t timeouts_spurious = 0;  // of `timeouts`
  std::uint64_t timeouts_acked = 0;     // of these, those whose ACK had passed before
  std::uint64_t first_unseen = 0;    // of the data, those whose first sending never passed the capture point
  std::uint32_t longest_series = 0;  // most timeouts in a row without an ACK that moved on
  TimeNs longest_stall_ns = 0;       // longest such row, from the sending that was lost
  FrameRef stall_begin, stall_end;   // the last sending before it is not kept; its first and last resend

  Incidents out_of_order;                     // segments that others of this end overtook
  Incidents duplicates;                       // packets that the network doubled, later than a capture does
  Incidents conflicts;                        // octets sent again that differ
  std::uint64_t conflicts_of_one_packet = 0;  // of these, with the IP ID and TSval of the first sending

  Incidents unseen;                  // ACKs of the peer for octets of this end that were never seen
  std::uint64_t missing_octets = 0;  // those octets
  std::uint64_t duplicate_acks = 0;  // RFC 5681 2, sent by this end

  RoundTrips round_trips;  // capture point to this end and back

  std::uint64_t timeout_count() const { return timeouts.count() + syn_retransmissions + fin_timeouts; }
  std::uint64_t fast_count() const { return fast.count() + fin_fast; }
  std::uint64_t probe_count() const { return probes.count() + fin_probes; }
  std::uint64_t spurious_count() const { return spurious.count() + fin_spurious + syn_spurious; }
};

}  // namespace tcpautopsy
