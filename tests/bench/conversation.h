// One TCP connection as a capture point between its ends sees it: handshake, data and their ACKs, losses and
// what repairs them, close. Written down, not simulated: each packet's time follows from those before it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/decode/address.h"
#include "analyzer/seq/seq.h"
#include "tests/bench/random.h"

namespace tcpautopsy::bench {

enum class End : std::uint8_t { Client, Server };
constexpr End other(End end) { return end == End::Client ? End::Server : End::Client; }
constexpr std::size_t index(End end) { return static_cast<std::size_t>(end); }

// What all packets of a connection share.
struct Connection {
  EndpointAddress client, server;
  std::array<std::uint32_t, 2> iss{};
  bool timestamps = true;
};

// 48 octets: millions of them are sorted by time.
struct Packet {
  TimeNs time_ns = 0;
  std::uint32_t connection = 0;    // index into Traffic::connections
  std::uint32_t seq = 0, ack = 0;  // relative to the ISS; a SYN is 0
  std::uint32_t sack_left = 0, sack_right = 0;
  std::uint32_t ts_val = 0, ts_ecr = 0;
  std::uint16_t payload = 0, ip_id = 0;
  std::uint16_t flags = 0;
  End from = End::Client;
  bool lost = false;  // after it was captured
};

struct Path {
  std::array<TimeNs, 2> round_trip{10 * kMillisecond,
                                   10 * kMillisecond};  // from the capture point to an end; above 0
  TimeNs gap = 10'000;                                  // between the packets of a burst
  double loss = 0;  // of data segments; half of them before they are captured
};

class Conversation {
 public:
  static constexpr std::uint32_t kMss = 1448;

  Conversation(Connection connection, Path path, TimeNs start, Random& random)
      : connection_(connection), path_(path), clock_(start), random_(random) {}

  // SYN, SYN-ACK, ACK.
  void open();
  // The application writes so much, so long after it got what came before.
  void send(End from, std::uint32_t octets, TimeNs think);
  // Both ends close, `first` so long after it got what came before.
  void close(End first, TimeNs think);
  void reset(End from, TimeNs think);
  // A packet with neither data nor consequences, so long after what came before.
  void bare(End from, std::uint16_t flags, TimeNs think);

  TimeNs clock() const { return clock_; }
  const Connection& connection() const { return connection_; }
  // In order of time, with IP IDs and timestamps.
  std::vector<Packet> finish();

 private:
  struct Burst {
    std::uint32_t octets = 0, segments = 0, lost = 0;  // lost: its number, `segments` for none
    TimeNs at = 0;
  };

  TimeNs earliest(End from) const;
  void emit(End from, std::uint16_t flags, TimeNs at, std::uint32_t payload = 0);
  void settle(End end, TimeNs until);
  void acknowledge(End end, TimeNs at, std::uint32_t to);
  TimeNs burst(End from, const Burst& burst);
  TimeNs in_order(End from, const Burst& burst, std::uint32_t until);
  TimeNs repair(End from, const Burst& burst);
  std::uint32_t pick_lost(std::uint32_t segments);

  Connection connection_;
  Path path_;
  TimeNs clock_;  // of the last packet that the other end waited for
  End last_ = End::Client;
  std::array<std::uint32_t, 2> sent_{}, got_{};  // next number of each end; what each has of the other
  std::array<std::uint32_t, 2> window_{10, 10};  // segments that may be under way
  std::array<bool, 2> owes_{};                   // an ACK that is delayed, due then
  std::array<TimeNs, 2> due_{};
  std::vector<Packet> packets_;
  Random& random_;
};

}  // namespace tcpautopsy::bench
