#include "analyzer/causes/escalations.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

const std::vector<Escalation>& table() {
  static const std::vector<Escalation> rows{
      {"service_unreachable", {"connect_timeout", "syn_unanswered"}},
      {"connect_timeout", {"syn_unanswered"}},
      {"service_refusing", {"connection_refused"}},
      {"accept_queue_overflow", {"accept_dropped", "handshake_ack_lost", "syn_backlog_full"}},
      {"close_wait_pileup", {"close_wait_stuck"}},
      {"port_exhaustion", {"time_wait_excess"}},
      {"retransmission_rate", {"retransmission_timeout"}},
      {"slow_server", {"slow_response"}},
      {"zero_window_stuck", {"zero_window"}},
  };
  return rows;
}

}  // namespace

std::span<const Escalation> escalations() { return table(); }

std::vector<std::string_view> milder_forms(std::string_view id) {
  const auto row =
      std::find_if(table().begin(), table().end(), [id](const auto& r) { return r.graver == id; });
  return row == table().end() ? std::vector<std::string_view>{} : row->milder;
}

std::vector<std::string_view> graver_forms(std::string_view id) {
  std::vector<std::string_view> out;
  for (const Escalation& row : table())
    if (std::find(row.milder.begin(), row.milder.end(), id) != row.milder.end()) out.push_back(row.graver);
  return out;
}

}  // namespace tcpautopsy
