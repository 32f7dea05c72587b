// Where the time of a connection went, in the words that are shown (time.md has the rules).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

enum class TimeCause : std::uint8_t {
  Handshake,
  ClientApplication,
  ServerApplication,
  SenderApplication,
  ReceiveWindow,
  SlowStart,
  CongestionWindow,
  LossRecovery,
  NagleDelayedAck,
  ZeroWindow,
  Network,
  Idle,
  Closing,
};
constexpr std::size_t kTimeCauses = static_cast<std::size_t>(TimeCause::Closing) + 1;

// As JSON has them, by cause.
constexpr std::array<std::string_view, kTimeCauses> kTimeFields{"handshake",
                                                                "client_application",
                                                                "server_application",
                                                                "sender_application",
                                                                "receive_window",
                                                                "slow_start",
                                                                "congestion_window",
                                                                "loss_recovery",
                                                                "nagle_delayed_ack",
                                                                "zero_window",
                                                                "network",
                                                                "idle",
                                                                "closing"};
inline std::string_view field_name(TimeCause cause) { return kTimeFields[static_cast<std::size_t>(cause)]; }
std::string_view words(TimeCause cause);  // "server application"
// What a person would look at: not the round trips, silence and closing that any connection has.
bool blames(TimeCause cause);

struct TimeShares {
  // By whose data waited. For the causes that name an end themselves it is that end.
  std::array<PerSide<TimeNs>, kTimeCauses> ns{};

  TimeNs of(TimeCause cause) const {
    const PerSide<TimeNs>& both = ns[static_cast<std::size_t>(cause)];
    return both[0] + both[1];
  }
  TimeNs whole() const;  // the time from the flow's first packet to its last
  TimeCause largest() const;
};

// None where packets cannot tell: one direction was captured, or the connection is with itself.
std::optional<TimeShares> where_time_went(const FlowHistory& history);

// "server application 62 %, receive window 20 %": the largest first, none below 1 %; empty for no time at
// all.
std::string where_time_went_text(const TimeShares& shares, std::size_t most = 4);
// "62 %", "0.4 %", "<0.1 %".
std::string percent_text(TimeNs part, TimeNs whole);

// For each cause, all connections together.
class TimeTotals {
 public:
  struct Total {
    TimeNs ns = 0;
    std::uint64_t largest_in = 0;  // connections of which it is the largest cause
    TimeNs worst_ns = 0;
    std::uint64_t worst_flow = 0;
  };

  void add(const FlowHistory& history);
  const Total& of(TimeCause cause) const { return totals_[static_cast<std::size_t>(cause)]; }
  TimeNs whole() const { return whole_; }
  std::uint64_t connections() const { return connections_; }
  // Those met, the largest first; what nobody is to blame for at the end.
  std::vector<TimeCause> order() const;

 private:
  std::array<Total, kTimeCauses> totals_{};
  TimeNs whole_ = 0;
  std::uint64_t connections_ = 0;
};

}  // namespace tcpautopsy
