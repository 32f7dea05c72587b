// Why a segment was sent again, by what its sender knew and how long it waited.
#pragma once

#include <cstdint>
#include <string_view>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

enum class RetransmissionCause : std::uint8_t {
  Timeout,      // the retransmission timer (RFC 6298 5.4), and what is sent again while that is made good
  Fast,         // duplicate ACKs, SACK holes, RACK (RFC 5681 3.2, 6675, 8985)
  Probe,        // a tail loss probe (RFC 8985 7)
  LastSegment,  // the only segment under way: a probe, unless the next interval doubles
  Prompt,  // no sign of loss and no timer: a smaller path MTU, data that a SYN carried in vain, the first
           // sending that came later than its resend, or not known
};
std::string_view name(RetransmissionCause cause);

// The situation in which a segment passed that had been sent before. Times that are not known are -1.
struct RetransmissionContext {
  TimeNs waited_ns = 0;           // since it was last sent, or since what followed it passed
  TimeNs leg_ns = 0;              // capture point to the sender and back; 0 if not known
  TimeNs round_trip_ns = 0;       // smoothed, between both ends; 0 if not known
  TimeNs variation_ns = 0;        // RFC 6298's RTTVAR
  TimeNs news_age_ns = -1;        // since the last ACK that moved on, was a duplicate or told by SACK
  TimeNs evidence_age_ns = -1;    // since the receiver first told that later data came and this did not
  bool partly_sacked = false;     // the receiver had told by SACK that some of it had come, not all
  bool asked_to_resend = false;   // neither loss nor timer: a SYN whose data were refused, a smaller path MTU
  bool held_up = false;           // no resend, but the first sending, late
  bool receiver_unheard = false;  // no ACK of it was ever captured: nothing tells what it asked for
  bool first_unacknowledged = false;
  bool highest = false;        // ends where the sender's data ended before it
  bool sack_unused = false;    // SACK was not agreed on: no probes, which need it
  bool fast_recovery = false;  // something was sent again on evidence, and that is not made good
  bool timeout_recovery = false;
  bool after_repair = false;   // the last ACK that moved on took something that was sent again: what was sent
                               // before that and is still missing is lost (RFC 8985 6.2)
  std::uint32_t timeouts = 0;  // since the cumulative ACK last moved
  std::uint32_t probes = 0;
};

RetransmissionCause cause_of(const RetransmissionContext& context);

// RFC 8985 7.2 and the implementations of it: a probe goes out after two round trips, and up to 200 ms later
// where one segment is under way.
bool probe_fits(const RetransmissionContext& context);
// Whether two sendings of one segment that were this far apart are steps of one doubling timer.
bool doubles(TimeNs before_ns, TimeNs step_ns);

}  // namespace tcpautopsy
