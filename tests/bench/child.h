// Programs as children, with what they used of processor and memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tcpautopsy::bench {

using Command = std::vector<std::string>;  // the first is found in PATH

struct Used {
  double cpu_s = 0;               // user and system
  std::uint64_t peak_octets = 0;  // of resident memory
  int status = 0;                 // of its exit; -1 if a signal ended it
};

// From then on Ctrl-C ends the child that runs, and what waits for it throws: so captures are taken away.
void leave_interrupts_to_children();

// Runs it with its output thrown away. Throws std::runtime_error if it cannot be started. What this process
// has in memory must be little: Linux counts it as the child's until the child is another program.
Used run(const Command& command);

struct Printed {
  int status = 0;
  std::uint64_t lines = 0;
};
// The same with its lines counted, and its errors shown.
Printed count_lines(const Command& command);

// Does it in a process of its own, whose memory is given back, and returns what it returns. Throws
// std::runtime_error if that fails.
std::string apart(const std::function<std::string()>& work);

bool installed(const std::string& program);

}  // namespace tcpautopsy::bench
