#include <fmt/format.h>

#include <algorithm>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/summary/time_tables.h"
#include "analyzer/report/text/bit_rate.h"
#include "analyzer/report/text/outcome_text.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMark = 5;  // columns for the numbers of findings
// Of the arrows at least; below the first there are no times, if the width is to be kept.
constexpr std::size_t kMiddle = 28, kNarrowMiddle = 16;

// Draws the rungs of one flow, line by line.
class Drawing {
 public:
  Drawing(const FlowResult& flow, const TextStyle& style)
      : flow_(flow), history_(flow.history), style_(style) {}

  std::string draw(const Ladder& ladder) {
    measure(ladder);
    header();
    for (const Rung& rung : ladder.rungs) draw(rung);
    return std::move(out_);
  }

 private:
  // States take the columns they need; the arrows get the rest.
  void measure(const Ladder& ladder) {
    frame_width_ = std::max<std::size_t>(5, std::to_string(history_.trace.last.number).size());
    time_width_ = std::max<std::size_t>(8, seconds(history_.trace.last.time_ns).size());
    state_width_ = {columns(initial(Side::A).text), columns(initial(Side::B).text)};
    for (const Rung& rung : ladder.rungs) {
      if (rung.kind == Rung::Kind::Timer) time_width_ = std::max(time_width_, seconds(rung.time_ns).size());
      for (std::size_t side = 0; side < 2; ++side) {
        state_width_[side] = std::max(state_width_[side], columns(entered(rung.moves[side]).text));
      }
    }
    const std::size_t fixed =
        kMark + frame_width_ + 1 + time_width_ + 1 + state_width_[0] + 1 + 1 + state_width_[1];
    middle_ = style_.width > fixed ? style_.width - fixed : 0;
    if (middle_ < kMiddle && style_.keeps_width) {
      middle_ = std::max(middle_ + time_width_ + 1, kNarrowMiddle);
      timed_ = false;
    }
    middle_ = std::max(middle_, timed_ ? kMiddle : kNarrowMiddle);
  }

  void header() {
    const bool one = history_.trace.self_connection;
    line("", "frame", "seconds", cell("client", Paint::Bold), std::string(middle_, ' '),
         cell(one ? "" : "server", Paint::Bold));
    line("", "", "", initial(history_.client()), bars(""), one ? Cell{} : initial(history_.server()));
  }

  struct Cell {
    std::string text;
    Paint paint = Paint::Plain;
  };
  static Cell cell(std::string_view text, Paint paint) { return {std::string(text), paint}; }

  // What the end was in before anything captured changed it.
  Cell initial(Side side) const { return cell(name(history_.before(0, side)), Paint::Dim); }

  // The state entered, marked by how it is known; the legend explains the marks.
  static Cell entered(const std::vector<const Transition*>& moves) {
    if (moves.empty()) return {};
    const std::string text = entered_text(*moves.back());
    switch (moves.back()->basis) {
      case Basis::Observed: return {text, Paint::Bold};
      case Basis::Confirmed: return {text, Paint::Plain};
      case Basis::Inferred: return {text, Paint::Yellow};
      case Basis::Timer: return {text, Paint::Cyan};
    }
    return {};
  }

  void draw(const Rung& rung) {
    switch (rung.kind) {
      case Rung::Kind::Segment: draw_segment(rung); break;
      case Rung::Kind::Run: draw_run(rung); break;
      case Rung::Kind::Timer: draw_timer(rung); break;
      case Rung::Kind::Icmp:
        packet_line(rung, history_.trace.icmp[rung.icmp].frame.number,
                    bars(icmp_text(history_.trace.icmp[rung.icmp])));
        break;
    }
    for (const Finding* finding : rung.findings) introduce(*finding);
  }

  void draw_segment(const Rung& rung) {
    const SegmentRecord& r = history_.records()[rung.record];
    if (r.folded_packets > 0) left_out(r);
    packet_line(rung, r.frame.number,
                arrow(segment_label(history_, rung.record, middle_ - 9), r.side, fate(rung.record)));
  }

  void draw_timer(const Rung& rung) { packet_line(rung, 0, bars(timer_text(rung))); }

  void draw_run(const Rung& rung) {
    line("", "", seconds(rung.time_ns), {}, bars(run_text(history_, rung)), {}, Paint::Dim);
  }

  // Segments that the flow's record does not hold one by one.
  void left_out(const SegmentRecord& r) {
    line("", "", "", {}, bars(left_out_text(history_, r)), {}, Paint::Dim);
  }

  Fate fate(RecordIndex record) const {
    return record < history_.deliveries.size() ? history_.deliveries[record].fate : Fate::Unknown;
  }

  std::string bars(std::string_view text) const {
    return "|  " + padded(first_words(text, middle_ - 6), middle_ - 6) + "  |";
  }

  std::string arrow(const std::string& label, Side from, Fate fate) const {
    const std::size_t shaft = middle_ - 2 - 3 - 1 - columns(label) - 1;
    const bool forward = from == history_.client();
    const char body = fate == Fate::Received ? '-' : '.';
    std::string run(shaft, body);
    if (fate == Fate::LostAfterTap) {
      // The segment ends on the way: cross, then nothing.
      run = std::string(shaft, '-');
      const std::size_t reach = shaft > 6 ? shaft - 6 : 1;
      run = forward ? run.substr(0, reach) + "X" + std::string(shaft - reach, ' ')
                    : std::string(shaft - reach, ' ') + "X" + run.substr(0, reach);
      return forward ? "|-- " + label + ' ' + run + "|" : "|" + run + ' ' + label + " --|";
    }
    const std::string stub(2, body);
    return forward ? "|" + stub + ' ' + label + ' ' + run + ">|"
                   : "|<" + run + ' ' + label + ' ' + stub + "|";
  }

  std::string seconds(TimeNs time) const { return elapsed_text(time - history_.trace.first.time_ns); }

  void packet_line(const Rung& rung, std::uint64_t frame, const std::string& middle) {
    std::string mark;
    for (const Finding* finding : rung.findings)
      mark += fmt::format("{}{}", mark.empty() ? "!" : ",", number(*finding));
    const bool one = history_.trace.self_connection;
    line(mark, frame == 0 ? "" : std::to_string(frame), seconds(rung.time_ns),
         entered(rung.moves[index(history_.client())]), middle,
         one ? Cell{} : entered(rung.moves[index(history_.server())]));
  }

  void line(std::string_view mark, std::string_view frame, std::string_view time, const Cell& left,
            const std::string& middle, const Cell& right, Paint paint = Paint::Plain) {
    const std::string shown = first_words(mark, kMark - 1);
    out_ += style_.paint(Paint::Red, shown) + std::string(kMark - columns(shown), ' ');
    out_ += padded_left(frame, frame_width_) + ' ';
    if (timed_) out_ += padded_left(time, time_width_) + ' ';
    const std::size_t room = state_width_[index(history_.client())];
    out_ += std::string(room - std::min(room, columns(left.text)), ' ') + style_.paint(left.paint, left.text);
    out_ += ' ' + style_.paint(paint, middle) + ' ' + style_.paint(right.paint, right.text);
    out_.erase(out_.find_last_not_of(' ') + 1);
    out_ += '\n';
  }

  std::size_t number(const Finding& finding) const {
    return static_cast<std::size_t>(&finding - flow_.findings.data()) + 1;
  }

  // The finding's name below the first frame that it names; later frames bear its number only.
  void introduce(const Finding& finding) {
    const std::size_t n = number(finding);
    if (std::find(introduced_.begin(), introduced_.end(), n) != introduced_.end()) return;
    introduced_.push_back(n);
    out_ += style_.paint(severity_paint(finding.severity), fmt::format("   ^ !{} {}", n, finding.id)) + '\n';
  }

  const FlowResult& flow_;
  const FlowHistory& history_;
  const TextStyle& style_;
  std::size_t frame_width_ = 5, time_width_ = 8, middle_ = kMiddle;
  bool timed_ = true;
  PerSide<std::size_t> state_width_{};
  std::vector<std::size_t> introduced_;
  std::string out_;
};

std::string round_trip(const FlowHistory& history, Side side) {
  return history.rtt(side) ? readable_span(*history.rtt(side)) : "not measured";
}

std::string wrapping(const Encapsulation& encapsulation) {
  std::string out;
  for (const std::uint16_t tag : encapsulation.vlan) out += fmt::format(", VLAN {}", tag);
  if (!encapsulation.tunnel.empty()) out += ", tunnel " + encapsulation.tunnel;
  return out;
}

// File, frames, when, and for how long unless all came at one time.
std::string place_text(const FlowTrace& trace, const Origin& origin) {
  std::string out = fmt::format("{}: frames {} to {}, {}", printable(origin.file(trace.first)),
                                trace.first.number, trace.last.number, readable_time(trace.first.time_ns));
  const TimeNs lasted = trace.last.time_ns - trace.first.time_ns;
  return lasted == 0 ? out : out + ", " + readable_span(lasted);
}

// From the first packet to the last; empty where all came at one time, or nothing was carried.
std::string rates(const FlowTrace& trace, const SideFacts& client, const SideFacts& server,
                  const TextStyle& style) {
  const TimeNs span = trace.last.time_ns - trace.first.time_ns;
  if (span <= 0 || client.payload_bytes + server.payload_bytes == 0) return "";
  return paragraph("  ",
                   fmt::format("goodput client {}, server {}; on the wire {}, {}",
                               bit_rate(client.payload_bytes, span), bit_rate(server.payload_bytes, span),
                               bit_rate(client.wire_bytes, span), bit_rate(server.wire_bytes, span)),
                   style.width);
}

std::string heading(const FlowResult& flow, const Origin& origin, const TextStyle& style) {
  const FlowHistory& history = flow.history;
  const FlowTrace& trace = history.trace;
  const SideFacts& client = trace.facts(history.client());
  const SideFacts& server = trace.facts(history.server());
  const bool one = trace.self_connection;
  std::string title = fmt::format("Flow {}: {} ", trace.number, to_string(client.address));
  title += one ? "with itself"
               : fmt::format("(client{}) to {} (server)", trace.client_guessed ? ", guessed" : "",
                             to_string(server.address));
  if (trace.incarnation > 0) title += fmt::format(", incarnation {}", trace.incarnation);
  title += wrapping(origin.encapsulation);
  std::string out =
      style.paint(Paint::Bold, style.keeps_width ? paragraph("", title, style.width) : title + '\n');
  out += paragraph("  ", place_text(trace, origin), style.width);
  std::string end = fmt::format("{}; at the capture's end client {}", outcome_text(history),
                                final_text(history, history.client()));
  if (!one) end += fmt::format(", server {}", final_text(history, history.server()));
  out += paragraph("  ", end, style.width);
  if (history.contradiction)
    out += paragraph("  ",
                     fmt::format("frame {} fits no state that the {} can have been in: segments were missed, "
                                 "came out of order, or are not its own",
                                 history.contradiction->segment.frame.number,
                                 endpoint_name(trace, history.contradiction->side)),
                     style.width);
  if (one)
    return out + fmt::format("  {}, {} of payload\n", plural(client.packets, "packet", "packets"),
                             readable_bytes(client.payload_bytes));
  return out +
         paragraph(
             "  ",
             fmt::format("client sent {}, {} of payload; server {}, {}; round trip between capture point and "
                         "client {}, server {}",
                         plural(client.packets, "packet", "packets"), readable_bytes(client.payload_bytes),
                         plural(server.packets, "packet", "packets"), readable_bytes(server.payload_bytes),
                         round_trip(history, history.client()), round_trip(history, history.server())),
             style.width) +
         rates(trace, client, server, style);
}

std::string heading_line(std::string_view title, const TextStyle& style) {
  return fmt::format("\n{}\n", style.paint(Paint::Bold, title));
}

std::string basis_text(const Transition& t) {
  std::string out(name(t.basis));
  if (t.proof) out += fmt::format(" by {}", t.proof->number);
  return out;
}

// "FIN-WAIT-1 > FIN-WAIT-2", with what else it may be now.
std::string change_text(const Transition& t) {
  std::string out = fmt::format("{} > {}", name(t.from), name(t.to));
  if (t.basis == Basis::Confirmed) return out;
  t.possible.each([&](TcpState s) {
    if (s != t.to) out += fmt::format(" or {}", name(s));
  });
  return out;
}

std::string transitions_text(const FlowHistory& history, const TextStyle& style) {
  Table table({"SECONDS", "ENDPOINT", "CHANGE", "FRAME", "BASIS", "CAUSE", "RFC"}, {0, 3});
  for (const Transition& t : history.transitions) {
    table.add({elapsed_text(t.at_ns - history.trace.first.time_ns),
               std::string(endpoint_name(history.trace, t.side)), change_text(t),
               t.frame ? std::to_string(t.frame->number) : "-", basis_text(t), std::string(t.cause),
               std::string(t.rfc)});
  }
  if (table.empty()) return "";
  table.may_leave_out({"RFC", "CAUSE", "FRAME", "SECONDS"});
  return heading_line("Changes of state, when the endpoint itself made them", style) +
         table.text(in_full(style), 2);
}

std::string findings_text(const FlowResult& flow, const TextStyle& style) {
  std::string out = heading_line("Findings", style);
  if (flow.findings.empty()) out += "  none\n";
  for (std::size_t i = 0; i < flow.findings.size(); ++i) {
    const Finding& finding = flow.findings[i];
    const auto endpoint = finding_endpoint({finding, &flow.history.trace});
    out += fmt::format("  !{} {} {}{}, {}\n", i + 1,
                       style.paint(severity_paint(finding.severity), name(finding.severity)),
                       style.paint(Paint::Bold, finding.id), endpoint ? fmt::format(" ({})", *endpoint) : "",
                       name(finding.certainty));
    out += paragraph("     ", printable(finding.summary), style.width);
    if (!finding.frames.empty()) out += paragraph("     frames ", frames_text(finding, 12), style.width);
  }
  return out;
}

// Only the signs that the ladder uses.
std::string legend(const FlowHistory& history, const TextStyle& style) {
  std::string out = heading_line("Legend", style);
  const auto say = [&](bool used, std::string_view sign, std::string_view meaning) {
    if (used) out += paragraph(fmt::format("  {:<9}", sign), meaning, style.width);
  };
  const auto changed = [&](Basis basis) {
    return std::any_of(history.transitions.begin(), history.transitions.end(),
                       [basis](const Transition& t) { return t.basis == basis; });
  };
  const auto went = [&](auto fits) {
    return std::any_of(history.deliveries.begin(), history.deliveries.end(),
                       [&](const Delivery& d) { return fits(d.fate); });
  };
  const bool doubtful =
      std::any_of(history.transitions.begin(), history.transitions.end(), [](const Transition& t) {
        return t.basis != Basis::Confirmed && !t.possible.empty() && !t.possible.single();
      });
  const bool unscaled = std::any_of(history.records().begin(), history.records().end(),
                                    [&](const SegmentRecord& r) { return !advertised_window(history, r); });
  say(changed(Basis::Observed), "STATE", "observed: the endpoint's own segment shows it");
  say(changed(Basis::Confirmed), "STATE+",
      "confirmed: a later segment of the endpoint proves that it received this one");
  say(changed(Basis::Inferred), "(STATE)",
      "inferred: follows if the segment arrived, which nothing later proves");
  say(changed(Basis::Timer), "[STATE]",
      "timer: follows from time passing, by profile " + history.profile.name);
  say(doubtful, "?", "other states remain possible; the one shown is the likelier");
  say(went([](Fate f) { return f == Fate::Received; }), "----->", "arrival is proved");
  say(went([](Fate f) { return f == Fate::Unknown; }), ".....>", "captured; arrival is not proved");
  say(went([](Fate f) { return f == Fate::LostAfterTap; }), "---X",
      "lost between the capture point and the receiver");
  say(unscaled, "win N?", "the window's scale is not known: N is the number in the header");
  return out;
}

}  // namespace

std::string ladder_text(const FlowResult& flow, const Origin& origin, const TextStyle& style,
                        const LadderChoice& choice) {
  const Ladder ladder = make_ladder(flow, choice.full);
  std::string out = heading(flow, origin, style) + time_table(flow.history, style) + '\n' +
                    Drawing(flow, style).draw(ladder);
  if (flow.history.trace.records_left_out > 0) {
    out += fmt::format("  ({} more segments were not kept)\n", grouped(flow.history.trace.records_left_out));
  }
  if (flow.history.trace.ended_early)
    out += "  (ended early, by a limit; what came later is told as another connection)\n";
  return out + turns_table(flow.history, style, choice.turns) + transitions_text(flow.history, style) +
         findings_text(flow, style) + legend(flow.history, style);
}

}  // namespace tcpautopsy
