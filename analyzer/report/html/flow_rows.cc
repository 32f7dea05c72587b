#include "analyzer/report/html/flow_rows.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "analyzer/report/text/names.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Values that come often, told by their places in a list.
class Dictionary {
 public:
  std::size_t place(std::string text) {
    const auto [found, fresh] = places_.try_emplace(std::move(text), words_.size());
    if (fresh) words_.push_back(&found->first);
    return found->second;
  }
  void write(JsonWriter& w, std::string_view name) const {
    w.column(name, words_, [](const std::string* word) -> std::string_view { return *word; });
  }

 private:
  std::map<std::string, std::size_t, std::less<>> places_;
  std::vector<const std::string*> words_;
};

}  // namespace

bool FlowRows::Row::before(const Row& other) const {
  const auto rank = [](const Row& row) {
    return std::tuple(-static_cast<int>(row.worst), ~(row.octets[0] + row.octets[1]), row.number);
  };
  return rank(*this) < rank(other);
}

void FlowRows::add(const FlowResult& flow) {
  const FlowHistory& history = flow.history;
  const FlowTrace& trace = history.trace;
  Row row;
  row.number = trace.number;
  row.place = FlowPlace::of(trace);
  if (trace.self_connection) row.place.server = row.place.client;
  row.last_ns = trace.last.time_ns;
  const std::array<Side, 2> ends{history.client(), history.server()};
  for (std::size_t end = 0; end < (trace.self_connection ? 1U : 2U); ++end) {
    const SideFacts& facts = trace.facts(ends[end]);
    row.packets[end] = facts.packets;
    row.octets[end] = facts.payload_bytes;
    row.final[end] = history.outcome(ends[end]).final;
    if (history.transfer) row.resent += history.transfer->retransmissions[index(ends[end])].retransmissions;
  }
  row.close = close_name(history);
  row.handshake = history.handshake;
  if (const auto shares = where_time_went(history); shares && shares->whole() > 0)
    row.cause = shares->largest();
  for (const Finding& finding : flow.findings) row.worst = std::max(row.worst, finding.severity);
  rows_.push_back(row);
  sorted_ = false;
  if (rows_.size() >= 2 * most_) shrink();
}

void FlowRows::shrink() {
  if (rows_.size() <= most_) return;
  std::nth_element(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(most_), rows_.end(),
                   [](const Row& a, const Row& b) { return a.before(b); });
  left_out_ += rows_.size() - most_;
  rows_.resize(most_);
  sorted_ = false;
}

void FlowRows::sort() {
  if (!std::exchange(sorted_, true))
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.number < b.number; });
}

const FlowPlace* FlowRows::place(std::uint64_t flow) {
  sort();
  const auto found =
      std::partition_point(rows_.begin(), rows_.end(), [flow](const Row& row) { return row.number < flow; });
  return found != rows_.end() && found->number == flow ? &found->place : nullptr;
}

void FlowRows::write(JsonWriter& w) {
  shrink();
  sort();
  TimeNs base_us = 0;
  if (!rows_.empty())
    base_us = std::min_element(rows_.begin(), rows_.end(),
                               [](const Row& a, const Row& b) { return a.place.begun_ns < b.place.begun_ns; })
                  ->place.begun_ns /
              1000;
  Dictionary hosts, closes, handshakes, states, causes;
  const auto column = [&](std::string_view name, auto value) { w.column(name, rows_, value); };
  w.begin_object();
  w.field("left_out", left_out_);
  w.field("base_us", base_us);
  column("number", [before = std::uint64_t{0}](const Row& row) mutable {
    return row.number - std::exchange(before, row.number);
  });
  column("begun_us", [&](const Row& row) { return row.place.begun_ns / 1000 - base_us; });
  column("lasted_us", [](const Row& row) { return (row.last_ns - row.place.begun_ns) / 1000; });
  column("client", [&](const Row& row) { return hosts.place(to_string(row.place.client.ip)); });
  column("client_port", [](const Row& row) { return row.place.client.port; });
  column("server", [&](const Row& row) { return hosts.place(to_string(row.place.server.ip)); });
  column("server_port", [](const Row& row) { return row.place.server.port; });
  column("sent", [](const Row& row) { return row.octets[0]; });
  column("received", [](const Row& row) { return row.octets[1]; });
  column("packets", [](const Row& row) { return row.packets[0] + row.packets[1]; });
  column("resent", [](const Row& row) { return row.resent; });
  column("handshake", [&](const Row& row) { return handshakes.place(std::string(name(row.handshake))); });
  column("close", [&](const Row& row) { return closes.place(std::string(row.close)); });
  column("client_state", [&](const Row& row) { return states.place(std::string(name(row.final[0]))); });
  column("server_state", [&](const Row& row) { return states.place(std::string(name(row.final[1]))); });
  column("cause", [&](const Row& row) {
    return causes.place(row.cause ? std::string(words(*row.cause)) : std::string());
  });
  hosts.write(w, "hosts");
  closes.write(w, "closes");
  handshakes.write(w, "handshakes");
  states.write(w, "states");
  causes.write(w, "causes");
  w.end_object();
}

}  // namespace tcpautopsy
