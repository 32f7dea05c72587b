#include "analyzer/report/ladder/packet_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "analyzer/infer/shown_states.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

std::string frame_text(const FrameRef& frame, const FrameRef& beside, const Origin& origin) {
  std::string text = fmt::format("frame {}", frame.number);
  if (frame.file != beside.file) text += " of " + printable(origin.file(frame));
  return text;
}

std::string change_text(const Transition& change, const FlowTrace& trace, const FrameRef& beside,
                        const Origin& origin) {
  std::string text = fmt::format("{} {} > {} ({}, {}", endpoint_name(trace, change.side), name(change.from),
                                 name(change.to), change.cause, name(change.basis));
  if (change.proof) text += " by " + frame_text(*change.proof, beside, origin);
  return text + ")";
}

// Where packets leave more open than the likeliest state.
std::string possible_text(const ShownStates& shown, const FlowTrace& trace) {
  std::string text;
  for (const Side side : {trace.client, other(trace.client)}) {
    const StateSet possible = shown.possible[index(side)];
    if (possible.empty() || (possible.single() && possible.has(shown.after[index(side)]))) continue;
    if (trace.self_connection && side != trace.client) continue;
    std::vector<std::string_view> states;
    possible.each([&](TcpState state) { states.push_back(name(state)); });
    text += fmt::format("; {} may be in {}", endpoint_name(trace, side), fmt::join(states, " or "));
  }
  return text;
}

}  // namespace

std::string states_text(const PerSide<TcpState>& states, Side client, bool self_connection) {
  std::string text = "client " + std::string(name(states[index(client)]));
  if (!self_connection) text += ", server " + std::string(name(states[index(other(client))]));
  return text;
}

void for_each_state_note(const FlowResult& flow, const Origin& origin,
                         const std::function<void(const FrameRef&, const std::string&)>& each) {
  const FlowHistory& h = flow.history;
  const FlowTrace& trace = h.trace;
  const std::vector<ShownStates> shown = shown_states(h);
  const std::vector<RecordIndex> at = shown_at(h);
  std::vector<std::size_t> changes(at.size());
  std::iota(changes.begin(), changes.end(), 0);
  std::stable_sort(changes.begin(), changes.end(),
                   [&](std::size_t a, std::size_t b) { return at[a] < at[b]; });
  auto change = changes.begin();
  PerSide<TcpState> before{h.before(0, Side::A), h.before(0, Side::B)};
  for (RecordIndex i = 0; i < shown.size(); ++i) {
    const auto first = change;
    while (change != changes.end() && at[*change] <= i) ++change;
    if (i > 0 && shown[i].after == before) continue;
    before = shown[i].after;
    const FrameRef& frame = h.records()[i].frame;
    std::string text =
        fmt::format("flow {}: {}", trace.number, states_text(before, trace.client, trace.self_connection));
    text += possible_text(shown[i], trace);
    for (auto made = first; made != change; ++made)
      text += "; " + change_text(h.transitions[*made], trace, frame, origin);
    each(frame, text);
  }
}

std::string subject_of(const Finding& finding) {
  if (finding.flow) return fmt::format("flow {}", *finding.flow);
  if (!finding.host) return "capture";
  if (finding.port) return "host " + to_string(EndpointAddress{*finding.host, *finding.port});
  return "host " + to_string(*finding.host);
}

std::string sentence_of(const Finding& finding) {
  return fmt::format("{}: {}", finding.id, printable(finding.summary));
}

}  // namespace tcpautopsy
