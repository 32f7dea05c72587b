// The fields of a flow's line in the contract's order, for any writer that has JsonWriter's calls.
#pragma once

#include <array>
#include <optional>

#include "analyzer/compat/community_id.h"
#include "analyzer/decode/address_text.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/text/time_text.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy::flow_fields {

// Calls `each(name, side)` for client and server; a self-connection has one endpoint and `absent(name)`
// stands for the other.
template <class Each, class Absent>
void for_ends(const FlowHistory& history, Each each, Absent absent) {
  each("client", history.client());
  if (history.trace.self_connection) {
    absent("server");
  } else {
    each("server", history.server());
  }
}

template <class W, class Number>
void pair(W& w, std::string_view name, const FlowHistory& history, Number number) {
  w.key(name);
  w.begin_object();
  for_ends(
      history, [&](std::string_view end, Side side) { w.field(end, number(side)); },
      [&](std::string_view end) { w.null_field(end); });
  w.end_object();
}

template <class W>
void address(W& w, std::string_view name, const EndpointAddress& end) {
  std::array<char, kLongestAddress> ip;
  w.key(name);
  w.begin_object();
  w.word_field("ip", {ip.data(), write_address(ip.data(), end.ip)});
  w.field("port", end.port);
  w.end_object();
}

template <class W>
void identity(W& w, const FlowHistory& history, const Origin& origin) {
  const FlowTrace& trace = history.trace;
  const EndpointAddress& client = trace.facts(history.client()).address;
  const EndpointAddress& server = trace.self_connection ? client : trace.facts(history.server()).address;
  w.field("schema", 1);
  w.field("flow", trace.number);
  w.field("file", origin.file(trace.first));
  address(w, "client", client);
  address(w, "server", server);
  w.field("client_guessed", trace.client_guessed);
  w.field("incarnation", trace.incarnation);
  w.key("vlan");
  w.begin_array();
  for (const std::uint16_t tag : origin.encapsulation.vlan) w.value(tag);
  w.end_array();
  w.field("tunnel", origin.encapsulation.tunnel);
  std::array<char, kCommunityIdSize> community;
  w.word_field("community_id", {community.data(), write_community_id(community.data(), client, server)});
}

template <class W>
void extent(W& w, const FlowHistory& history, const Origin& origin) {
  const FlowTrace& trace = history.trace;
  std::array<char, kRfc3339Size> first_time;
  write_rfc3339(first_time.data(), trace.first.time_ns);
  w.word_field("first_time", {first_time.data(), first_time.size()});
  w.field("first_ns", trace.first.time_ns);
  w.field("last_ns", trace.last.time_ns);
  w.field("first_frame", trace.first.number);
  w.field("last_frame", trace.last.number);
  w.key("last_file");  // where last_frame counts, if that is another file
  if (trace.last.file == trace.first.file) {
    w.null();
  } else {
    w.value(origin.file(trace.last));
  }
  w.field("ended_early", trace.ended_early);
  const auto sum = [&](auto member) { return trace.sides[0].*member + trace.sides[1].*member; };
  pair(w, "packets", history, [&](Side side) { return trace.facts(side).packets; });
  w.field("duplicates", sum(&SideFacts::copies));
  pair(w, "payload_bytes", history, [&](Side side) { return trace.facts(side).payload_bytes; });
  pair(w, "wire_bytes", history, [&](Side side) { return trace.facts(side).wire_bytes; });
}

template <class W>
void verdict(W& w, const FlowHistory& history) {
  w.word_field("handshake", name(history.handshake));
  w.word_field("close", close_name(history));
  w.word_field("closed_first", closed_first_name(history));
  w.field("zeek_conn_state", history.words.zeek_conn_state);
  w.field("zeek_history", history.words.zeek_history);
  w.field("completeness", history.words.completeness);
}

template <class W>
void states(W& w, std::string_view key, StateSet set) {
  w.key(key);
  w.begin_array();
  set.each([&](TcpState state) { w.word(name(state)); });
  w.end_array();
}

// The frame by whose segment a receipt is proved, with its file where that is not the flow's first.
template <class W>
void proof(W& w, const FlowHistory& history, const Transition& change, const Origin& origin) {
  if (!change.proof) return w.null_field("proved_by");
  const FrameRef& frame = *change.proof;
  w.field("proved_by", frame.number);
  if (frame.file != history.trace.first.file) w.field("proved_by_file", origin.file(frame));
}

template <class W>
void transition(W& w, const FlowHistory& history, const Transition& change, const Origin& origin) {
  w.begin_object();
  w.field("time_ns", change.time_ns);
  w.field("at_ns", change.at_ns);
  w.key("frame");
  if (change.frame) {
    w.value(change.frame->number);
    if (change.frame->file != history.trace.first.file) w.field("file", origin.file(*change.frame));
  } else {
    w.null();
  }
  w.word_field("endpoint", endpoint_name(history.trace, change.side));
  w.word_field("from", name(change.from));
  w.word_field("to", name(change.to));
  w.word_field("basis", name(change.basis));
  proof(w, history, change, origin);
  w.word_field("cause", change.cause);
  w.word_field("rfc", change.rfc);
  if (!change.possible.empty() && !change.possible.single()) states(w, "possible", change.possible);
  w.end_object();
}

template <class W>
void finals(W& w, const FlowHistory& history) {
  w.key("final");
  w.begin_object();
  for_ends(
      history, [&](std::string_view end, Side side) { w.word_field(end, name(history.outcome(side).final)); },
      [&](std::string_view end) { w.null_field(end); });
  w.end_object();
  w.key("final_possible");
  w.begin_object();
  for_ends(
      history,
      [&](std::string_view end, Side side) {
        w.key(end);
        w.begin_array();
        for (const TcpState state : history.outcome(side).final_possible) w.word(name(state));
        w.end_array();
      },
      [&](std::string_view end) { w.null_field(end); });
  w.end_object();
}

// Of a connection whose data were not followed only the checksums are known.
template <class W>
void counts_of_end(W& w, const FlowHistory& history, std::optional<Side> side) {
  const TransferResults* transfer = side ? history.transfer.get() : nullptr;
  const auto number = [&](std::string_view name, auto value) {
    w.field(name, transfer ? std::optional<std::uint64_t>(value(index(*side))) : std::nullopt);
  };
  const auto resends = [&](std::string_view name, auto value) {
    number(name, [&](std::size_t i) { return value(transfer->retransmissions[i]); });
  };
  w.begin_object();
  resends("retransmissions", [](const RetransmissionResults& facts) { return facts.retransmissions; });
  resends("fast_retransmissions", [](const RetransmissionResults& facts) { return facts.fast_count(); });
  resends("rto_retransmissions", [](const RetransmissionResults& facts) { return facts.timeout_count(); });
  resends("tail_loss_probes", [](const RetransmissionResults& facts) { return facts.probe_count(); });
  resends("spurious_retransmissions",
          [](const RetransmissionResults& facts) { return facts.spurious_count(); });
  resends("out_of_order", [](const RetransmissionResults& facts) { return facts.out_of_order.count(); });
  resends("duplicate_acks", [](const RetransmissionResults& facts) { return facts.duplicate_acks; });
  number("keepalives", [&](std::size_t i) { return transfer->probes[i].keepalives.count(); });
  number("zero_windows", [&](std::size_t i) { return transfer->windows[i].zero_window_segments; });
  number("window_probes", [&](std::size_t i) { return transfer->windows[i].window_probes.count(); });
  resends("missing_bytes", [](const RetransmissionResults& facts) { return facts.missing_octets; });
  w.field("bad_checksums", side ? std::optional(history.trace.facts(*side).bad_checksums) : std::nullopt);
  w.end_object();
}

template <class W>
void counts(W& w, const FlowHistory& history) {
  w.key("counts");
  w.begin_object();
  for_ends(
      history,
      [&](std::string_view end, Side side) {
        w.key(end);
        counts_of_end(w, history, side);
      },
      [&](std::string_view end) {
        w.key(end);
        counts_of_end(w, history, std::nullopt);
      });
  w.end_object();
}

// Of a sketch; unknown without values.
struct Quantiles {
  std::optional<TimeNs> least, median, p95, greatest;

  Quantiles() = default;
  explicit Quantiles(const LogSketch& of) {
    if (!of) return;
    least = of.least();
    median = of.median();
    p95 = of.quantile(0.95);
    greatest = of.greatest();
  }
};

// Of the samples that no delayed ACK made longer; where there are none, of the handshake.
inline Quantiles round_trips_of(const FlowHistory& history, Side side) {
  if (history.transfer) {
    const LogSketch& spread = history.transfer->retransmissions[index(side)].round_trips.spread();
    if (spread) return Quantiles(spread);
  }
  LogSketch handshake;
  if (const auto& measured = history.trace.facts(side).rtt_handshake_ns) handshake.add(*measured);
  return Quantiles(handshake);
}

template <class W>
void round_trips(W& w, const FlowHistory& history) {
  w.key("rtt_ns");
  w.begin_object();
  const auto end = [&](std::string_view which, std::optional<Side> side) {
    const SideFacts* facts = side ? &history.trace.facts(*side) : nullptr;
    w.key(which);
    w.begin_object();
    w.field("handshake", facts ? facts->rtt_handshake_ns : std::nullopt);
    w.field("min", facts ? facts->rtt_min_ns : std::nullopt);
    const Quantiles spread = side ? round_trips_of(history, *side) : Quantiles();
    w.field("median", spread.median);
    w.field("p95", spread.p95);
    w.field("max", spread.greatest);
    w.end_object();
  };
  for_ends(history, end, [&](std::string_view which) { end(which, std::nullopt); });
  w.end_object();
}

// An option is known, offered or not, only of an end whose SYN was captured whole; an option not offered has
// no value.
template <class W>
void options(W& w, const FlowHistory& history) {
  w.key("options");
  w.begin_object();
  const auto end = [&](std::string_view which, std::optional<Side> side) {
    const SideFacts* facts = side ? &history.trace.facts(*side) : nullptr;
    const bool known = facts != nullptr && facts->syn_seen;
    static constexpr TcpOptions kNone;
    const TcpOptions& offered = known ? facts->syn_options : kNone;
    const auto whether = [&](bool on) {
      return on || (known && !offered.cut) ? std::optional<bool>(on) : std::nullopt;
    };
    w.key(which);
    w.begin_object();
    w.field("mss", offered.has_mss ? std::optional<std::uint16_t>(offered.mss) : std::nullopt);
    w.field("window_scale",
            offered.has_window_scale ? std::optional<unsigned>(offered.window_scale) : std::nullopt);
    w.field("sack", whether(offered.sack_permitted));
    w.field("timestamps", whether(offered.has_timestamps));
    w.field("tfo", whether(offered.fast_open));
    w.end_object();
  };
  for_ends(history, end, [&](std::string_view which) { end(which, std::nullopt); });
  w.end_object();
}

}  // namespace tcpautopsy::flow_fields
