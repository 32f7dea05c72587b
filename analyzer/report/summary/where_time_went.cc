#include "analyzer/report/summary/where_time_went.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "analyzer/seq/saturating.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::array<std::string_view, kTimeCauses> kWords{"handshake",
                                                           "client application",
                                                           "server application",
                                                           "sender's application or buffer",
                                                           "receive window",
                                                           "slow start",
                                                           "congestion window",
                                                           "recovering from loss",
                                                           "Nagle and delayed ACK",
                                                           "zero window",
                                                           "network round trips",
                                                           "idle",
                                                           "closing"};

// The client's long silences owe nobody anything; the server's are an answer that somebody waits for.
TimeCause cause_of(HeldBy held, bool client) {
  switch (held) {
    case HeldBy::Handshake: return TimeCause::Handshake;
    case HeldBy::Application: return client ? TimeCause::ClientApplication : TimeCause::ServerApplication;
    case HeldBy::LongApplication: return client ? TimeCause::Idle : TimeCause::ServerApplication;
    case HeldBy::Sender: return TimeCause::SenderApplication;
    case HeldBy::ReceiveWindow: return TimeCause::ReceiveWindow;
    case HeldBy::SlowStart: return TimeCause::SlowStart;
    case HeldBy::CongestionWindow: return TimeCause::CongestionWindow;
    case HeldBy::LossRecovery: return TimeCause::LossRecovery;
    case HeldBy::NagleDelayedAck: return TimeCause::NagleDelayedAck;
    case HeldBy::ZeroWindow: return TimeCause::ZeroWindow;
    case HeldBy::Network: return TimeCause::Network;
    case HeldBy::Idle: return TimeCause::Idle;
    case HeldBy::Closing: return TimeCause::Closing;
  }
  return TimeCause::Network;
}

constexpr std::array<TimeCause, kTimeCauses> all_causes() {
  std::array<TimeCause, kTimeCauses> all{};
  for (std::size_t i = 0; i < kTimeCauses; ++i) all[i] = static_cast<TimeCause>(i);
  return all;
}

}  // namespace

std::string_view words(TimeCause cause) { return kWords[static_cast<std::size_t>(cause)]; }

bool blames(TimeCause cause) {
  return cause != TimeCause::Network && cause != TimeCause::Idle && cause != TimeCause::Closing;
}

TimeNs TimeShares::whole() const {
  TimeNs sum = 0;
  for (const TimeCause cause : all_causes()) sum = add_sat(sum, of(cause));
  return sum;
}

TimeCause TimeShares::largest() const {
  const auto all = all_causes();
  return *std::max_element(all.begin(), all.end(),
                           [this](TimeCause a, TimeCause b) { return of(a) < of(b); });
}

std::optional<TimeShares> where_time_went(const FlowHistory& history) {
  const FlowTrace& trace = history.trace;
  if (!history.transfer || trace.self_connection || trace.one_sided()) return std::nullopt;
  const TimeResults& facts = history.transfer->time;
  TimeShares shares;
  const auto add = [&shares](TimeCause cause, Side side, TimeNs ns) {
    shares.ns[static_cast<std::size_t>(cause)][index(side)] += ns;
  };
  for (const Side side : {Side::A, Side::B})
    for (std::size_t held = 0; held < kHolds; ++held)
      add(cause_of(static_cast<HeldBy>(held), side == trace.client), side, facts.ns[index(side)][held]);
  // Segments of other incarnations may come before the first that was followed.
  const TimeNs before = sub_sat(trace.last.time_ns - trace.first.time_ns, shares.whole());
  if (before > 0) add(facts.opening_seen ? TimeCause::Handshake : TimeCause::Network, trace.client, before);
  // By a clock that was set back, segments may lie before the first.
  TimeNs beyond = std::max<TimeNs>(-before, 0);
  for (PerSide<TimeNs>& both : shares.ns) {
    for (TimeNs& part : both) {
      const TimeNs taken = std::min(beyond, part);
      part -= taken;
      beyond -= taken;
    }
  }
  return shares;
}

std::string percent_text(TimeNs part, TimeNs whole) {
  if (whole <= 0 || part <= 0) return "0 %";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent < 0.1) return "<0.1 %";
  return percent < 9.95 ? fmt::format("{:.1f} %", percent) : fmt::format("{:.0f} %", percent);
}

std::string where_time_went_text(const TimeShares& shares, std::size_t most) {
  const TimeNs whole = shares.whole();
  auto causes = all_causes();
  std::stable_sort(causes.begin(), causes.end(),
                   [&](TimeCause a, TimeCause b) { return shares.of(a) > shares.of(b); });
  std::string out;
  for (std::size_t i = 0; i < std::min(most, causes.size()); ++i) {
    const TimeNs part = shares.of(causes[i]);
    if (part == 0 || part < whole / 100) break;
    const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    out += fmt::format("{}{} {:.0f} %", out.empty() ? "" : ", ", words(causes[i]), percent);
  }
  return out;
}

void TimeTotals::add(const FlowHistory& history) {
  const auto shares = where_time_went(history);
  if (!shares) return;
  ++connections_;
  const TimeNs whole = shares->whole();
  whole_ = add_sat(whole_, whole);
  if (whole > 0) ++totals_[static_cast<std::size_t>(shares->largest())].largest_in;
  for (const TimeCause cause : all_causes()) {
    Total& total = totals_[static_cast<std::size_t>(cause)];
    const TimeNs part = shares->of(cause);
    total.ns = add_sat(total.ns, part);
    const bool worse =
        part > total.worst_ns || (part == total.worst_ns && history.trace.number < total.worst_flow);
    if (part == 0 || !worse) continue;
    total.worst_ns = part;
    total.worst_flow = history.trace.number;
  }
}

std::vector<TimeCause> TimeTotals::order() const {
  std::vector<TimeCause> met;
  for (const TimeCause cause : all_causes())
    if (of(cause).ns > 0) met.push_back(cause);
  std::stable_sort(met.begin(), met.end(), [this](TimeCause a, TimeCause b) {
    return std::tuple(blames(a), of(a).ns) > std::tuple(blames(b), of(b).ns);
  });
  return met;
}

}  // namespace tcpautopsy
