// Connections of one source to one service that carried no data, and when they began: what health checks show
// in.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/key_sample.h"
#include "analyzer/hosts/keys.h"

namespace tcpautopsy {

// Opened by the source and let go by it, with no octet of data.
struct Check {
  TimeNs begun_ns = 0;
  std::uint64_t flow = 0;
  FrameRef syn;
  bool reset = false;  // let go by RST
};

struct CheckTimes {
  static constexpr std::size_t kMost = 32;

  std::vector<Check> first;  // by time, the first of them
  std::uint64_t count = 0, resets = 0;
  TimeNs last_ns = 0;  // when the last began

  void note(const Check& check);
  void merge(const CheckTimes& part);
};

class Checks {
 public:
  void note(const EndedConnection& ended);
  void merge(const Checks& part) { kept_.merge(part.kept_); }

  // f(VisitKey, CheckTimes), for those that `wanted(CheckTimes)`.
  template <class Wanted, class F>
  void each(Wanted wanted, F f) const {
    kept_.each([&](const VisitKey&, const CheckTimes& times) { return wanted(times); }, f);
  }

 private:
  KeySample<VisitKey, CheckTimes, std::size_t{1} << 12> kept_;
};

}  // namespace tcpautopsy
