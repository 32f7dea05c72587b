// Connections tried, by service and by source: when, how many at once, and what became of them.
#pragma once

#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/isns.h"
#include "analyzer/hosts/key_sample.h"
#include "analyzer/hosts/service_attempts.h"
#include "analyzer/hosts/targets.h"

namespace tcpautopsy {

class Attempts {
 public:
  void note(const EndedConnection& ended);
  void merge(const Attempts& part);

  // f(EndpointAddress, ServiceAttempts)
  template <class F>
  void each_service(F f) const {
    services_.each(f);
  }
  // Only those that `wanted(ServiceAttempts)`.
  template <class Wanted, class F>
  void each_service(Wanted wanted, F f) const {
    services_.each([&](const EndpointAddress&, const ServiceAttempts& tried) { return wanted(tried); }, f);
  }
  // f(IpAddress, std::vector<Probe>), for those with `least` targets or more.
  template <class F>
  void each_source(std::size_t least, F f) const {
    sources_.each(least, f);
  }
  // f(IpAddress, Isns)
  template <class F>
  void each_host(F f) const {
    isns_.each(f);
  }
  // So many targets each that a source has stands for.
  double targets_scale() const { return sources_.scale(); }

 private:
  void note_isns(const Attempt& attempt, const EndedConnection& ended);

  // Some 200 octets for a service tried once or twice, at most half a megabyte for a busy one.
  KeySample<EndpointAddress, ServiceAttempts, std::size_t{1} << 18> services_;
  KeySample<IpAddress, Isns, std::size_t{1} << 13> isns_;
  Targets sources_;
};

}  // namespace tcpautopsy
