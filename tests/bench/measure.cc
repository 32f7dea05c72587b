#include "tests/bench/measure.h"

#include <algorithm>
#include <stdexcept>

namespace tcpautopsy::bench {
namespace {

constexpr double kLeastTime = 1e-6;  // below it the clock of a process may tell nothing

template <class Member>
auto median(std::vector<Used> rounds, Member member) {
  const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), middle, rounds.end(),
                   [&](const Used& a, const Used& b) { return a.*member < b.*member; });
  return (*middle).*member;
}

double median_ratio(std::vector<Used> rounds, const std::vector<Used>& base) {
  for (std::size_t i = 0; i < rounds.size(); ++i) rounds[i].cpu_s /= std::max(base[i].cpu_s, kLeastTime);
  return median(std::move(rounds), &Used::cpu_s);
}

}  // namespace

Command tool_command(const Settings& settings, Profile profile, const std::string& capture) {
  const bool report = profile == Profile::Churn || profile == Profile::SynFlood;
  return {settings.tool, report ? "report" : "flows", "--threads", "1",
          "--format",    report ? "json" : "ndjson",  capture};
}

Command bare_command(const Settings& settings, const std::string& capture) {
  return {settings.bare_loop, capture};
}

std::vector<Other> installed_others() {
  std::vector<Other> others{{"tshark -z conv,tcp", {"tshark", "-n", "-q", "-z", "conv,tcp", "-r"}},
                            {"tcptrace", {"tcptrace", "-n"}},
                            {"argus", {"argus", "-X", "-w", "/dev/null", "-r"}}};
  std::erase_if(others, [](const Other& other) { return !installed(other.arguments[0]); });
  return others;
}

void check(const Settings& settings, const CaptureFile& capture) {
  const Printed printed =
      count_lines({settings.tool, "flows", "--threads", "1", "--format", "ndjson", capture.path()});
  if (printed.status != 0)
    throw std::runtime_error("the tool ended with status " + std::to_string(printed.status));
  if (printed.lines != capture.flows())
    throw std::runtime_error("the tool finds " + std::to_string(printed.lines) + " flows of " +
                             std::to_string(capture.flows()));
}

std::vector<Taken> measure(const std::vector<Command>& commands, unsigned rounds) {
  std::vector<std::vector<Used>> used(commands.size());
  for (unsigned round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < commands.size(); ++i) used[i].push_back(run(commands[i]));
  std::vector<Taken> taken;
  for (const std::vector<Used>& runs : used) {
    const bool failed = std::any_of(runs.begin(), runs.end(), [](const Used& u) { return u.status != 0; });
    taken.push_back({median(runs, &Used::cpu_s), median_ratio(runs, used.front()),
                     median(runs, &Used::peak_octets), failed});
  }
  return taken;
}

}  // namespace tcpautopsy::bench
