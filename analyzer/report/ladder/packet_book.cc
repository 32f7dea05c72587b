#include "analyzer/report/ladder/packet_book.h"

#include <algorithm>

#include "analyzer/analysis/part_of.h"
#include "analyzer/flow/quoted_segment.h"
#include "analyzer/infer/shown_states.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {
namespace {

constexpr Side kSides[] = {Side::A, Side::B};

std::uint32_t number_of(const std::optional<FrameRef>& frame) {
  return frame ? static_cast<std::uint32_t>(frame->number) : 0;
}

bool names(const Finding& finding, std::uint32_t frame) {
  return std::any_of(finding.frames.begin(), finding.frames.end(),
                     [frame](const FrameRef& f) { return f.number == frame; });
}

FlowCard::Moment moment_of(const FrameRef& frame, const ShownStates& shown) {
  return {static_cast<std::uint32_t>(frame.number), shown.possible, shown.after};
}

// A packet of another connection may change a state of this one, and may hold a segment of this one too whose
// record was not kept.
void add_changes_of_others(std::vector<FlowCard::Moment>& all, const FlowHistory& history) {
  std::vector<std::uint32_t> added;
  for (const Transition& t : history.transitions) {
    const std::uint32_t frame = number_of(t.frame);
    if (t.record != kNoRecord || frame == 0) continue;
    auto at = std::upper_bound(all.begin(), all.end(), frame,
                               [](std::uint32_t f, const FlowCard::Moment& m) { return f < m.frame; });
    if (at == all.begin()) continue;
    if (std::prev(at)->frame != frame) {
      FlowCard::Moment moment = *std::prev(at);
      moment.frame = frame;
      at = std::next(all.insert(at, moment));
      added.push_back(frame);
    }
    if (std::find(added.begin(), added.end(), frame) == added.end()) continue;
    std::prev(at)->after[index(t.side)] = t.to;
    std::prev(at)->possible[index(t.side)] = t.possible;
  }
}

// Of segments and ICMP errors, those that change something.
std::vector<FlowCard::Moment> moments_of(const FlowHistory& history) {
  const std::vector<ShownStates> shown = shown_states(history), at_errors = shown_states_at_errors(history);
  std::vector<FlowCard::Moment> all;
  for (RecordIndex i = 0; i < shown.size(); ++i)
    all.push_back(moment_of(history.records()[i].frame, shown[i]));
  for (std::size_t i = 0; i < at_errors.size(); ++i)
    all.push_back(moment_of(history.trace.icmp[i].frame, at_errors[i]));
  std::inplace_merge(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown.size()), all.end(),
                     [](const FlowCard::Moment& a, const FlowCard::Moment& b) { return a.frame < b.frame; });
  add_changes_of_others(all, history);
  all.erase(std::unique(all.begin(), all.end(),
                        [](const FlowCard::Moment& a, const FlowCard::Moment& b) {
                          return a.possible == b.possible && a.after == b.after;
                        }),
            all.end());
  all.shrink_to_fit();
  return all;
}

std::vector<FlowCard::Error> errors_of(const FlowTrace& trace) {
  std::vector<FlowCard::Error> errors;
  for (const IcmpRecord& icmp : trace.icmp)
    errors.push_back(
        {number_of(icmp.frame), number_of(quoted_segment(trace, icmp)), icmp.quoted, icmp_text(icmp)});
  return errors;
}

void gravest_first(std::vector<const Finding*>& findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding* a, const Finding* b) { return a->severity > b->severity; });
}

}  // namespace

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::Unknown: return "unknown";
    case Phase::Opening: return "opening";
    case Phase::Established: return "established";
    case Phase::Closing: return "closing";
    case Phase::Closed: return "closed";
  }
  return "";
}

Phase phase_of(const PerSide<TcpState>& states, bool self_connection) {
  const auto either = [&](auto is_it) { return is_it(states[0]) || (!self_connection && is_it(states[1])); };
  const auto over = [](TcpState s) { return s == TcpState::Closed || s == TcpState::TimeWait; };
  if (either([](TcpState s) { return s == TcpState::Unknown; })) return Phase::Unknown;
  if (either([](TcpState s) {
        return s == TcpState::SynSent || s == TcpState::SynReceived || s == TcpState::Listen;
      }))
    return Phase::Opening;
  if (!either([&](TcpState s) { return !over(s); })) return Phase::Closed;
  if (either([](TcpState s) { return s != TcpState::Established; })) return Phase::Closing;
  return Phase::Established;
}

std::uint16_t PacketBook::number_of(std::string_view cause, std::string_view rfc) {
  const std::pair entry(cause, rfc);
  const auto known = std::find(causes_.begin(), causes_.end(), entry) - causes_.begin();
  if (known == static_cast<std::ptrdiff_t>(causes_.size())) causes_.push_back(entry);
  return static_cast<std::uint16_t>(known);
}

void PacketBook::add(const FlowResult& flow) {
  const std::uint64_t number = flow.history.trace.number;
  if (flows_.size() <= number) flows_.resize(number + 1);
  flows_[number] = card_of(flow);
}

FlowCard PacketBook::card_of(const FlowResult& flow) {
  const FlowHistory& h = flow.history;
  FlowCard card;
  card.number = h.trace.number;
  card.incarnation = h.trace.incarnation;
  card.encapsulation = h.trace.encapsulation;
  card.first_frame = h.trace.first.number;
  card.last_frame = h.trace.last.number;
  const FlowPlace place = FlowPlace::of(h.trace);
  card.begun_ns = place.begun_ns;
  card.without_data = place.without_data;
  card.client = h.trace.client;
  card.client_guessed = h.trace.client_guessed;
  card.self_connection = h.trace.self_connection;
  card.handshake = h.handshake;
  card.close = close_name(h);
  for (const Side side : kSides) {
    card.ends[index(side)] = h.trace.facts(side).address;
    card.final[index(side)] = h.outcome(side).final;
    card.start[index(side)] = h.before(0, side);
  }
  if (const auto shares = where_time_went(h)) card.where_time_went = where_time_went_text(*shares);
  card.findings = flow.findings;
  card.moments = moments_of(h);
  card.errors = errors_of(h.trace);
  card.changes.reserve(h.transitions.size());
  const std::vector<RecordIndex> at = shown_at(h);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Transition& t = h.transitions[i];
    card.changes.push_back({tcpautopsy::number_of(t.frame), tcpautopsy::number_of(t.proof), t.at_ns,
                            t.time_ns, t.possible, number_of(t.cause, t.rfc), t.side, t.from, t.to, t.basis});
    // Told of a packet before the one that made the change before it: shown with that.
    if (t.record != kNoRecord && at[i] < h.records().size())
      card.changes.back().frame = static_cast<std::uint32_t>(h.records()[at[i]].frame.number);
  }
  return card;
}

void PacketBook::add(Findings findings) {
  if (const PartOf parts(findings); !parts.empty()) {
    for (std::optional<FlowCard>& card : flows_) {
      if (!card) continue;
      const FlowPlace place{card->ends[index(card->client)], card->ends[index(other(card->client))],
                            card->begun_ns, card->without_data};
      for (Finding& finding : card->findings) parts.mark(finding, place);
    }
  }
  for (Finding& finding : findings) {
    for (const FrameRef& frame : finding.frames)
      by_frame_.emplace(static_cast<std::uint32_t>(frame.number), general_.size());
    general_.push_back(std::move(finding));
  }
}

const FlowCard* PacketBook::flow(std::uint64_t number) const {
  return number < flows_.size() && flows_[number] ? &*flows_[number] : nullptr;
}

PacketView PacketBook::look(const FlowCard& flow, std::uint32_t frame, TimeNs time_ns) const {
  PacketView view;
  view.flow = &flow;
  view.before = view.after = flow.start;
  const auto next = std::upper_bound(flow.moments.begin(), flow.moments.end(), frame,
                                     [](std::uint32_t f, const FlowCard::Moment& m) { return f < m.frame; });
  if (next != flow.moments.begin()) {
    const FlowCard::Moment& now = *std::prev(next);
    view.after = now.after;
    view.possible = now.possible;
    if (now.frame < frame)
      view.before = now.after;
    else if (std::prev(next) != flow.moments.begin())
      view.before = std::prev(next, 2)->after;
  }
  for (const PacketChange& change : flow.changes) {
    const bool timer = change.frame == 0;
    if (change.frame == frame) view.changes.push_back(&change);
    if ((timer ? change.time_ns <= time_ns : change.frame <= frame) &&
        change.to == view.after[index(change.side)])
      view.known_by[index(change.side)] = &change;
  }
  for (const FlowCard::Error& error : flow.errors)
    if (error.frame == frame) view.error = &error;
  for (const Finding& finding : flow.findings)
    if (names(finding, frame)) view.findings.push_back(&finding);
  for (const Finding* finding : findings_of(frame)) view.findings.push_back(finding);
  gravest_first(view.findings);
  view.phase = phase_of(view.after, flow.self_connection);
  return view;
}

std::vector<const Finding*> PacketBook::findings_of(std::uint32_t frame) const {
  std::vector<std::size_t> found;
  const auto [first, last] = by_frame_.equal_range(frame);
  for (auto i = first; i != last; ++i) found.push_back(i->second);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<const Finding*> findings;
  for (const std::size_t i : found) findings.push_back(&general_[i]);
  return findings;
}

std::vector<const FlowCard*> PacketBook::flows() const {
  std::vector<const FlowCard*> all;
  for (const std::optional<FlowCard>& card : flows_)
    if (card) all.push_back(&*card);
  return all;
}

}  // namespace tcpautopsy
