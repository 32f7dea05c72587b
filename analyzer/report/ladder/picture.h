// What the drawn ladders share: the rows of one connection, in words, before they are lines on a page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/report/ladder/ladder.h"

namespace tcpautopsy {

// An arrow, or words between both ends where `from` is none.
struct PictureRow {
  std::uint64_t frame = 0;  // 0 for none
  TimeNs since_ns = 0;      // the connection's first packet
  std::string label;
  std::optional<Side> from;
  Fate fate = Fate::Unknown;
  std::uint64_t proof = 0;               // frame that shows it; 0 for none
  PerSide<const Transition*> entered{};  // the last change of state that belongs here; null for none
  std::vector<const Finding*> findings;  // that name it, and no row before it
};

// `flow` must outlive them. Runs of plain segments are one row.
std::vector<PictureRow> picture_rows(const FlowResult& flow);
// "Flow 32: 10.0.0.1:54390 to 10.0.0.2:8080", and when, how it opened and closed.
std::string picture_title(const FlowResult& flow);
std::string picture_subtitle(const FlowResult& flow, const Origin& origin);

}  // namespace tcpautopsy
