#include <algorithm>

#include "analyzer/decode/flags_text.h"
#include "analyzer/flow/quoted_segment.h"
#include "analyzer/infer/shown_states.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

std::string_view fate_name(Fate fate) {
  switch (fate) {
    case Fate::Received: return "received";
    case Fate::LostAfterTap: return "lost_after_tap";
    case Fate::Unknown: return "unknown";
  }
  return "";
}

void write_states(JsonWriter& w, const FlowHistory& history, const ShownStates& shown) {
  const auto each = [&](auto write) {
    w.begin_object();
    w.key("client");
    write(index(history.client()));
    w.key("server");
    if (history.trace.self_connection)
      w.null();
    else
      write(index(history.server()));
    w.end_object();
  };
  w.key("state");
  each([&](std::size_t side) { w.word(name(shown.after[side])); });
  w.key("possible");
  each([&](std::size_t side) {
    w.begin_array();
    shown.possible[side].each([&](TcpState state) { w.word(name(state)); });
    w.end_array();
  });
}

void write_delivery(JsonWriter& w, const FlowHistory& history, RecordIndex at) {
  const Delivery& delivery = history.deliveries[at];
  w.word_field("delivery", fate_name(delivery.fate));
  w.key("delivery_shown_by");
  if (delivery.proof < history.records().size())
    w.value(history.records()[delivery.proof].frame.number);
  else
    w.null();
}

void write_place(JsonWriter& w, const FlowHistory& history, const FrameRef& frame, const Origin& origin) {
  w.field("frame", frame.number);
  if (frame.file != history.trace.first.file) w.field("file", origin.file(frame));
  w.field("time_ns", frame.time_ns);
}

void write_segment(JsonWriter& w, const FlowHistory& history, RecordIndex at, const ShownStates& shown,
                   const Origin& origin) {
  const SegmentRecord& r = history.records()[at];
  w.begin_object();
  write_place(w, history, r.frame, origin);
  w.word_field("endpoint", endpoint_name(history.trace, r.side));
  w.word_field("flags", flags_text(r.flags));
  w.field("seq", r.seq);
  w.field("length", r.payload);
  w.field("ack", r.has(kAck) ? std::optional(r.ack) : std::nullopt);
  w.field("window", advertised_window(history, r));
  w.field("folded_packets", r.folded_packets);
  w.field("remarks", remarks_text(history, at));
  if (at < history.deliveries.size()) write_delivery(w, history, at);
  write_states(w, history, shown);
  w.end_object();
}

void write_turns(JsonWriter& w, const FlowHistory& history, const Origin& origin) {
  const FlowTrace& trace = history.trace;
  w.key("turns");
  w.begin_array();
  if (history.transfer && !trace.self_connection) {
    for (const Turn& turn : history.transfer->turns.first) {
      w.begin_object();
      write_place(w, history, turn.first, origin);
      w.field("last_ns", turn.last_ns);
      w.word_field("endpoint", endpoint_name(trace, turn.side));
      w.field("bytes", turn.bytes);
      w.field("writes", turn.writes);
      w.field("wait_ns", turn.wait_ns < 0 ? std::nullopt : std::optional(turn.wait_ns));
      w.field("overlaps", turn.overlaps);
      w.field("resent", turn.retransmitted);
      w.end_object();
    }
  }
  w.end_array();
}

// "contradiction": the first segment that no course of events of `endpoint` explains, or null: the capture
// missed segments, they are not in order, or they are not that end's own.
// "lost_after_capture_point": by sender, the segments known to have been lost between here and the receiver.
void write_doubts(JsonWriter& w, const FlowHistory& history, const Origin& origin) {
  w.key("contradiction");
  if (history.contradiction) {
    w.begin_object();
    write_place(w, history, history.contradiction->segment.frame, origin);
    w.word_field("endpoint", endpoint_name(history.trace, history.contradiction->side));
    w.end_object();
  } else {
    w.null();
  }
  w.key("lost_after_capture_point");
  w.begin_object();
  for (const Side side : {history.client(), history.server()}) {
    w.key(endpoint_name(history.trace, side));
    w.begin_array();
    for (const SegmentRef& lost : history.lost_after_tap[index(side)]) w.value(lost.frame.number);
    w.end_array();
  }
  w.end_object();
}

void write_errors(JsonWriter& w, const FlowHistory& history, const Origin& origin) {
  constexpr std::size_t kTold = 16;
  const std::vector<ShownStates> shown = shown_states_at_errors(history);
  w.field("icmp_total", history.trace.icmp_total);
  w.key("icmp");
  w.begin_array();
  for (std::size_t i = 0; i < std::min(shown.size(), kTold); ++i) {
    const IcmpRecord& icmp = history.trace.icmp[i];
    w.begin_object();
    write_place(w, history, icmp.frame, origin);
    w.word_field("endpoint", endpoint_name(history.trace, icmp.quoted));
    w.field("type", unsigned{icmp.type});
    w.field("code", unsigned{icmp.code});
    w.field("text", icmp_text(icmp));
    const std::optional<FrameRef> quoted = quoted_segment(history.trace, icmp);
    w.field("quoted_frame", quoted ? std::optional(quoted->number) : std::nullopt);
    write_states(w, history, shown[i]);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

std::string ladder_json(const FlowResult& flow, const Origin& origin) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.field("schema", 1);
  w.key("flow");
  write_flow(w, flow, origin);
  w.key("segments");
  w.begin_array();
  const std::vector<ShownStates> shown = shown_states(flow.history);
  for (RecordIndex i = 0; i < shown.size(); ++i) write_segment(w, flow.history, i, shown[i], origin);
  w.end_array();
  write_turns(w, flow.history, origin);
  write_doubts(w, flow.history, origin);
  write_errors(w, flow.history, origin);
  w.key("findings");
  w.begin_array();
  for (const Finding& finding : flow.findings) write_finding(w, {finding, &flow.history.trace}, origin);
  w.end_array();
  w.end_object();
  return out;
}

}  // namespace tcpautopsy
