#include "analyzer/hosts/population.h"

namespace tcpautopsy {

std::vector<Population::Moment> Population::moments() const {
  std::vector<Moment> moments;
  changes_.each([&](TimeNs at_ns, const Change& change) {
    if (moments.empty() || moments.back().at_ns != at_ns) {
      moments.push_back(moments.empty() ? Moment{} : moments.back());
      moments.back().at_ns = at_ns;
    }
    moments.back().counts[static_cast<std::size_t>(change.state)] += change.by;
  });
  return moments;
}

Population::Peak Population::peak(TcpState state) const {
  Peak peak;
  for (const Moment& moment : moments()) {
    const std::int64_t count = moment.counts[static_cast<std::size_t>(state)];
    if (count > peak.count) peak = {count, moment.at_ns};
  }
  return peak;
}

std::int64_t Population::at(TcpState state, TimeNs time_ns) const {
  const TimeNs step_ns = changes_.step_ns();
  std::int64_t count = 0;
  changes_.each([&](TimeNs at_ns, const Change& change) {
    if (change.state == state && at_ns - step_ns < time_ns) count += change.by;
  });
  return count;
}

}  // namespace tcpautopsy
