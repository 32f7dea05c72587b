// What became of the connections tried to one address and port.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyzer/hosts/attempt.h"
#include "analyzer/hosts/population.h"
#include "analyzer/hosts/syn_sources.h"
#include "analyzer/hosts/tallies.h"

namespace tcpautopsy {

// What SYN-ACKs show of cookies.
struct CookieTally {
  std::uint64_t unlike = 0, alike = 0, alike_bits = 0;
  void merge(const CookieTally& other);
};

struct ServiceTotals {
  Tallies tallies;
  SynSources sources;    // of attempts that came to nothing
  Population half_open;  // the server's SYN-RECEIVED, where it lasted
  Population kept;       // of these, those whose SYN-ACK came again: the server had them in memory
  CookieTally cookies;

  void note(const Attempt& attempt);
  void merge(const ServiceTotals& part);
};

// A scan leaves any number of services with an attempt or two: these are held as they are and summed only
// once there are more. What is known does not depend on which way it is held.
class ServiceAttempts {
 public:
  static constexpr std::size_t kFew = 3;

  ServiceAttempts() = default;
  ServiceAttempts(const ServiceAttempts& other) { *this = other; }
  ServiceAttempts& operator=(const ServiceAttempts& other);
  ServiceAttempts(ServiceAttempts&&) = default;
  ServiceAttempts& operator=(ServiceAttempts&&) = default;

  void note(const Attempt& attempt);
  void merge(const ServiceAttempts& part);

  std::uint64_t attempts() const { return attempts_; }
  // Some packet of the server was seen in one of them.
  bool answered() const { return answered_; }
  ServiceTotals totals() const;

 private:
  void sum_up();

  std::vector<Attempt> few_;
  std::unique_ptr<ServiceTotals> totals_;
  std::uint64_t attempts_ = 0;
  bool answered_ = false;
};

}  // namespace tcpautopsy
