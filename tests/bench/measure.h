// What is run, and what it takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/capture_file.h"
#include "tests/bench/child.h"
#include "tests/bench/profiles.h"

namespace tcpautopsy::bench {

struct Settings {
  double scale = 1;
  unsigned rounds = 5;
  std::uint64_t seed = 1;
  std::vector<Profile> profiles{kProfiles.begin(), kProfiles.end()};
  std::string tool, bare_loop;  // paths of the programs
  bool others = true;           // beside the other analysers that are installed
};

// `report` of churn and floods, of which nobody reads a line a connection; else `flows`.
Command tool_command(const Settings& settings, Profile profile, const std::string& capture);
Command bare_command(const Settings& settings, const std::string& capture);

struct Other {
  std::string_view name;
  Command arguments;  // the capture follows
};
std::vector<Other> installed_others();

// Reads the capture with the tool, and throws std::runtime_error unless it finds as many flows as were made.
void check(const Settings& settings, const CaptureFile& capture);

// Medians of all rounds.
struct Taken {
  double cpu_s = 0;
  double ratio = 0;  // of its time to that of the first command in the same round
  std::uint64_t peak_octets = 0;
  bool failed = false;  // in a round
};
// All commands in turn in each round, so that what slows the machine slows all.
std::vector<Taken> measure(const std::vector<Command>& commands, unsigned rounds);

}  // namespace tcpautopsy::bench
