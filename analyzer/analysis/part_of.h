// Which findings about single flows are part of what was found of a host.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "analyzer/detect/detector.h"

namespace tcpautopsy {

// What decides of a flow.
struct FlowPlace {
  EndpointAddress client, server;
  TimeNs begun_ns = 0;  // its first packet
  bool without_data = false;

  static FlowPlace of(const FlowFacts& trace);
};

class PartOf {
 public:
  PartOf() = default;
  explicit PartOf(const Findings& found);  // of which those of hosts count

  // Id of the host finding to which a finding `id` of this flow belongs; empty for none. Of several the
  // gravest, then the first by id.
  std::string_view of(std::string_view id, const FlowPlace& flow) const;
  // Tells the finding so, if it is: it counts as info then.
  void mark(Finding& finding, const FlowPlace& flow) const;
  bool empty() const { return episodes_.empty(); }

  // Whether any host finding could take it.
  static bool possible(std::string_view id);

 private:
  struct Episode {
    const Detector* detector = nullptr;
    std::optional<std::uint16_t> port;
    Severity severity = Severity::Info;
    TimeNs from_ns = 0, until_ns = 0;
  };

  void look(std::string_view id, const FlowPlace& flow, bool client, const Episode*& best) const;

  std::map<IpAddress, std::vector<Episode>> episodes_;
};

}  // namespace tcpautopsy
