#include "tests/bench/profiles.h"

#include <algorithm>
#include <cmath>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy::bench {
namespace {

constexpr TimeNs kStart = 1'700'000'000 * kSecond, kMicrosecond = 1000;
constexpr std::uint32_t kPortsOfHost = 28'000, kFirstPort = 32'768;

struct Row {
  Profile profile;
  std::string_view name;
  Load at_scale_1;
};
constexpr std::uint32_t kBulkOctets = 3'000'000;
constexpr std::array<Row, kProfiles.size()> kRows{
    {{Profile::Web, "web", {12'000, 60 * kSecond, 0}},
     {Profile::Bulk, "bulk", {64, kSecond, kBulkOctets}},
     {Profile::Small, "small", {4'000, 10 * kSecond, 0}},
     {Profile::Churn, "churn", {60'000, 60 * kSecond, 0}},
     {Profile::SynFlood, "synflood", {500'000, 60 * kSecond, 0}},
     {Profile::Idle, "idle", {100'000, 100 * kSecond, 0}}}};

TimeNs nanoseconds(double value) { return static_cast<TimeNs>(value); }
std::uint32_t whole(double value) { return static_cast<std::uint32_t>(value); }

IpAddress v4(std::uint32_t host) {
  const std::array<std::uint8_t, 4> octets{
      static_cast<std::uint8_t>(host >> 24), static_cast<std::uint8_t>(host >> 16),
      static_cast<std::uint8_t>(host >> 8), static_cast<std::uint8_t>(host)};
  return IpAddress::v4(octets.data());
}
IpAddress v6(std::uint32_t host) {
  IpAddress address = v4(host);
  std::fill_n(address.octets.begin(), 12, std::uint8_t{0});
  address.octets[0] = 0x20;
  address.octets[1] = 0x01;
  address.octets[2] = 0x0d;
  address.octets[3] = 0xb8;
  return address;
}

// Makes the conversations of a capture one after the other.
class Generator {
 public:
  Generator(const Load& load, std::uint64_t seed) : load_(load), random_(seed) {}

  void web(std::uint32_t number);
  void bulk(std::uint32_t number);
  void small(std::uint32_t number);
  void churn(std::uint32_t number);
  void half_open(std::uint32_t number);
  void idle(std::uint32_t number);
  void incarnation(TimeNs at);
  void steady(std::uint32_t number, std::uint32_t packets);

  Traffic traffic;

 private:
  static constexpr std::uint32_t kClients = 0x0A000001U, kServers = 0xC6336401U;

  TimeNs somewhere() { return kStart + nanoseconds(random_.unit() * static_cast<double>(load_.span)); }
  TimeNs think(double median_ms, double sigma) {
    return nanoseconds(random_.around(median_ms * kMillisecond, sigma));
  }
  // Each number has a client and port of its own.
  Connection connect(std::uint32_t number, std::uint32_t clients, std::uint32_t server, std::uint16_t port,
                     bool ipv6 = false);
  Path path(double round_trip_ms, double sigma);
  void add(Conversation&& conversation);

  Load load_;
  Random random_;
};

Connection Generator::connect(std::uint32_t number, std::uint32_t clients, std::uint32_t server,
                              std::uint16_t port, bool ipv6) {
  Connection made;
  const auto address = ipv6 ? &v6 : &v4;
  made.client = {address(kClients + number % clients),
                 static_cast<std::uint16_t>(kFirstPort + number / clients % kPortsOfHost)};
  made.server = {address(kServers + server), port};
  made.iss = {random_.word(), random_.word()};
  made.timestamps = random_.chance(0.7);
  return made;
}

// The capture point is somewhere on the way.
Path Generator::path(double round_trip_ms, double sigma) {
  const double whole = std::clamp(random_.around(round_trip_ms, sigma), 0.05, 300.0) * kMillisecond;
  const double share = 0.05 + 0.9 * random_.unit();
  Path made;
  made.round_trip = {nanoseconds(whole * share), nanoseconds(whole * (1 - share))};
  return made;
}

void Generator::add(Conversation&& conversation) {
  const auto number = static_cast<std::uint32_t>(traffic.connections.size());
  traffic.connections.push_back(conversation.connection());
  for (Packet& packet : conversation.finish()) {
    packet.connection = number;
    traffic.packets.push_back(packet);
  }
}

void Generator::web(std::uint32_t number) {
  const std::uint16_t port = random_.chance(0.8) ? 443 : 80;
  const bool ipv6 = random_.chance(0.15);
  Path way = path(25, 0.9);
  way.loss = random_.chance(0.35) ? 0.02 : 0;
  Conversation talk(connect(number, 4'000, random_.below(600), port, ipv6), way, somewhere(), random_);
  talk.open();
  const std::uint32_t exchanges = 1 + std::min(20U, whole(random_.exponential(1.2)));
  for (std::uint32_t i = 0; i < exchanges; ++i) {
    talk.send(End::Client, whole(std::clamp(random_.around(450, 0.5), 60.0, 6e3)), think(60, 1.5));
    talk.send(End::Server, whole(std::clamp(random_.around(3'000, 1.45), 80.0, 8e6)), think(8, 1));
  }
  const End first = random_.chance(0.5) ? End::Client : End::Server;
  if (random_.chance(0.1))
    talk.reset(first, kMillisecond);
  else
    talk.close(first, kMillisecond);
  add(std::move(talk));
}

void Generator::bulk(std::uint32_t number) {
  Path way = path(30, 0.5);
  way.gap = 100 * kMicrosecond;
  way.loss = 0.002;
  Conversation talk(connect(number, 64, number % 8, 5001), way, somewhere(), random_);
  talk.open();
  talk.send(End::Client, 300, kMillisecond);
  talk.send(End::Server, whole(load_.octets * (0.5 + random_.unit())), kMillisecond);
  talk.close(End::Client, kMillisecond);
  add(std::move(talk));
}

void Generator::small(std::uint32_t number) {
  Conversation talk(connect(number, 2'000, random_.below(30), 6379), path(0.8, 0.8), somewhere(), random_);
  talk.open();
  const std::uint32_t exchanges = 60 + random_.below(50);
  for (std::uint32_t i = 0; i < exchanges; ++i) {
    talk.send(End::Client, 10 + random_.below(120), think(100, 1));
    talk.send(End::Server, 10 + random_.below(130), think(0.5, 0.8));
  }
  talk.close(End::Client, kMillisecond);
  add(std::move(talk));
}

void Generator::churn(std::uint32_t number) {
  const TimeNs start = kStart + load_.span / load_.connections * number + random_.below(100'000);
  Conversation talk(connect(number, 8, number / 8 % 4, 8080), path(0.3, 0.5), start, random_);
  talk.open();
  talk.send(End::Client, 100 + random_.below(300), 100 * kMicrosecond);
  talk.send(End::Server, 200 + random_.below(1'000), think(1, 0.7));
  const double how = random_.unit();
  if (how < 0.02)
    talk.reset(End::Client, 100 * kMicrosecond);
  else
    talk.close(how < 0.6 ? End::Client : End::Server, 100 * kMicrosecond);
  add(std::move(talk));
}

// Of three SYNs one is answered; some answers are repeated or refused.
void Generator::half_open(std::uint32_t number) {
  constexpr std::uint32_t kScatter = 0x9E3779B1U;  // odd: each number has an address of its own
  Connection connection = connect(number, 1, 0, 80);
  connection.client.ip = v4(number * kScatter);
  Conversation talk(connection, path(20, 1), somewhere(), random_);
  talk.bare(End::Client, kSyn, 0);
  if (random_.chance(0.3)) {
    talk.bare(End::Server, kSyn | kAck, 0);
    const double then = random_.unit();
    if (then < 0.1) talk.reset(End::Client, 0);
  }
  add(std::move(talk));
}

void Generator::idle(std::uint32_t number) {
  Conversation talk(connect(number, 200'000, number % 16, 443), path(20, 0.8), somewhere(), random_);
  talk.open();
  talk.send(End::Client, 50 + random_.below(300), kMillisecond);
  talk.send(End::Server, 50 + random_.below(900), think(3, 1));
  const TimeNs until = kStart + load_.span + 5 * kSecond;
  talk.close(random_.chance(0.5) ? End::Client : End::Server,
             until - talk.clock() + nanoseconds(random_.unit() * 60 * kSecond));
  add(std::move(talk));
}

// Closed by RST, so that nothing holds the ports.
void Generator::incarnation(TimeNs at) {
  Conversation talk(connect(0, 1, 0, 80), path(0.2, 0.1), at, random_);
  talk.open();
  talk.send(End::Client, 100, 0);
  talk.send(End::Server, 200, 0);
  talk.reset(End::Client, 0);
  add(std::move(talk));
}

void Generator::steady(std::uint32_t number, std::uint32_t packets) {
  constexpr TimeNs kStep = 10 * kMillisecond;  // soon enough that no ACK goes without data
  Conversation talk(connect(number, 2'000, 0, 80), path(1, 0.2), kStart + number * kMicrosecond, random_);
  talk.open();
  for (std::uint32_t i = 3; i < packets; ++i) talk.send(i % 2 == 1 ? End::Client : End::Server, 100, kStep);
  talk.close(End::Client, std::max(kStart + load_.span - talk.clock(), kStep));
  add(std::move(talk));
}

}  // namespace

std::string_view name(Profile profile) { return kRows[static_cast<std::size_t>(profile)].name; }

std::optional<Profile> find_profile(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row.profile;
  return std::nullopt;
}

Load usual_load(Profile profile, double scale) {
  Load load = kRows[static_cast<std::size_t>(profile)].at_scale_1;
  if (profile == Profile::Bulk)
    load.octets = std::max(1U, whole(load.octets * scale));
  else
    load.connections = std::max(1U, whole(load.connections * scale));
  return load;
}

Traffic generate(Profile profile, const Load& load, std::uint64_t seed) {
  constexpr std::array kMake{&Generator::web,   &Generator::bulk,      &Generator::small,
                             &Generator::churn, &Generator::half_open, &Generator::idle};
  Generator generator(load, seed);
  if (profile == Profile::Churn) generator.traffic.snap_length = 96;
  for (std::uint32_t i = 0; i < load.connections; ++i) {
    const bool legitimate = profile == Profile::SynFlood && i % 250 == 0;
    (generator.*(legitimate ? &Generator::web : kMake[static_cast<std::size_t>(profile)]))(i);
  }
  return std::move(generator.traffic);
}

Traffic incarnations(std::uint32_t count, std::uint64_t seed) {
  Generator generator({}, seed);
  for (std::uint32_t i = 0; i < count; ++i) generator.incarnation(kStart + i * 2 * kMillisecond);
  return std::move(generator.traffic);
}

Traffic live_flows(std::uint32_t connections, std::uint32_t packets_each, std::uint64_t seed) {
  Generator generator({}, seed);
  for (std::uint32_t i = 0; i < connections; ++i) generator.steady(i, packets_each);
  return std::move(generator.traffic);
}

Traffic web_connection(std::uint64_t seed) {
  Generator generator({}, seed);
  generator.web(0);
  return std::move(generator.traffic);
}

}  // namespace tcpautopsy::bench
