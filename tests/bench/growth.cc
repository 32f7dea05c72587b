#include "tests/bench/growth.h"

#include <algorithm>
#include <array>

#include "tests/bench/table.h"

namespace tcpautopsy::bench {
namespace {

std::uint32_t scaled(const Settings& settings, double count) {
  return static_cast<std::uint32_t>(std::max(1.0, count * settings.scale));
}

Taken take(const Settings& settings, Profile as, const CaptureFile& capture) {
  check(settings, capture);
  return measure({tool_command(settings, as, capture.path())}, settings.rounds)[0];
}

// What it takes for a capture of one connection.
Taken nothing(const Settings& settings) {
  return take(settings, Profile::Web, CaptureFile([&] { return web_connection(settings.seed); }));
}

std::string nanoseconds_a(double units, const Taken& taken) {
  return thousands(static_cast<std::uint64_t>(taken.cpu_s * 1e9 / units));
}

std::string octets_a(double units, const Taken& taken, const Taken& least) {
  const auto more = static_cast<double>(std::max(taken.peak_octets, least.peak_octets) - least.peak_octets);
  return thousands(static_cast<std::uint64_t>(more / units));
}

// As many connections alive as at the start: what is longer has more of them one after the other.
Load longer(Profile profile, const Settings& settings, std::uint32_t times) {
  constexpr double kPart = 0.1;  // of the usual load
  Load load = usual_load(profile, settings.scale * kPart);
  load.span = 120 * kSecond;
  if (profile == Profile::Bulk) {
    load.octets *= times;
  } else {
    load.connections *= times;
    load.span *= times;
  }
  return load;
}

void packets_grow(const Settings& settings) {
  print_heading("Longer captures, with as many connections at one time:");
  print_header({"profile", "packets", "ns a packet", "peak MB"});
  for (const Profile profile : {Profile::Web, Profile::Bulk, Profile::Small, Profile::Churn}) {
    for (const std::uint32_t times : {1U, 4U, 16U}) {
      const CaptureFile capture(
          [&] { return generate(profile, longer(profile, settings, times), settings.seed); });
      const Taken taken = take(settings, profile, capture);
      print_row({std::string(name(profile)), thousands(capture.packets()),
                 nanoseconds_a(static_cast<double>(capture.packets()), taken), megabytes(taken.peak_octets)});
    }
  }
}

void connections_grow(const Settings& settings, const Taken& least) {
  print_heading("More connections at one time:");
  print_header({"profile", "connections", "ns a connection", "octets a connection", "peak MB"});
  for (const Profile profile : {Profile::Idle, Profile::SynFlood}) {
    for (const double connections : {10e3, 40e3, 160e3, 640e3, 2e6}) {
      Load load = usual_load(profile, 1);
      load.connections = scaled(settings, connections);
      const CaptureFile capture([&] { return generate(profile, load, settings.seed); });
      const Taken taken = take(settings, profile, capture);
      print_row({std::string(name(profile)), thousands(load.connections),
                 nanoseconds_a(load.connections, taken), octets_a(load.connections, taken, least),
                 megabytes(taken.peak_octets)});
    }
  }
}

void incarnations_grow(const Settings& settings, const Taken& least) {
  print_heading("More incarnations of one connection's ports:");
  print_header({"incarnations", "ns an incarnation", "octets an incarnation", "peak MB"});
  for (const double incarnation : {500., 2e3, 8e3, 32e3, 64e3}) {
    const std::uint32_t count = scaled(settings, incarnation);
    const Taken taken =
        take(settings, Profile::Web, CaptureFile([&] { return incarnations(count, settings.seed); }));
    print_row({thousands(count), nanoseconds_a(count, taken), octets_a(count, taken, least),
               megabytes(taken.peak_octets)});
  }
}

void packets_of_a_flow_grow(const Settings& settings, const Taken& least) {
  const std::uint32_t connections = scaled(settings, 1'000);
  print_heading("More packets on each of " + thousands(connections) + " live connections:");
  print_header({"packets a connection", "ns a packet", "octets a connection", "peak MB"});
  for (const std::uint32_t packets : {4U, 16U, 64U, 250U, 1'000U, 4'000U}) {
    const CaptureFile capture([&] { return live_flows(connections, packets, settings.seed); });
    const Taken taken = take(settings, Profile::Web, capture);
    print_row({thousands(packets), nanoseconds_a(static_cast<double>(capture.packets()), taken),
               octets_a(connections, taken, least), megabytes(taken.peak_octets)});
  }
}

}  // namespace

void growth(const Settings& settings) {
  const Taken least = nothing(settings);
  packets_grow(settings);
  connections_grow(settings, least);
  incarnations_grow(settings, least);
  packets_of_a_flow_grow(settings, least);
}

}  // namespace tcpautopsy::bench
