// What each captured segment says: of its sender for certain, of its receiver if it arrives.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/resets.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/infer/transitions.h"

namespace tcpautopsy {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// Of an end that still has its socket.
constexpr StateSet kAfterOwnFin{TcpState::FinWait1, TcpState::FinWait2, TcpState::Closing, TcpState::LastAck,
                                TcpState::TimeWait};
constexpr StateSet kPeerFinArrived{TcpState::CloseWait, TcpState::Closing, TcpState::LastAck,
                                   TcpState::TimeWait};

struct Observation {
  bool bare_rst =
      false;  // a RST without ACK: the answer of a host to a segment it has no use for (RFC 9293 3.10.7.1)
  bool behind_fin = false;   // such a RST that took its number from an ACK of its sender's FIN
  bool refuses_syn = false;  // RST and ACK to a SYN: nobody listens (RFC 9293 3.10.7.1)
  bool refuses_handshake =
      false;  // such a RST, where a SYN-ACK would be acceptable: its sender has no attempt under way
  // To a client in SYN-SENT, and not of its SYN (RFC 9293 3.10.7.3): a RST that it drops, or an ACK of other
  // numbers, of a connection before.
  bool unacceptable_to_syn = false;
  bool syn_again = false;         // the SYN that it sent before, and no RST came between: its attempt goes on
  bool refuses_probe = false;     // a bare RST that answers a keep-alive probe
  bool after_silence = false;     // a bare RST that answers a segment when its sender was silent for long
  bool acknowledges_fin = false;  // a RST and ACK that covers the other's FIN
  bool damaged_rst = false;       // no one has received it
  bool early_data = false;  // Fast Open lets its sender send before the handshake is over (RFC 7413 4.2)
  // Of the sender.
  bool constrains =
      true;  // false: sent earlier than its place suggests (reordered, copied), forged, or of no known kind
  Sends sends = Sends::Ack;
  StateSet after;  // states its sender can have been in once it was sent
  // Of the receiver.
  std::uint8_t triggers = 0;  // Trigger bits
  Cost deliver_cost = 0;      // of its arriving in time: unlikely where no reaction followed
  Cost miss_cost = 0;         // of its not arriving in time
  TimeNs due_ns = 0;          // it came no sooner; 0 where only the round trip says when
  Cost idle_cost =
      0;  // where it changes nothing: a repeat that drew no reaction was lost, or its reaction was

  constexpr RstForm rst_form() const {
    if (refuses_syn) return RstForm::RefusesSyn;
    if (refuses_probe) return RstForm::RefusesProbe;
    if (refuses_handshake) return RstForm::RefusesHandshake;
    if (acknowledges_fin) return RstForm::AcknowledgesFin;
    if (behind_fin) return RstForm::BehindFin;
    if (after_silence) return RstForm::AfterSilence;
    return bare_rst ? RstForm::Bare : RstForm::WithAck;
  }
};

// When what passes at `now_ns` comes to an end this far from the capture point, at the earliest.
constexpr TimeNs due_at(const Observation& segment, TimeNs now_ns, TimeNs rtt_ns) {
  const TimeNs due_ns = now_ns + weights::shortest(rtt_ns);
  return segment.due_ns == 0 || due_ns > segment.due_ns ? due_ns : segment.due_ns;
}

// Facts of one direction that need the whole trace.
struct StreamFacts {
  StreamOffset fin_end = 0;          // one past the FIN's sequence number; 0 if no FIN was captured
  std::size_t first_fin = kNowhere;  // record
  std::size_t first_record = kNowhere, last_record = kNowhere;
  bool unseen_fin =
      false;  // no FIN was captured, but the other side acknowledges one number more than was seen
  bool sent_new = false;                    // data, SYN or FIN of it was captured; keep-alives apart
  bool not_captured = false;                // the other direction was, and this one not at all
  StreamOffset acked_last = 0;              // of it: the highest number that was acknowledged,
  std::size_t first_acked_last = kNowhere;  // by which record first,
  bool acked_more = false;                  // after another one,
  bool fin_likely = false;                  // and it looks like the number of its FIN
  bool fin_may_precede = false;  // the capture began later than the stream, and no new octet of it shows that
                                 // no FIN was sent by then
  bool begun_apart = false;      // so it is, though the capture has the beginning of the other direction
  StreamOffset missed_end = 0;   // the capture missed its last octets, perhaps with a FIN: up to here, as the
                                 // other end acknowledges with its FIN; 0 otherwise
  std::size_t end_acked_by = kNowhere;  // the first record that does
  std::size_t fin_acked_by = kNowhere;  // of a FIN that was not captured: what acknowledges it first
  bool fin_may_be_missed = false;       // granted that the capture missed segments, a FIN among them
  bool hole_for_good = false;           // the capture missed octets of it for ever
  bool sent_syn = false, sent_syn_ack = false, sent_rst = false;
  bool took_early_data = false;  // its SYN-ACK acknowledged data of the SYN
  std::size_t lost_fins = 0;     // FINs sent before the first captured one, by the gap in its IP IDs
  std::int64_t rtt_ns = 0;       // capture point to this end and back; 0 if never measured
};

struct Observations {
  std::vector<Observation> records;
  PerSide<StreamFacts> streams;
  std::vector<ResetReading> resets;
  bool capture_missed = false;  // signs that the capture missed segments
};

// `may_miss`: grant that the capture missed a FIN. What `observations` held before is lost but for its
// memory.
void observe(const FlowTrace& trace, TimeNs capture_end_ns, bool may_miss, Observations& observations);

// The last segment of `side` before its first captured FIN that rules out that it had sent a FIN by then;
// kNowhere if none does.
std::size_t last_without_fin(const FlowTrace& trace, const Observations& observations, Side side);

}  // namespace tcpautopsy
