#include "analyzer/report/summary/time_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/report/text/names.h"
#include "analyzer/report/text/time_text.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kBar = 20;        // columns of the longest bar
constexpr std::size_t kWithBars = 100;  // narrower there are none
constexpr std::size_t kFewTurns = 10;
constexpr std::uint64_t kManyAnswers = 20;  // below, a 95th percentile says no more than the greatest

std::string heading_of(std::string_view title, const TextStyle& style) {
  return '\n' + style.paint(Paint::Bold, title) + '\n';
}

std::string bar(TimeNs part, TimeNs whole) {
  const double share = static_cast<double>(part) / static_cast<double>(whole);
  return std::string(static_cast<std::size_t>(std::lround(share * kBar)), '#');
}

// Whose data waited, for the causes that do not name an end themselves.
std::string whose(const FlowHistory& history, const TimeShares& shares, TimeCause cause) {
  switch (cause) {
    case TimeCause::Handshake:
    case TimeCause::ClientApplication:
    case TimeCause::ServerApplication:
    case TimeCause::Idle:
    case TimeCause::Closing: return "";
    default: break;
  }
  const PerSide<TimeNs>& ns = shares.ns[static_cast<std::size_t>(cause)];
  const TimeNs client = ns[index(history.client())], server = ns[index(history.server())];
  if (cause == TimeCause::Network) {
    if (server == 0 || client == 0) return server == 0 ? "to the client and back" : "to the server and back";
    return fmt::format("to the client and back {}, server {}", readable_span(client), readable_span(server));
  }
  const bool window = cause == TimeCause::ReceiveWindow || cause == TimeCause::ZeroWindow;
  if (server == 0) return window ? "client's data, server's window" : "client's data";
  if (client == 0) return window ? "server's data, client's window" : "server's data";
  return fmt::format("client's data {}, server's {}", readable_span(client), readable_span(server));
}

std::vector<TimeCause> by_size(const TimeShares& shares) {
  std::vector<TimeCause> met;
  for (std::size_t i = 0; i < kTimeCauses; ++i)
    if (const auto cause = static_cast<TimeCause>(i); shares.of(cause) > 0) met.push_back(cause);
  std::stable_sort(met.begin(), met.end(),
                   [&](TimeCause a, TimeCause b) { return shares.of(a) > shares.of(b); });
  return met;
}

std::string turn_remarks(const Turn& turn) {
  std::string out;
  const auto say = [&out](bool so, std::string_view what) {
    if (so) out.append(out.empty() ? "" : "; ").append(what);
  };
  say(turn.overlaps, "possible: overlaps, for it began before all of the other's data had come");
  say(turn.writes > 1, "possible: several messages");
  say(turn.retransmitted, "what it answers was retransmitted");
  return out;
}

// How soon the server answers, and the part of it that the network needs.
std::string answers_line(const FlowHistory& history, const TurnResults& facts, const TextStyle& style) {
  const LogSketch& waits = facts.waits[index(history.server())];
  if (!waits) return "";
  std::string text;
  if (waits.count() == 1) {
    text = fmt::format("The server's answer began after {}", readable_span(waits.least()));
  } else {
    text = fmt::format("The server's {} answers began after {} at least, {} in the middle, ",
                       grouped(waits.count()), readable_span(waits.least()), readable_span(waits.median()));
    if (waits.count() >= kManyAnswers)
      text += fmt::format("95 % within {}, ", readable_span(waits.quantile(0.95)));
    text += fmt::format("{} at most", readable_span(waits.greatest()));
  }
  if (const auto& rtt = history.trace.facts(history.server()).rtt_min_ns)
    text += fmt::format("; the round trip from the capture point takes {} of it", readable_span(*rtt));
  return paragraph("  ", text + ".", style.width);
}

}  // namespace

std::string time_table(const FlowHistory& history, const TextStyle& style) {
  const auto shares = where_time_went(history);
  if (!shares || shares->whole() == 0) return "";
  const TimeNs whole = shares->whole();
  const bool bars = !style.keeps_width || style.width >= kWithBars;
  std::string out = heading_of("Where the time went", style);
  for (const TimeCause cause : by_size(*shares)) {
    const TimeNs part = shares->of(cause);
    std::vector<std::string> cells{padded(words(cause), 30) + ' ' + padded_left(readable_span(part), 11) +
                                   ' ' + padded_left(percent_text(part, whole), 7)};
    if (bars) cells.push_back(padded(bar(part, whole), kBar));
    cells.push_back(whose(history, *shares, cause));
    out += table_row(cells, 2, in_full(style).width) + '\n';
  }
  return out;
}

std::string turns_table(const FlowHistory& history, const TextStyle& style, bool all) {
  const FlowTrace& trace = history.trace;
  if (!history.transfer || trace.self_connection) return "";
  const TurnResults& facts = history.transfer->turns;
  if (facts.first.empty()) return "";
  const std::size_t shown = all ? facts.first.size() : std::min(facts.first.size(), kFewTurns);
  const std::uint64_t total = facts.turns[0] + facts.turns[1];
  std::string out = heading_of("Turns: runs of data of one end, the nearest to messages", style);
  Table table({"SECONDS", "FRAME", "ENDPOINT", "BYTES", "WRITES", "ANSWERED AFTER", "TOOK", "REMARKS"},
              {0, 1, 3, 4, 5, 6});
  for (std::size_t i = 0; i < shown; ++i) {
    const Turn& turn = facts.first[i];
    const double seconds = static_cast<double>(turn.first.time_ns - trace.first.time_ns) / 1e9;
    table.add({fmt::format("{:.6f}", seconds), std::to_string(turn.first.number),
               std::string(endpoint_name(trace, turn.side)), grouped(turn.bytes), grouped(turn.writes),
               turn.wait_ns < 0 ? "-" : readable_span(turn.wait_ns),
               readable_span(turn.last_ns - turn.first.time_ns), turn_remarks(turn)});
  }
  table.may_leave_out({"TOOK", "FRAME", "WRITES", "BYTES", "SECONDS"});
  out += table.text(in_full(style), 2);
  if (total > shown) {
    const bool more = shown < facts.first.size();
    out += fmt::format("  and {} more{}\n", grouped(total - shown), more ? " (--turns)" : "");
  }
  return out + answers_line(history, facts, style);
}

Table time_totals_table(const TimeTotals& totals) {
  Table table({"cause", "time", "share", "main cause of", "longest"}, {1, 2, 3});
  table.may_leave_out({"main cause of", "share"});
  for (const TimeCause cause : totals.order()) {
    const TimeTotals::Total& total = totals.of(cause);
    table.add({std::string(words(cause)), readable_span(total.ns), percent_text(total.ns, totals.whole()),
               grouped(total.largest_in),
               fmt::format("{} in flow {}", readable_span(total.worst_ns), total.worst_flow)});
  }
  return table;
}

}  // namespace tcpautopsy
