// One end of a simulated connection: the state machine of RFC 9293 3.10 with real sequence space, reassembly
// and retransmission. Independent of analyzer/infer on purpose: it is what the inference is measured against.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "analyzer/decode/tcp_segment.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/tcp_state.h"

namespace tcpautopsy::sim {

struct Segment {
  Side from = Side::A;
  std::uint16_t flags = 0;
  StreamOffset seq = 0, ack = 0;
  std::uint32_t payload = 0;
  bool seq_is_raw_zero = false;  // a RST that answers a segment without ACK (RFC 9293 3.10.7.1)
  std::uint32_t ts_val = 0, ts_ecr = 0;
  std::uint16_t ip_id = 0;
  std::optional<std::pair<StreamOffset, StreamOffset>> sack;

  bool has(std::uint16_t mask) const { return (flags & mask) == mask; }
  StreamOffset end() const { return seq + payload + (has(kSyn) ? 1 : 0) + (has(kFin) ? 1 : 0); }
};

// The numbers of the linux profile, with what hosts differ in.
struct Habits {
  TimeNs syn_rto = kSecond, rto = 300 * kMillisecond;
  unsigned syn_retries = 6, syn_ack_retries = 5, data_retries = 15, orphan_retries = 8;
  TimeNs time_wait = 60 * kSecond, fin_wait_2 = 60 * kSecond;
  std::uint32_t mss = 1000, window_segments = 6;
  bool timestamps = false, sack = false, fin_rides_on_data = false;
  // What other stacks do than Linux.
  bool flat_syn_steps = false;     // SYNs again at fixed steps, not doubling
  bool rubbish_in_probes = false;  // keep-alives with one octet of it (4.2BSD)
  bool rst_acks_iss = false;       // refuses a SYN by a RST that acknowledges ISS, not ISS+1
  bool challenges = true;          // sends the challenge ACKs of RFC 5961
  TimeNs ack_delay = 0;            // of the ACK of a segment in order; 0: at once
};

class Endpoint {
 public:
  // Called with each segment and the state its sender is in once it is sent.
  using Send = std::function<void(const Segment&, TcpState)>;

  Endpoint(Side side, const Habits& habits, Send send)
      : side_(side), habits_(habits), send_(std::move(send)) {}

  void listen() { state_ = TcpState::Listen; }
  void connect(TimeNs now);
  void write(TimeNs now, std::uint32_t octets);
  void shutdown(TimeNs now);  // closes its direction and goes on reading
  void close(TimeNs now);     // as shutdown; data that comes later meets a RST
  void abort(TimeNs now);     // RST, or silence before the handshake is over
  void probe(TimeNs now);     // keep-alive
  void receive(TimeNs now, const Segment& segment);
  void run_timers(TimeNs now);

  std::optional<TimeNs> next_timer() const;
  TcpState state() const { return state_; }
  bool vanished() const { return vanished_; }  // closed before the handshake, which nothing shows

 private:
  void in_listen(TimeNs now, const Segment& segment);
  void in_syn_sent(TimeNs now, const Segment& segment);
  void in_syn_received(TimeNs now, const Segment& segment);
  void in_synchronized(TimeNs now, const Segment& segment);
  bool acceptable(const Segment& segment) const;
  void take_ack(TimeNs now, StreamOffset ack);
  void take_text(TimeNs now, const Segment& segment);
  void take_fin(TimeNs now);
  void establish(TimeNs now);
  void enter_time_wait(TimeNs now);
  void die();
  void die_silently();

  void emit(std::uint16_t flags, StreamOffset seq, std::uint32_t payload, TimeNs now);
  void ack(TimeNs now) { emit(kAck, snd_nxt_, 0, now); }
  void ack_soon(TimeNs now);
  void challenge(TimeNs now);
  void reset(const Segment& segment, TimeNs now);  // a RST that answers `segment`
  void transmit(TimeNs now);                       // what the window and the FIN allow
  void send_fin(TimeNs now, StreamOffset seq, std::uint32_t payload);
  void retransmit(TimeNs now);
  void restart_timer(TimeNs now);
  unsigned retries() const;

  Side side_;
  Habits habits_;
  Send send_;
  TcpState state_ = TcpState::Closed;
  StreamOffset snd_una_ = 0, snd_nxt_ = 0, rcv_nxt_ = 0;
  StreamOffset written_ = 1;  // one past the last octet the application wrote
  bool close_wanted_ = false, fin_sent_ = false, orphaned_ = false, vanished_ = false;
  std::map<StreamOffset, StreamOffset> waiting_;  // received beyond a hole: [first, second)
  std::optional<StreamOffset> waiting_fin_;       // sequence number of a FIN beyond a hole
  std::uint32_t last_ts_received_ = 0;
  unsigned resends_ = 0, duplicate_acks_ = 0;
  std::optional<TimeNs> ack_at_;                     // of a delayed ACK
  std::optional<TimeNs> rexmit_at_, state_ends_at_;  // retransmission; 2MSL or the orphan's FIN-WAIT-2 time
};

}  // namespace tcpautopsy::sim
