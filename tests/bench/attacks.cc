#include "tests/bench/attacks.h"

#include <algorithm>
#include <stdexcept>

#include "tests/bench/attack_traffic.h"
#include "tests/bench/table.h"

namespace tcpautopsy::bench {
namespace {

struct PerPacket {
  double cpu_ns = 0;
  std::uint64_t peak_octets = 0;
};

Taken report_of(const Settings& settings, const std::string& capture) {
  const Taken taken = measure({tool_command(settings, Profile::SynFlood, capture)}, settings.rounds)[0];
  if (taken.failed) throw std::runtime_error("the tool fails");
  return taken;
}

// Beyond what the start of the program takes.
class Meter {
 public:
  explicit Meter(const Settings& settings)
      : settings_(settings),
        start_(report_of(settings, CaptureFile([&] { return web_connection(settings.seed); }).path())) {}

  PerPacket of(const std::string& capture, std::uint32_t packets) const {
    const Taken taken = report_of(settings_, capture);
    return {std::max(taken.cpu_s - start_.cpu_s, 0.0) * 1e9 / packets, taken.peak_octets};
  }

 private:
  const Settings& settings_;
  Taken start_;
};

PerPacket attack(const Meter& meter, const Attack& how, std::uint32_t packets) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "attack.pcap").string();
  apart([&] {
    PacketWriter to(path);
    how.make(to, packets);
    to.close();
    return std::string();
  });
  return meter.of(path, packets);
}

PerPacket ordinary(const Meter& meter, const Settings& settings, Profile profile, std::uint32_t packets) {
  constexpr std::uint32_t kPacketsOfWeb = 26, kPacketsOfChurn = 9;
  Load load = usual_load(profile, 1);
  const double whole = load.connections;
  load.connections = std::max(1U, packets / (profile == Profile::Web ? kPacketsOfWeb : kPacketsOfChurn));
  load.span = static_cast<TimeNs>(static_cast<double>(load.span) * load.connections / whole);
  const CaptureFile capture([&] { return generate(profile, load, settings.seed); });
  return meter.of(capture.path(), static_cast<std::uint32_t>(capture.packets()));
}

std::string times(double many, double one) { return one > 0 ? digits(many / one, 1) : "-"; }

}  // namespace

void attacks(const Settings& settings) {
  const auto packets = static_cast<std::uint32_t>(std::max(100.0, 1e6 * settings.scale));
  const Meter meter(settings);
  const PerPacket web = ordinary(meter, settings, Profile::Web, packets),
                  churn = ordinary(meter, settings, Profile::Churn, packets);
  print_heading("Attacks of " + thousands(packets) + " packets, and ordinary captures of as many:");
  print_header(
      {"packets", "ns a packet", "x web", "x churn", "x a quarter of them", "peak MB", "x web", "x churn"});
  const auto row = [&](std::string_view name, const PerPacket& all, const std::string& growth) {
    const auto memory = [&](const PerPacket& base) {
      return times(static_cast<double>(all.peak_octets), static_cast<double>(base.peak_octets));
    };
    print_row({std::string(name), thousands(static_cast<std::uint64_t>(all.cpu_ns)),
               times(all.cpu_ns, web.cpu_ns), times(all.cpu_ns, churn.cpu_ns), growth,
               megabytes(all.peak_octets), memory(web), memory(churn)});
  };
  row("web", web, "");
  row("churn", churn, "");
  for (const Attack& how : all_attacks()) {
    const PerPacket quarter = attack(meter, how, packets / 4), all = attack(meter, how, packets);
    row(how.name, all, times(all.cpu_ns, quarter.cpu_ns));
  }
}

}  // namespace tcpautopsy::bench
