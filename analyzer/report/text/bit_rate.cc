#include "analyzer/report/text/bit_rate.h"

#include <fmt/format.h>

namespace tcpautopsy {

std::string bit_rate(std::uint64_t octets, TimeNs span) {
  double rate = 8e9 * static_cast<double>(octets) / static_cast<double>(span);
  std::string_view unit = "bit/s";
  for (const std::string_view larger : {"kbit/s", "Mbit/s", "Gbit/s"}) {
    if (rate < 999.5) break;
    rate /= 1000;
    unit = larger;
  }
  return fmt::format("{:.{}f} {}", rate, rate < 99.95 && unit != "bit/s" ? 1 : 0, unit);
}

}  // namespace tcpautopsy
