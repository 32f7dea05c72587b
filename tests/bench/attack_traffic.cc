#include "tests/bench/attack_traffic.h"

#include <array>
#include <stdexcept>
#include <vector>

#include "tests/support/packet_encoder.h"

namespace tcpautopsy::bench {
namespace {

constexpr std::uint32_t kIss = 1'000'000, kPeerIss = 900'000'000;
constexpr std::uint32_t kOddFactor = 0x9E3779B1U;  // n * kOddFactor never comes twice

EndpointAddress v4(std::uint32_t host, std::uint16_t port) {
  const std::array<std::uint8_t, 4> octets{
      static_cast<std::uint8_t>(host >> 24), static_cast<std::uint8_t>(host >> 16),
      static_cast<std::uint8_t>(host >> 8), static_cast<std::uint8_t>(host)};
  return {IpAddress::v4(octets.data()), port};
}

EndpointAddress victim() { return v4(0x0A000002U, 80); }
EndpointAddress attacker() { return v4(0x0A000001U, 40'000); }
EndpointAddress somebody(std::uint32_t number) {
  return v4(0x30000000U + (number * kOddFactor) / 4, static_cast<std::uint16_t>(1024 + number % 60'000));
}

TcpSegment segment(const EndpointAddress& from, const EndpointAddress& to, std::uint16_t flags,
                   std::uint32_t seq, std::uint32_t ack = 0, std::uint32_t payload = 0) {
  static const std::vector<std::uint8_t> octets(2048, 0x61);
  TcpSegment s;
  s.source = from;
  s.destination = to;
  s.flags = flags;
  s.seq = Seq(seq);
  s.ack = Seq(ack);
  s.window = 1'000;
  s.ttl = 64;
  s.payload_length = payload;
  s.payload = Bytes(octets).first(payload);
  if ((flags & kSyn) != 0) {
    s.options.has_mss = s.options.sack_permitted = true;
    s.options.mss = 1460;
  }
  return s;
}

void handshake(PacketWriter& to) {
  to.put(segment(attacker(), victim(), kSyn, kIss));
  to.put(segment(victim(), attacker(), kSyn | kAck, kPeerIss, kIss + 1));
  to.put(segment(attacker(), victim(), kAck, kIss + 1, kPeerIss + 1));
}

void new_isn_each(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) to.put(segment(attacker(), victim(), kSyn, i * kOddFactor));
}

void syns_inside(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  for (std::uint32_t i = 0; i < packets; i += 2) {
    to.put(segment(attacker(), victim(), kSyn, i * kOddFactor));
    to.put(segment(victim(), attacker(), kAck, kPeerIss + 1, kIss + 1));
  }
}

void syn_flood(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) to.put(segment(somebody(i), victim(), kSyn, to.random.word()));
}

void slow_syn_flood(PacketWriter& to, std::uint32_t packets) {
  to.step = 10 * kMillisecond;
  syn_flood(to, packets);
}

void answered_flood(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; i += 2) {
    const std::uint32_t iss = to.random.word();
    to.put(segment(somebody(i), victim(), kSyn, iss));
    to.put(segment(victim(), somebody(i), kSyn | kAck, i, iss + 1));
  }
}

void lone_data(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i)
    to.put(segment(somebody(i), victim(), kAck | kPsh, to.random.word(), to.random.word(), 100));
}

void lone_resets(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) to.put(segment(somebody(i), victim(), kRst, to.random.word()));
}

void lone_fins(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i)
    to.put(segment(somebody(i), victim(), kFin | kAck, to.random.word(), to.random.word()));
}

void simultaneous(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; i += 2) {
    to.put(segment(somebody(i), victim(), kSyn, to.random.word()));
    to.put(segment(victim(), somebody(i), kSyn, to.random.word()));
  }
}

// Of one address and port pair, all the time with other numbers.
void simultaneous_again(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; i += 2) {
    to.put(segment(attacker(), victim(), kSyn, to.random.word()));
    to.put(segment(victim(), attacker(), kSyn, to.random.word()));
  }
}

// Every other octet, then those between them, from the last to the first.
void octets_out_of_order(PacketWriter& to, std::uint32_t packets) {
  constexpr std::uint32_t kRound = 1'000;
  handshake(to);
  for (std::uint32_t i = 0; i < packets; ++i) {
    const std::uint32_t round = i / kRound, within = i % kRound;
    const std::uint32_t place = within < kRound / 2 ? 2 * within + 1 : 2 * (kRound - 1 - within);
    to.put(segment(attacker(), victim(), kAck | kPsh, kIss + 1 + round * kRound + place, kPeerIss + 1, 1));
  }
}

void sack_storm(PacketWriter& to, std::uint32_t packets) {
  constexpr std::uint32_t kUnderWay = 2'000;
  handshake(to);
  for (std::uint32_t i = 0; i < kUnderWay; ++i)
    to.put(segment(victim(), attacker(), kAck, kPeerIss + 1 + i * 1'000, kIss + 1, 1'000));
  for (std::uint32_t i = 0; i < packets; ++i) {
    TcpSegment ack = segment(attacker(), victim(), kAck, kIss + 1, kPeerIss + 1);
    ack.options.sack_count = 3;
    for (std::size_t block = 0; block < 3; ++block) {
      const std::uint32_t left = kPeerIss + 1 + (1 + to.random.below(kUnderWay - 2)) * 1'000;
      ack.options.sack[block] = {Seq(left), Seq(left + 1'000)};
    }
    to.put(ack);
  }
}

void duplicate_acks(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  to.put(segment(victim(), attacker(), kAck, kPeerIss + 1, kIss + 1, 1'000));
  for (std::uint32_t i = 0; i < packets; ++i)
    to.put(segment(attacker(), victim(), kAck, kIss + 1, kPeerIss + 1));
}

void tiny_windows(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  for (std::uint32_t i = 0; i < packets; i += 2) {
    to.put(segment(attacker(), victim(), kAck | kPsh, kIss + 1 + i / 2, kPeerIss + 1, 1));
    TcpSegment ack = segment(victim(), attacker(), kAck, kPeerIss + 1, kIss + 2 + i / 2);
    ack.window = static_cast<std::uint16_t>(i / 2 % 3);
    to.put(ack);
  }
}

void resets_inside(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  for (std::uint32_t i = 0; i < packets; i += 2) {
    to.put(segment(attacker(), victim(), kRst, kIss + 1 + to.random.below(60'000)));
    to.put(segment(victim(), attacker(), kAck, kPeerIss + 1, kIss + 1));
  }
}

void fins_again(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  for (std::uint32_t i = 0; i < packets; ++i)
    to.put(segment(attacker(), victim(), kFin | kAck, kIss + 1 + to.random.below(60'000), kPeerIss + 1));
}

// A connection of six packets after the other on the same ports.
void one_pair_again(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; i += 6) {
    const std::uint32_t iss = i * kOddFactor, peer = i * kOddFactor / 3;
    to.put(segment(attacker(), victim(), kSyn, iss));
    to.put(segment(victim(), attacker(), kSyn | kAck, peer, iss + 1));
    to.put(segment(attacker(), victim(), kAck, iss + 1, peer + 1));
    to.put(segment(attacker(), victim(), kFin | kAck, iss + 1, peer + 1));
    to.put(segment(victim(), attacker(), kFin | kAck, peer + 1, iss + 2));
    to.put(segment(attacker(), victim(), kAck, iss + 2, peer + 2));
  }
}

// The halves of each address have one sum, so that hashes which add or combine them by "xor" are alike.
void addresses_alike(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) {
    EndpointAddress from = victim(), server = victim();
    from.port = 1'000;
    server.ip.octets = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    for (std::size_t octet = 0; octet < 4; ++octet) {
      const auto part = static_cast<std::uint8_t>(i >> (8 * octet));
      from.ip.octets[4 + octet] = part;
      from.ip.octets[12 + octet] = static_cast<std::uint8_t>(~part);
    }
    from.ip.octets[0] = 0x20;
    to.put(segment(from, server, kSyn, to.random.word()));
  }
}

// `count` octets of the IP payload of a frame of TCP over IPv4, from `from` on.
std::vector<std::uint8_t> fragment(const std::vector<std::uint8_t>& frame, std::uint16_t id, std::size_t from,
                                   std::size_t count, bool more) {
  constexpr std::size_t kIp = 14, kUpper = 34;
  std::vector<std::uint8_t> out(frame.begin(), frame.begin() + kUpper);
  for (std::size_t i = 0; i < count; ++i) out.push_back(frame[kUpper + from + i]);
  const std::size_t length = 20 + count;
  out[kIp + 2] = static_cast<std::uint8_t>(length >> 8);
  out[kIp + 3] = static_cast<std::uint8_t>(length);
  out[kIp + 4] = static_cast<std::uint8_t>(id >> 8);
  out[kIp + 5] = static_cast<std::uint8_t>(id);
  out[kIp + 6] = static_cast<std::uint8_t>((more ? 0x20U : 0U) | (from / 8) >> 8);
  out[kIp + 7] = static_cast<std::uint8_t>(from / 8);
  return out;
}

std::vector<std::uint8_t> frame_of(const TcpSegment& s) { return encode_frame(s); }

void first_fragments(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) {
    const auto frame = frame_of(segment(somebody(i / 60'000), victim(), kAck, kIss, kPeerIss, 1'200));
    to.put(fragment(frame, static_cast<std::uint16_t>(i), 0, 1'200, true));
  }
}

// Eight octets each, from the last to the first.
void tiny_fragments(PacketWriter& to, std::uint32_t packets) {
  constexpr std::size_t kPieces = 128;
  for (std::uint32_t i = 0; i < packets; ++i) {
    const auto frame = frame_of(segment(attacker(), victim(), kAck, kIss + i, kPeerIss, 1'200));
    const std::size_t piece = kPieces - 1 - i % kPieces;
    to.put(fragment(frame, static_cast<std::uint16_t>(i / kPieces), 8 * piece, 8, piece + 1 < kPieces));
  }
}

void on_vlans(PacketWriter& to, std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) {
    auto frame = frame_of(segment(attacker(), victim(), kSyn, kIss));
    for (const std::uint32_t id : {i % 4'095, i / 4'095 % 4'095}) {
      const std::array<std::uint8_t, 4> tag{0x81, 0, static_cast<std::uint8_t>((id + 1) >> 8),
                                            static_cast<std::uint8_t>(id + 1)};
      frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    }
    to.put(frame);
  }
}

void errors_quoting(PacketWriter& to, std::uint32_t packets) {
  handshake(to);
  for (std::uint32_t i = 0; i < packets; ++i) {
    IcmpError error;
    error.reporter = somebody(i).ip;
    error.source = attacker();
    error.destination = victim();
    error.seq = Seq(kIss + 1);
    error.type = 3;
    error.code = 1;
    to.put(encode_frame(error));
  }
}

constexpr std::array kAttacks{
    Attack{"a new ISN with each SYN of one 4-tuple", &new_isn_each},
    Attack{"SYNs inside a connection, challenged", &syns_inside},
    Attack{"connections of one 4-tuple, one after the other", &one_pair_again},
    Attack{"simultaneous SYNs", &simultaneous},
    Attack{"simultaneous SYNs of one 4-tuple", &simultaneous_again},
    Attack{"SYN flood", &syn_flood},
    Attack{"SYN flood, slow", &slow_syn_flood},
    Attack{"SYN flood, answered", &answered_flood},
    Attack{"SYNs from IPv6 addresses of one sum", &addresses_alike},
    Attack{"single data segments from everywhere", &lone_data},
    Attack{"RSTs from everywhere", &lone_resets},
    Attack{"FINs from everywhere", &lone_fins},
    Attack{"RSTs inside a connection, challenged", &resets_inside},
    Attack{"FINs inside a connection", &fins_again},
    Attack{"octets out of order, each a segment", &octets_out_of_order},
    Attack{"octets to windows of 0 to 2", &tiny_windows},
    Attack{"SACK blocks at random", &sack_storm},
    Attack{"duplicate ACKs", &duplicate_acks},
    Attack{"first fragments alone", &first_fragments},
    Attack{"fragments of 8 octets, last to first", &tiny_fragments},
    Attack{"two VLAN tags, new with each packet", &on_vlans},
    Attack{"ICMP errors about one connection", &errors_quoting},
};

}  // namespace

PacketWriter::PacketWriter(const std::string& path) : path_(path), out_(path, std::ios::binary) {
  const std::array<std::uint32_t, 6> head{0xA1B2C3D4, 0x00040002, 0, 0, 262'144, 1};
  out_.write(reinterpret_cast<const char*>(head.data()), sizeof head);
}

void PacketWriter::put(TcpSegment segment) {
  segment.has_ip_id = segment.source.ip.is_v4();
  segment.ip_id = ++ip_id_;
  segment.tcp_checksum = right_checksum(segment);
  put(encode_frame(segment));
}

void PacketWriter::put(Bytes frame) {
  const auto length = static_cast<std::uint32_t>(frame.size());
  const std::array<std::uint32_t, 4> head{static_cast<std::uint32_t>(now_ / kSecond),
                                          static_cast<std::uint32_t>(now_ % kSecond / 1'000), length, length};
  out_.write(reinterpret_cast<const char*>(head.data()), sizeof head);
  out_.write(reinterpret_cast<const char*>(frame.data()), length);
  now_ += step;
}

void PacketWriter::close() {
  out_.close();
  if (!out_) throw std::runtime_error("cannot write " + path_);
}

std::span<const Attack> all_attacks() { return kAttacks; }

}  // namespace tcpautopsy::bench
