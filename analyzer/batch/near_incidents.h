// Incidents of other captures that may explain those of a line: of one cause, at the same place, at the same
// time. Archives hold very many: each cause is read once, and sorted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/batch/database.h"
#include "analyzer/seq/seq.h"

namespace tcpautopsy::batch {

class NearIncidents {
 public:
  // What an incident has in common with its cause: the address and port; the host that the cause is about, as
  // its server, or as its only client.
  enum class Shared : std::uint8_t { Service, Host, Client };

  explicit NearIncidents(Database& store);

  // Whether each incident of this cause, end and place has one of `cause` near it, in another capture.
  bool explain_all(std::string_view cause, Shared shared, std::string_view symptom, std::string_view endpoint,
                   std::string_view place);

 private:
  // Those that began first, up to this one: which of them lasted longest, and longest of all other captures.
  struct Until {
    TimeNs first_ns = 0, last_ns = 0, others_last_ns = 0;
    std::int64_t unit = 0;
  };
  using Places = std::unordered_map<std::string, std::vector<Until>>;

  const Places& of_cause(std::string_view cause, Shared shared);

  Statement causes_, line_;
  std::map<std::pair<std::string, Shared>, Places, std::less<>> by_cause_;
};

}  // namespace tcpautopsy::batch
