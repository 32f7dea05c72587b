// Single segments and ICMP errors in words, for the ladder.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/decode/flags_text.h"
#include "analyzer/decode/window_scale.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/text/text.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// Destination unreachable: RFC 792 and RFC 1812 5.2.7.1; RFC 4443 3.1.
std::string_view unreachable_v4(std::uint8_t code) {
  switch (code) {
    case 0: return "network unreachable";
    case 1: return "host unreachable";
    case 2: return "protocol unreachable";
    case 3: return "port unreachable";
    case 4: return "fragmentation needed";
    case 9: return "network administratively prohibited";
    case 10: return "host administratively prohibited";
    case 13: return "communication administratively prohibited";
    default: return "destination unreachable";
  }
}

std::string_view unreachable_v6(std::uint8_t code) {
  switch (code) {
    case 0: return "no route to destination";
    case 1: return "communication administratively prohibited";
    case 3: return "address unreachable";
    case 4: return "port unreachable";
    case 5: return "source address failed policy";
    case 6: return "reject route to destination";
    default: return "destination unreachable";
  }
}

std::string_view icmp_meaning(const IcmpRecord& icmp) {
  if (icmp.v6) {
    switch (icmp.type) {
      case 1: return unreachable_v6(icmp.code);
      case 2: return "packet too big";
      case 3: return "hop limit exceeded";
      case 4: return "parameter problem";
      default: return "error";
    }
  }
  switch (icmp.type) {
    case 3: return unreachable_v4(icmp.code);
    case 4: return "source quench";
    case 5: return "redirect";
    case 11: return "TTL exceeded";
    case 12: return "parameter problem";
    default: return "error";
  }
}

// One that its sender sent not knowing that the window had opened.
bool told_as_window_probe(const FlowHistory& history, const SegmentRecord& r) {
  if (!history.transfer) return false;
  const Incidents& probes = history.transfer->windows[index(r.side)].window_probes;
  if (!probes) return false;
  const auto frames = probes.frames();
  return std::any_of(frames.begin(), frames.end(), [&](const FrameRef& frame) {
    return frame.number == r.frame.number && frame.file == r.frame.file;
  });
}

// The window that the segment's receiver had advertised last was 0.
bool closed_to(const FlowTrace& trace, RecordIndex at) {
  const RecordIndex told = last_before(trace, at, other(trace.records[at].side),
                                       [](const SegmentRecord& r) { return r.has(kAck) && !r.has(kRst); });
  return told != kNoRecord && trace.records[told].window == 0;
}

}  // namespace

std::optional<std::uint64_t> advertised_window(const FlowHistory& history, const SegmentRecord& record) {
  // The window of a SYN is never scaled; zero is zero by any scale.
  if (record.has(kSyn) || record.window == 0) return record.window;
  const SideFacts& own = history.trace.facts(record.side);
  const SideFacts& peer =
      history.trace.facts(history.trace.self_connection ? record.side : other(record.side));
  if (!window_scale_known(own, peer)) return std::nullopt;
  return std::uint64_t{record.window} << window_shift(own.syn_options, peer.syn_options);
}

std::string segment_text(const FlowHistory& history, RecordIndex at, Detail detail) {
  const SegmentRecord& r = history.records()[at];
  std::string out = flags_text(r.flags);
  if (detail == Detail::NoNumbers) return out;
  if (r.payload > 0 || (r.flags & (kSyn | kFin | kRst)) != 0) {
    fmt::format_to(std::back_inserter(out), " {}:{}({})", r.seq, r.seq + r.payload, r.payload);
  }
  if (r.has(kAck)) fmt::format_to(std::back_inserter(out), " ack {}", r.ack);
  if (detail == Detail::Whole && !r.has(kRst)) {
    const auto window = advertised_window(history, r);
    fmt::format_to(std::back_inserter(out), " win {}{}", window.value_or(r.window), window ? "" : "?");
  }
  if (r.mss != 0) fmt::format_to(std::back_inserter(out), " mss {}", r.mss);
  if (r.fast_open) out += " tfo";
  if (r.has_sack) out += r.is_dsack ? " dsack" : " sack";
  return out;
}

std::string segment_label(const FlowHistory& history, RecordIndex at, std::size_t room) {
  const std::string remarks = remarks_text(history, at);
  const std::string tail = remarks.empty() ? "" : " [" + remarks + "]";
  for (const Detail detail : {Detail::Whole, Detail::NoWindow}) {
    std::string label = segment_text(history, at, detail) + tail;
    if (columns(label) <= room) return label;
  }
  const std::size_t left = room > columns(tail) ? room - columns(tail) : 0;
  const std::string flags = segment_text(history, at, Detail::NoNumbers);
  if (left < columns(flags)) return first_words(flags + tail, room);
  return first_words(segment_text(history, at, Detail::NoWindow), left) + tail;
}

std::string remarks_text(const FlowHistory& history, RecordIndex at) {
  const SegmentRecord& r = history.records()[at];
  std::string out;
  const auto say = [&out](bool is, std::string_view what) {
    if (is) out.append(out.empty() ? "" : ", ").append(what);
  };
  const bool into_closed_window =
      r.looks_like_probe() && (closed_to(history.trace, at) || told_as_window_probe(history, r));
  say(into_closed_window, "window probe");
  say(r.standing.keepalive && !into_closed_window, "keep-alive");
  say(r.standing.retransmission && !r.standing.keepalive && !into_closed_window, "resent");
  say(r.standing.fills_gap && !r.standing.retransmission, "fills a gap");
  say(r.standing.after_gap, "after a gap");
  say(r.standing.acks_unseen, "acks what was not captured");
  say(r.copy, "seen twice");
  say(r.bad_checksum, "bad checksum");
  say(r.window == 0 && !r.has(kRst) && !r.has(kSyn), "zero window");
  return out;
}

std::string icmp_text(const IcmpRecord& icmp) {
  std::string out = fmt::format("{}: {} (type {} code {}", icmp.v6 ? "ICMPv6" : "ICMP", icmp_meaning(icmp),
                                icmp.type, icmp.code);
  if (icmp.mtu != 0) out += fmt::format(", mtu {}", icmp.mtu);
  out += fmt::format(") from {}, ", to_string(icmp.reporter));
  if (icmp.in_doubt) return out + "may quote another connection";
  return out + fmt::format("quotes seq {}", icmp.seq);
}

std::string entered_text(const Transition& change) {
  const std::string state(name(change.to));
  const std::string doubt = change.possible.empty() || change.possible.single() ? "" : "?";
  switch (change.basis) {
    case Basis::Observed: return state + doubt;
    case Basis::Confirmed: return state + "+";
    case Basis::Inferred: return "(" + state + ")" + doubt;
    case Basis::Timer: return "[" + state + "]" + doubt;
  }
  return "";
}

std::string run_text(const FlowHistory& history, const Rung& run) {
  const RunTotals sum = totals(history, run);
  std::string text;
  const auto add = [&](Side side, std::string_view way) {
    const std::uint64_t segments = sum.segments[index(side)];
    if (segments == 0) return;
    text += text.empty() ? plural(segments, "segment", "segments") : "; " + grouped(segments);
    if (sum.octets[index(side)] > 0) text += ", " + readable_bytes(sum.octets[index(side)]);
    text.append(" ").append(way);
  };
  add(history.client(), "->");
  add(history.server(), "<-");
  return "... " + text + " ...";
}

std::string left_out_text(const FlowHistory& history, const SegmentRecord& record) {
  return "... " + plural(record.folded_packets, "segment", "segments") +
         (record.side == history.client() ? " -> " : " <- ") + readable_bytes(record.folded_bytes) + " ...";
}

std::string timer_text(const Rung& timer) {
  std::string why;
  for (const auto& moves : timer.moves)
    for (const Transition* move : moves) why = std::string(move->cause);
  return why;
}

std::string elapsed_text(TimeNs since_ns) {
  return fmt::format("{:.6f}", static_cast<double>(since_ns) / 1e9);
}

}  // namespace tcpautopsy
