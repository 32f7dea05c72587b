#include "tests/bench/compare.h"

#include "tests/bench/table.h"

namespace tcpautopsy::bench {
namespace {

// Row by row over all profiles.
struct Tables {
  Row profiles{""}, packets{"packets"}, flows{"connections"}, octets{"MB of capture"};
  Row loop_rate{"bare `pcap_loop`, million packets a second"};
  std::vector<Row> times, memory;  // of each program
};

std::string unless_failed(const Taken& taken, std::string text) { return taken.failed ? "failed" : text; }

void add_column(Tables& tables, const Settings& settings, const std::vector<Other>& others, Profile profile) {
  const CaptureFile capture(
      [&] { return generate(profile, usual_load(profile, settings.scale), settings.seed); });
  check(settings, capture);
  std::vector<Command> commands{bare_command(settings, capture.path()),
                                tool_command(settings, profile, capture.path())};
  for (const Other& other : others) {
    commands.push_back(other.arguments);
    commands.back().push_back(capture.path());
  }
  const std::vector<Taken> taken = measure(commands, settings.rounds);
  const auto packets = static_cast<double>(capture.packets());
  tables.profiles.emplace_back(name(profile));
  tables.packets.push_back(thousands(capture.packets()));
  tables.flows.push_back(thousands(capture.flows()));
  tables.octets.push_back(megabytes(capture.octets()));
  tables.loop_rate.push_back(digits(packets / taken[0].cpu_s / 1e6, 1));
  for (std::size_t i = 0; i + 1 < taken.size(); ++i) {
    const Taken& of = taken[i + 1];
    tables.times[i].push_back(unless_failed(of, digits(of.ratio, of.ratio < 10 ? 2 : 1)));
    tables.memory[i].push_back(unless_failed(of, megabytes(of.peak_octets)));
  }
}

void print_table(const Tables& tables, const std::vector<Row>& rows) {
  print_header(tables.profiles);
  for (const Row& row : rows) print_row(row);
}

}  // namespace

void compare(const Settings& settings) {
  const std::vector<Other> others = settings.others ? installed_others() : std::vector<Other>{};
  Tables tables;
  tables.times = {{"tcpautopsy"}};
  for (const Other& other : others) tables.times.push_back({std::string(other.name)});
  tables.memory = tables.times;
  for (const Profile profile : settings.profiles) add_column(tables, settings, others, profile);
  print_heading("The captures:");
  print_table(tables, {tables.packets, tables.flows, tables.octets, tables.loop_rate});
  print_heading("Processor time, times that of a bare `pcap_loop`:");
  print_table(tables, tables.times);
  print_heading("Peak memory, MB:");
  print_table(tables, tables.memory);
}

}  // namespace tcpautopsy::bench
