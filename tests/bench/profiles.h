// Kinds of traffic, each as one capture: the same at each run for the same load and seed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/bench/conversation.h"

namespace tcpautopsy::bench {

enum class Profile : std::uint8_t {
  Web,       // requests and answers of many sizes over the Internet, some losses, IPv4 and IPv6
  Bulk,      // 64 connections that carry much
  Small,     // many small requests on each connection, as to a cache
  Churn,     // short connections between few hosts, cut at 96 octets
  SynFlood,  // half-open connections from everywhere, few that are none
  Idle,      // all connections open at one time, with little said
};
inline constexpr std::array kProfiles{Profile::Web,   Profile::Bulk,     Profile::Small,
                                      Profile::Churn, Profile::SynFlood, Profile::Idle};

std::string_view name(Profile profile);
std::optional<Profile> find_profile(std::string_view name);

struct Load {
  std::uint32_t connections = 1;
  TimeNs span = 60 * kSecond;  // within which they begin
  std::uint32_t octets = 0;    // that each carries, about; only bulk
};

// Some hundreds of thousands of packets at scale 1.
Load usual_load(Profile profile, double scale);

struct Traffic {
  std::vector<Connection> connections;
  std::vector<Packet> packets;
  std::uint32_t snap_length = 262'144;
};

Traffic generate(Profile profile, const Load& load, std::uint64_t seed);

// Connections between the same two ports, each begun soon after the one before has closed.
Traffic incarnations(std::uint32_t count, std::uint64_t seed);

// Connections all open at one time, each with so many packets before its close.
Traffic live_flows(std::uint32_t connections, std::uint32_t packets_each, std::uint64_t seed);

// A connection of the web profile.
Traffic web_connection(std::uint64_t seed);

}  // namespace tcpautopsy::bench
