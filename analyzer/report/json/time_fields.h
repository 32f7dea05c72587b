// The fields of a flow's line that tell of times and turns, for any writer that has JsonWriter's calls.
#pragma once

#include <utility>

#include "analyzer/infer/flow_history.h"
#include "analyzer/report/json/flow_fields.h"
#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy::flow_fields {

template <class W, std::size_t... cause>
void time_fields(W& w, const std::optional<TimeShares>& shares, std::index_sequence<cause...>) {
  const auto of = [&](std::size_t i) {
    return shares ? std::optional(shares->of(static_cast<TimeCause>(i))) : std::nullopt;
  };
  (w.field(kTimeFields[cause], of(cause)), ...);
}

template <class W>
void time_went(W& w, const FlowHistory& history) {
  w.key("where_time_went_ns");
  w.begin_object();
  time_fields(w, where_time_went(history), std::make_index_sequence<kTimeCauses>());
  w.end_object();
}

template <class W>
void spread(W& w, const LogSketch& sketch) {
  const Quantiles of(sketch);
  w.field("min", of.least);
  w.field("median", of.median);
  w.field("p95", of.p95);
  w.field("max", of.greatest);
}

// Runs of data of the client, and what the server sends in between. Packets show no boundaries of messages:
// the word is never "certain".
template <class W>
void turns(W& w, const FlowHistory& history) {
  const FlowTrace& trace = history.trace;
  const bool told = history.transfer && !trace.self_connection && !trace.one_sided();
  static const TurnResults kNone;
  const TurnResults& facts = told ? history.transfer->turns : kNone;
  const std::size_t client = index(history.client()), server = index(other(history.client()));
  const auto value = [told](std::uint64_t number) { return told ? std::optional(number) : std::nullopt; };
  w.key("turns");
  w.begin_object();
  w.field("count", value(facts.turns[client]));
  w.field("request_bytes", value(facts.bytes[client]));
  w.field("response_bytes", value(facts.bytes[server]));
  w.key("response_time_ns");
  w.begin_object();
  spread(w, facts.waits[server]);
  w.end_object();
  w.key("write_bytes");
  w.begin_object();
  for (const auto& [end, side] : {std::pair("client", client), std::pair("server", server)}) {
    w.key(end);
    w.begin_object();
    w.field("count", value(facts.write_sizes[side].count()));
    spread(w, facts.write_sizes[side]);
    w.end_object();
  }
  w.end_object();
  const bool doubtful =
      facts.overlapping[client] + facts.overlapping[server] + facts.several_writes[client] > 0;
  if (told && facts.turns[client] + facts.turns[server] > 0)
    w.word_field("certainty", doubtful ? "possible" : "likely");
  else
    w.null_field("certainty");
  w.end_object();
}

}  // namespace tcpautopsy::flow_fields
