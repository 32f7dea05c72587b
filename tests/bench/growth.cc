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

// Beyond what a capture of one connection takes.
class PerUnit {
 public:
  explicit PerUnit(const Settings& settings)
      : least_(take(settings, Profile::Web, CaptureFile([&] { return web_connection(settings.seed); }))) {}

  std::string nanoseconds(const Taken& taken, std::uint64_t units) const {
    return rounded((taken.cpu_s - least_.cpu_s) * 1e9, units);
  }
  std::string octets(const Taken& taken, std::uint64_t units) const {
    return rounded(static_cast<double>(taken.peak_octets) - static_cast<double>(least_.peak_octets), units);
  }

 private:
  static std::string rounded(double whole, std::uint64_t units) {
    return thousands(static_cast<std::uint64_t>(std::max(whole, 0.0) / static_cast<double>(units) + 0.5));
  }

  Taken least_;
};

std::vector<Profile> wanted(const Settings& settings, std::vector<Profile> of) {
  std::erase_if(of, [&](Profile profile) {
    return std::find(settings.profiles.begin(), settings.profiles.end(), profile) == settings.profiles.end();
  });
  return of;
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

void packets_grow(const Settings& settings, const PerUnit& unit) {
  const std::vector<Profile> profiles =
      wanted(settings, {Profile::Web, Profile::Bulk, Profile::Small, Profile::Churn});
  if (profiles.empty()) return;
  print_heading("Longer captures, with as many connections at one time:");
  print_header({"profile", "packets", "ns a packet", "peak MB"});
  for (const Profile profile : profiles) {
    for (const std::uint32_t times : {1U, 4U, 16U}) {
      const CaptureFile capture(
          [&] { return generate(profile, longer(profile, settings, times), settings.seed); });
      const Taken taken = take(settings, profile, capture);
      print_row({std::string(name(profile)), thousands(capture.packets()),
                 unit.nanoseconds(taken, capture.packets()), megabytes(taken.peak_octets)});
    }
  }
}

void connections_grow(const Settings& settings, const PerUnit& unit) {
  const std::vector<Profile> profiles = wanted(settings, {Profile::Idle, Profile::SynFlood});
  if (profiles.empty()) return;
  print_heading("More connections at one time:");
  print_header({"profile", "connections", "ns a connection", "octets a connection", "peak MB"});
  for (const Profile profile : profiles) {
    for (const double connections : {10e3, 40e3, 160e3, 640e3, 2e6}) {
      Load load = usual_load(profile, 1);
      load.connections = scaled(settings, connections);
      const CaptureFile capture([&] { return generate(profile, load, settings.seed); });
      const Taken taken = take(settings, profile, capture);
      print_row({std::string(name(profile)), thousands(load.connections),
                 unit.nanoseconds(taken, load.connections), unit.octets(taken, load.connections),
                 megabytes(taken.peak_octets)});
    }
  }
}

void incarnations_grow(const Settings& settings, const PerUnit& unit) {
  print_heading("More incarnations of one connection's ports:");
  print_header({"incarnations", "ns an incarnation", "octets an incarnation", "peak MB"});
  for (const double incarnation : {500., 2e3, 8e3, 32e3, 64e3}) {
    const std::uint32_t count = scaled(settings, incarnation);
    const CaptureFile capture([&] { return incarnations(count, settings.seed); });
    const Taken taken = take(settings, Profile::Web, capture);
    print_row({thousands(count), unit.nanoseconds(taken, count), unit.octets(taken, count),
               megabytes(taken.peak_octets)});
  }
}

void packets_of_a_connection_grow(const Settings& settings, const PerUnit& unit) {
  const std::uint32_t connections = scaled(settings, 1'000);
  print_heading("More packets on each of " + thousands(connections) + " live connections:");
  print_header({"packets a connection", "ns a packet", "octets a connection", "peak MB"});
  for (const std::uint32_t packets : {4U, 16U, 64U, 250U, 1'000U, 4'000U}) {
    const CaptureFile capture([&] { return live_flows(connections, packets, settings.seed); });
    const Taken taken = take(settings, Profile::Web, capture);
    print_row({thousands(packets), unit.nanoseconds(taken, capture.packets()),
               unit.octets(taken, connections), megabytes(taken.peak_octets)});
  }
}

}  // namespace

void growth(const Settings& settings) {
  const PerUnit unit(settings);
  packets_grow(settings, unit);
  connections_grow(settings, unit);
  incarnations_grow(settings, unit);
  packets_of_a_connection_grow(settings, unit);
}

}  // namespace tcpautopsy::bench
