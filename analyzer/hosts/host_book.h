// What the connections of a capture, or of many, add up to for each host and service.
#pragma once

#include "analyzer/hosts/attempts.h"
#include "analyzer/hosts/census.h"
#include "analyzer/hosts/checks.h"
#include "analyzer/hosts/ended_connection.h"
#include "analyzer/hosts/exchanges.h"

namespace tcpautopsy {

// Each part has `note(ended)` and `merge(part)`. What is kept is bounded or grows with the number of
// hosts and services, never with time; parts of a capture, split by flow in any way and merged in any order,
// give what the whole gives, to the bit.
class HostBook {
 public:
  void note(const EndedConnection& ended);
  void merge(const HostBook& part);

  const Census& census() const { return census_; }        // states over time
  const Attempts& attempts() const { return attempts_; }  // connections tried, and what became of them
  const Checks& checks() const { return checks_; }        // connections without data, by source and service
  const Exchanges& exchanges() const { return exchanges_; }  // what was carried, how fast, how often again

 private:
  Census census_;
  Attempts attempts_;
  Checks checks_;
  Exchanges exchanges_;
};

}  // namespace tcpautopsy
