// What a host's TCP does by the clock: the numbers of docs/contract.md's profiles.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

struct Profile {
  std::string name = "linux";
  TimeNs time_wait = 60 * kSecond;
  std::optional<TimeNs> fin_wait_2 = 60 * kSecond;  // after close() only; none: it waits for ever
  TimeNs syn_give_up = 127 * kSecond;               // from the first SYN
  unsigned syn_retries = 6;
  unsigned syn_ack_retries = 5;
  unsigned data_retries = 15;
  unsigned orphan_retries = 8;
  TimeNs minimum_rto = 200 * kMillisecond;

  // nullopt for a name that is none of profile_names().
  static std::optional<Profile> named(std::string_view name);
};

const std::vector<std::string>& profile_names();

}  // namespace tcpautopsy
