#include "analyzer/analysis/analysis.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <utility>

#include "analyzer/analysis/capture_findings.h"
#include "analyzer/analysis/decode_ahead.h"
#include "analyzer/analysis/history_queue.h"
#include "analyzer/analysis/service_book.h"
#include "analyzer/analysis/translated_book.h"
#include "analyzer/flow/flow_table.h"
#include "analyzer/infer/historian.h"
#include "analyzer/infer/predecessor.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kNoTime = std::numeric_limits<TimeNs>::min();

}  // namespace

struct Analysis::State {
  State(AnalysisOptions o, OnFlow f)
      : options(std::move(o)),
        on_flow(std::move(f)),
        decoder({options.bounds.fragments, options.bounds.encapsulations}),
        table(flow_options(), [this](FinishedFlow&& flow) { histories.add(std::move(flow), end_ns()); }),
        histories(options.threads, options.profile, [this](HistoryQueue::Told& told) { conclude(told); }) {}

  FlowOptions flow_options() const {
    FlowOptions flow;
    flow.time_wait = options.profile.time_wait;
    flow.give_up = std::max(flow.give_up, options.profile.syn_give_up + options.profile.syn_give_up / 2);
    flow.keep_all = options.keep_all;
    flow.max_records = options.bounds.records;
    flow.max_incarnations = options.bounds.incarnations;
    flow.max_octets = options.bounds.for_connections();
    // What a flow weighs does not depend on what is asked of it.
    flow.peer_words = options.peer_words || flow.max_octets != FlowOptions{}.max_octets;
    flow.first_flow = options.first_flow;
    flow.on_segment = options.on_segment;
    return flow;
  }

  TimeNs end_ns() const {
    if (options.capture_end_ns) return *options.capture_end_ns;
    if (stated_end_ns != kNoTime) return std::max(stated_end_ns, last_ns);
    return last_ns == kNoTime ? 0 : last_ns;
  }

  // Before anything is made of them.
  void replace_addresses(Decoded& decoded) const {
    const auto replace = [this](IpAddress& address) { address = options.stands_for(address); };
    if (auto* segment = std::get_if<TcpSegment>(&decoded)) {
      replace(segment->source.ip);
      replace(segment->destination.ip);
    } else if (auto* error = std::get_if<IcmpError>(&decoded)) {
      replace(error->reporter);
      replace(error->source.ip);
      replace(error->destination.ip);
    }
  }

  std::optional<std::uint64_t> take(Decoded& decoded, const FrameRef& ref) {
    note_time(ref.time_ns);
    if (options.stands_for) replace_addresses(decoded);
    if (const auto* segment = std::get_if<TcpSegment>(&decoded)) return table.add(*segment, ref);
    if (const auto* error = std::get_if<IcmpError>(&decoded)) return table.add(*error, ref);
    return std::nullopt;
  }

  void note_time(TimeNs time_ns) {
    if (first_ns == kNoTime) first_ns = time_ns;
    last_ns = std::max(last_ns, time_ns);
  }

  void conclude(HistoryQueue::Told& told) {
    FlowResult& result = told.result;
    table.count_copies(told.copies);
    note_bounds(result.history.trace, result.history.trace.icmp.size());
    const EndedConnection ended(result.history.trace, result.history, result.history.transfer.get());
    const bool counts = translated.counts(result.history);
    if (counts) services.note(ended);
    checksums.note(result.history);
    result.findings =
        examine({result.history.trace, result.history, result.history.transfer.get(), services});
    if (counts && options.hosts) hosts.note(ended);
    translated.tell(ended.flow, result.findings);
    translated.note(result.history, result.findings);
    on_flow(result);
  }

  void note_bounds(const FlowFacts& flow, std::size_t errors_kept) {
    if (flow.records_left_out > 0) ++bounded.records;
    if (flow.holes_given_up > 0) ++bounded.gaps;
    if (flow.icmp_total > errors_kept) ++bounded.errors;
  }

  // Without a trace nothing.
  std::optional<FlowResult> conclude_so_far(std::optional<FlowTrace> trace) {
    histories.settle();
    if (!trace) return std::nullopt;
    EndedFlow flow;
    flow.trace = std::move(*trace);
    const auto before = histories.before(flow.trace.number);
    FlowResult result{historian.conclude(std::move(flow), before, options.profile, end_ns()), {}};
    result.findings =
        examine({result.history.trace, result.history, result.history.transfer.get(), services});
    translated.tell(result.history.trace, result.findings);
    return result;
  }

  void tell_capture() {
    if (const auto duplicates = duplicates_finding(table.facts(), last_ns))
      capture_findings.push_back(*duplicates);
    if (const auto offload = checksums.finding()) capture_findings.push_back(*offload);
  }

  void examine_all_hosts() {
    if (!options.hosts) return;
    Findings found = examine_hosts({hosts, options.thresholds, options.profile, end_ns()});
    std::move(found.begin(), found.end(), std::back_inserter(capture_findings));
  }

  AnalysisOptions options;
  OnFlow on_flow;
  Decoder decoder;
  std::deque<Encapsulation>
      encapsulations;  // where it decodes on a thread of its own: of what came from there
  FlowTable table;
  Historian historian;  // of flows that go on
  ServiceBook services;
  TranslatedBook translated;
  OffloadBook checksums;
  HostBook hosts;
  Findings capture_findings;
  BoundedFlows bounded;
  TimeNs first_ns = kNoTime, last_ns = kNoTime, stated_end_ns = kNoTime;
  HistoryQueue histories;  // goes first, as its threads read what is above
};

Analysis::Analysis(AnalysisOptions options, OnFlow on_flow)
    : state_(std::make_unique<State>(std::move(options), std::move(on_flow))) {}
Analysis::~Analysis() = default;

std::optional<std::uint64_t> Analysis::add(const Frame& frame, std::uint32_t file) {
  Decoded decoded = state_->decoder.decode(frame);
  return state_->take(decoded, {file, frame.number, frame.time_ns});
}

void Analysis::add_all(const NextFrame& next, const std::function<bool()>& after) {
  State& s = *state_;
  if (s.options.threads == 1 || s.options.on_segment) {
    Frame frame;
    std::uint32_t file = 0;
    while (next(frame, file)) {
      add(frame, file);
      if (!after()) return;
    }
    return;
  }
  DecodeAhead ahead(next, s.decoder);
  while (DecodeAhead::Batch* batch = ahead.next()) {
    std::move(batch->met.begin(), batch->met.end(), std::back_inserter(s.encapsulations));
    for (auto& [frame, decoded] : batch->items) {
      s.take(decoded, frame);
      if (!after()) return;
    }
  }
}

std::uint64_t Analysis::add(const TcpSegment& segment, const FrameRef& frame) {
  note_time(frame.time_ns);
  return state_->table.add(segment, frame);
}

std::optional<std::uint64_t> Analysis::add(const IcmpError& error, const FrameRef& frame) {
  note_time(frame.time_ns);
  return state_->table.add(error, frame);
}

void Analysis::note_time(TimeNs time_ns) { state_->note_time(time_ns); }

std::optional<FlowResult> Analysis::so_far(const TcpSegment& segment, std::uint64_t number) {
  return state_->conclude_so_far(state_->table.so_far(segment, number));
}

std::optional<FlowResult> Analysis::so_far(const IcmpError& error, std::uint64_t number) {
  return state_->conclude_so_far(state_->table.so_far(error, number));
}

void Analysis::set_capture_end(TimeNs end_ns) {
  state_->stated_end_ns = std::max(state_->stated_end_ns, end_ns);
}

void Analysis::settle() { state_->histories.settle(); }

void Analysis::finish() {
  state_->table.finish();
  state_->histories.settle();
  state_->tell_capture();
  state_->examine_all_hosts();
}

TimeNs Analysis::capture_end_ns() const { return state_->end_ns(); }
const Findings& Analysis::capture_findings() const { return state_->capture_findings; }
const HostBook& Analysis::hosts() const { return state_->hosts; }
HostBook Analysis::release_hosts() { return std::move(state_->hosts); }
const Encapsulation& Analysis::encapsulation(std::uint32_t index) const {
  const auto& ahead = state_->encapsulations;
  return index < ahead.size() ? ahead[index] : state_->decoder.encapsulation(index);
}
const DecodeCounts& Analysis::decoded() const { return state_->decoder.counts(); }
CaptureFacts Analysis::facts() const { return state_->table.facts(); }

std::vector<LimitMet> Analysis::limits() const {
  BoundedFlows flows = state_->bounded;
  flows.services = state_->services.not_kept();
  return limits_met(state_->options.bounds, state_->decoder.counts(), state_->table.facts(), flows);
}

}  // namespace tcpautopsy
