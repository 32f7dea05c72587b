#include "tests/support/tap_player.h"

#include <algorithm>
#include <array>
#include <random>

#include "tests/support/packet_encoder.h"
#include "tests/support/tap_blocks.h"

namespace tcpautopsy::tap {

namespace {

constexpr TimeNs kStart = 1'700'000'000 * kSecond;
constexpr std::uint16_t kSynWindow = 64240, kScaledWindow = 502;
constexpr std::size_t kMostPayload = 60'000;  // of a super-segment no more is kept: an IP length has 16 bits

// Of TLS 1.2, which later versions write too.
constexpr std::array<std::uint8_t, 6> kChangeCipherSpec{20, 3, 3, 0, 1, 1};

// What one end would know at a moment of the script.
struct EndState {
  std::uint32_t ip_id = 0;
  bool timestamps_offered = false, scaling_offered = false, spoke = false;
  std::uint32_t last_received_ts = 0;
};

struct Arrival {
  TimeNs time_ns;
  Side to;
  std::uint32_t ts_val;
};

class Player {
 public:
  Player(const Script& script, const PerSide<std::uint32_t>& isns, std::uint32_t seed);
  void count_ids_from(const PerSide<std::uint16_t>& first);
  Playback run();

 private:
  TcpSegment segment(const Packet& packet);
  Seq number(const Packet& packet);
  void set_options(TcpSegment& segment, const Packet& packet);
  void set_payload(TcpSegment& segment, const Packet& packet, std::vector<std::uint8_t>& payload) const;
  IcmpError icmp_error(const Icmp& icmp) const;
  void deliver_until(TimeNs now);
  std::uint32_t clock(Side side, TimeNs now) const;
  Seq isn(unsigned incarnation, Side side) const { return playback_.isns[incarnation][index(side)]; }

  const Script& script_;
  bool self_connection_;
  PerSide<EndState> ends_;
  std::vector<Arrival> arrivals_;
  Playback playback_;
};

Player::Player(const Script& script, const PerSide<std::uint32_t>& first, std::uint32_t seed)
    : script_(script), self_connection_(script.ends[0] == script.ends[1]) {
  std::mt19937 random(seed);
  PerSide<Seq> isns{Seq(first[0]), Seq(first[1])};
  playback_.isns.push_back(isns);
  for (const Reuse& reuse : script.reuses) {
    for (const std::size_t side : {0U, 1U}) {
      const auto offset = reuse.isn_offset[side];
      isns[side] = offset ? wrap(*offset, isns[side]) : Seq(static_cast<std::uint32_t>(random()));
    }
    if (self_connection_) isns[1] = isns[0];
    playback_.isns.push_back(isns);
  }
  ends_[0].ip_id = 1000;
  ends_[1].ip_id = 30000;
}

void Player::count_ids_from(const PerSide<std::uint16_t>& first) {
  for (const std::size_t side : {0U, 1U}) ends_[side].ip_id = first[side];
}

std::uint32_t Player::clock(Side side, TimeNs now) const {
  const std::uint32_t origin = side == Side::A ? 100'000 : 900'000;  // two hosts, two clocks
  return origin + static_cast<std::uint32_t>(now / kMillisecond);
}

void Player::deliver_until(TimeNs now) {
  std::stable_sort(arrivals_.begin(), arrivals_.end(),
                   [](const Arrival& a, const Arrival& b) { return a.time_ns < b.time_ns; });
  const auto due =
      std::find_if(arrivals_.begin(), arrivals_.end(), [now](const Arrival& a) { return a.time_ns > now; });
  for (auto it = arrivals_.begin(); it != due; ++it) ends_[index(it->to)].last_received_ts = it->ts_val;
  arrivals_.erase(arrivals_.begin(), due);
}

void Player::set_options(TcpSegment& segment, const Packet& packet) {
  EndState& sender = ends_[index(packet.from)];
  const Options& asked = packet.options;
  TcpOptions& options = segment.options;
  const bool syn = segment.has(kSyn);
  if (syn) {
    sender.timestamps_offered = asked.timestamps;
    sender.scaling_offered = asked.window_scale.has_value();
  }
  options.has_mss = asked.mss.has_value();
  options.mss = asked.mss.value_or(0);
  options.has_window_scale = asked.window_scale.has_value();
  options.window_scale = asked.window_scale.value_or(0);
  options.sack_permitted = asked.sack_permitted;
  options.fast_open = asked.fast_open;
  options.multipath = asked.multipath;
  options.cut = asked.cut;
  options.fast_open_cookie_length = asked.fast_open_cookie_length;
  options.sack_count = static_cast<std::uint8_t>(asked.sack.size());
  for (std::size_t i = 0; i < asked.sack.size(); ++i) {
    const Seq base = isn(packet.incarnation, packet.to);
    options.sack[i] = {wrap(asked.sack[i].left, base), wrap(asked.sack[i].right, base)};
  }
  // RFC 7323 3.2: once both SYNs carry the option every segment but a RST does.
  const bool negotiated = ends_[0].timestamps_offered && (self_connection_ || ends_[1].timestamps_offered);
  options.has_timestamps = asked.timestamps || (negotiated && !syn && !segment.has(kRst));
  if (!options.has_timestamps) return;
  options.ts_val = clock(packet.from, packet.time_ns);
  options.ts_ecr = segment.has(kAck) ? sender.last_received_ts : 0;
  if (asked.explicit_timestamps) {
    options.ts_val = asked.explicit_timestamps->val;
    options.ts_ecr = asked.explicit_timestamps->ecr;
  }
}

// Octets that depend on their place in the stream alone, so that what is sent again is the same.
void Player::set_payload(TcpSegment& segment, const Packet& packet,
                         std::vector<std::uint8_t>& payload) const {
  payload.resize(std::min<std::size_t>(packet.payload, kMostPayload));
  const auto key = static_cast<StreamOffset>(packet.incarnation * 7 + index(packet.from) * 3);
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<std::uint8_t>('a' + (packet.seq + static_cast<StreamOffset>(i) + key) % 23);
  if (packet.other_octets)
    for (std::uint8_t& octet : payload) octet = static_cast<std::uint8_t>('A' + octet % 23);
  if (packet.change_cipher_spec && payload.size() >= kChangeCipherSpec.size())
    std::copy(kChangeCipherSpec.begin(), kChangeCipherSpec.end(), payload.begin());
  segment.change_cipher_spec = packet.change_cipher_spec;
  segment.payload_sum = payload_sum(payload);
  segment.payload = payload;
  segment.payload_length = packet.payload;
}

// RFC 9293 3.10.7.1: the RST of an end that has no connection, and so no ISN, is number 0 itself.
Seq Player::number(const Packet& packet) {
  bool& spoke = ends_[index(packet.from)].spoke;
  const bool from_nowhere = !spoke && packet.flags == (kRst | kAck) && packet.seq == 0;
  spoke = true;
  return from_nowhere ? Seq(0) : wrap(packet.seq, isn(packet.incarnation, packet.from));
}

TcpSegment Player::segment(const Packet& packet) {
  EndState& sender = ends_[index(packet.from)];
  TcpSegment segment;
  segment.source = script_.ends[index(packet.from)];
  segment.destination = script_.ends[index(packet.to)];
  segment.seq = number(packet);
  if (packet.flags & kAck) segment.ack = wrap(packet.ack, isn(packet.incarnation, packet.to));
  segment.flags = packet.flags;
  segment.ttl = packet.ttl.value_or(64);
  segment.has_ip_id = segment.source.ip.is_v4();
  if (segment.has_ip_id) segment.ip_id = packet.ip_id.value_or(static_cast<std::uint16_t>(sender.ip_id++));
  if (segment.has(kUrg)) segment.urgent = packet.urgent.value_or(1);
  segment.ecn = packet.ecn;
  set_options(segment, packet);
  const bool scaled = ends_[0].scaling_offered && (self_connection_ || ends_[1].scaling_offered);
  const std::uint16_t usual = segment.has(kRst)              ? 0
                              : segment.has(kSyn) || !scaled ? kSynWindow
                                                             : kScaledWindow;
  segment.window = packet.window.value_or(usual);
  return segment;
}

IcmpError Player::icmp_error(const Icmp& icmp) const {
  const Side peer = self_connection_ ? icmp.to : other(icmp.to);
  IcmpError error;
  error.source = script_.ends[index(icmp.to)];
  error.destination = script_.ends[index(peer)];
  error.reporter = icmp.reporter.value_or(error.destination.ip);
  if (!icmp.cut) error.seq = wrap(icmp.seq, isn(icmp.incarnation, icmp.to));
  error.v6 = icmp.v6;
  error.type = icmp.type;
  error.code = icmp.code;
  error.mtu = icmp.mtu;
  return error;
}

Playback Player::run() {
  for (std::size_t i = 0; i < script_.events.size(); ++i) {
    Captured captured;
    bool seen = true;
    if (const auto* packet = std::get_if<Packet>(&script_.events[i])) {
      deliver_until(packet->time_ns);
      TcpSegment made = segment(*packet);
      set_payload(made, *packet, captured.payload);
      const std::uint16_t checksum = right_checksum(made);
      made.tcp_checksum = packet->bad_checksum ? static_cast<std::uint16_t>(checksum ^ 0x0101) : checksum;
      made.checksum = packet->bad_checksum ? Checksum::Bad : Checksum::Good;
      made.wire_length =
          static_cast<std::uint32_t>(encode_frame(made).size() + packet->payload - captured.payload.size());
      // A segment with a wrong checksum is dropped by the receiver (RFC 9293 3.1).
      if (made.options.has_timestamps && !packet->lost && !packet->bad_checksum)
        arrivals_.push_back({packet->time_ns + packet->late_ns, packet->to, made.options.ts_val});
      seen = !packet->unseen;
      captured.frame.time_ns = kStart + packet->time_ns;
      captured.what = made;
    } else {
      const Icmp& icmp = std::get<Icmp>(script_.events[i]);
      captured.frame.time_ns = kStart + icmp.time_ns;
      captured.what = icmp_error(icmp);
    }
    if (!seen) continue;
    captured.frame.number = playback_.captured.size() + 1;
    playback_.capture_end_ns = captured.frame.time_ns + script_.end_after_ns;
    playback_.captured.push_back(std::move(captured));
    playback_.event_of.push_back(i);
  }
  return std::move(playback_);
}

void add_blocks(const Script& script, std::uint32_t isn, std::uint32_t seed, Playback& playback) {
  std::uint32_t number = 0;
  for (const Block& block : script.blocks) {
    for (std::uint32_t rank = 0; rank < block.count; ++rank) {
      const BlockConnection made = connection_of(script, block, rank, number++, isn);
      Player player(made.script, made.isns, seed);
      player.count_ids_from(made.ip_ids);
      Playback part = player.run();
      for (Captured& captured : part.captured) {
        captured.frame.number = 0;
        playback.captured.push_back(std::move(captured));
      }
    }
  }
}

// By time, those of the script itself first; numbered anew.
void put_in_order(Playback& playback) {
  std::vector<std::size_t> order(playback.captured.size());
  playback.event_of.resize(order.size(), Playback::kOfBlock);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return playback.captured[a].frame.time_ns < playback.captured[b].frame.time_ns;
  });
  std::vector<Captured> captured;
  std::vector<std::size_t> event_of;
  for (const std::size_t i : order) {
    captured.push_back(std::move(playback.captured[i]));
    captured.back().frame.number = captured.size();
    event_of.push_back(playback.event_of[i]);
  }
  playback.captured = std::move(captured);
  playback.event_of = std::move(event_of);
}

}  // namespace

Playback play(const Script& script, std::uint32_t isn, std::uint32_t seed) {
  Playback playback = Player(script, {isn, isn}, seed).run();
  if (script.blocks.empty()) return playback;
  add_blocks(script, isn, seed, playback);
  put_in_order(playback);
  if (!playback.captured.empty())
    playback.capture_end_ns = playback.captured.back().frame.time_ns + script.end_after_ns;
  return playback;
}

const Event* event_of(const Script& script, const Playback& playback, std::size_t i) {
  const std::size_t event = playback.event_of[i];
  return event == Playback::kOfBlock ? nullptr : &script.events[event];
}

}  // namespace tcpautopsy::tap
