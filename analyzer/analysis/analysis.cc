#include "analyzer/analysis/analysis.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include "analyzer/analysis/service_book.h"
#include "analyzer/infer/retrospect.h"

namespace tcpautopsy {
namespace {

constexpr TimeNs kNoTime = std::numeric_limits<TimeNs>::min();

std::shared_ptr<const PreviousIncarnation> summarise(const FlowHistory& h) {
  auto p = std::make_shared<PreviousIncarnation>();
  p->flow = h.trace.number;
  p->last_ns = h.trace.last.time_ns;
  for (Side side : {Side::A, Side::B}) {
    const SideFacts& f = h.trace.facts(side);
    p->address[index(side)] = f.address;
    p->next_seq[index(side)] = wrap(f.sent_max, f.iss);
    for (const SegmentRecord& r : h.records())
      if (r.side == side && r.has_timestamps) p->last_ts_val[index(side)] = r.ts_val;
  }
  for (const Transition& t : h.transitions) {
    if (t.to == TcpState::TimeWait) {
      p->time_wait_since = t.at_ns;
      p->time_wait_end = h.trace.facts(t.side).address;
      p->time_wait_likely = true;
    } else if (t.from == TcpState::TimeWait &&
               !(h.trace.successor && t.time_ns == h.trace.successor->syn.time_ns)) {
      p->time_wait_likely = false;
    }
  }
  return p;
}

}  // namespace

struct Analysis::State {
  State(AnalysisOptions o, OnFlow f)
      : options(std::move(o)),
        on_flow(std::move(f)),
        table(flow_options(), [this](FlowTrace&& t) { conclude(std::move(t)); }) {}

  FlowOptions flow_options() const {
    FlowOptions flow;
    flow.time_wait = options.profile.time_wait;
    flow.keep_all = options.keep_all;
    flow.first_flow = options.first_flow;
    flow.on_segment = options.on_segment;
    return flow;
  }

  TimeNs end_ns() const {
    if (options.capture_end_ns) return *options.capture_end_ns;
    if (stated_end_ns != kNoTime) return std::max(stated_end_ns, last_ns);
    return last_ns == kNoTime ? 0 : last_ns;
  }

  void conclude(FlowTrace&& trace) {
    FlowResult result{retrospect(std::move(trace), options.profile, end_ns()), {}};
    if (result.history.trace.successor) table.set_previous(result.history.trace, summarise(result.history));
    services.note(result.history);
    result.findings = examine(result.history, services);
    on_flow(std::move(result));
  }

  void tell_duplicates() {
    const CaptureFacts& facts = table.facts();
    if (facts.duplicates_dropped == 0) return;
    Finding f;
    f.id = "packet_duplicated";
    f.severity = Severity::Info;
    f.scope = Scope::Capture;
    f.time_ns = first_ns;
    f.end_ns = last_ns;
    f.count = facts.duplicates_dropped;
    f.frames.push_back({0, facts.first_duplicate_frame, first_ns});
    f.summary = std::to_string(facts.duplicates_dropped) +
                " packets were captured twice (a mirror port, or a capture on several interfaces) and left "
                "out of the analysis";
    f.evidence.emplace_back("packets", static_cast<std::int64_t>(facts.duplicates_dropped));
    f.evidence.emplace_back("host_pairs", static_cast<std::int64_t>(facts.doubled_pairs));
    capture_findings.push_back(std::move(f));
  }

  AnalysisOptions options;
  OnFlow on_flow;
  Decoder decoder;
  FlowTable table;
  ServiceBook services;
  Findings capture_findings;
  TimeNs first_ns = kNoTime, last_ns = kNoTime, stated_end_ns = kNoTime;
};

Analysis::Analysis(AnalysisOptions options, OnFlow on_flow)
    : state_(std::make_unique<State>(std::move(options), std::move(on_flow))) {}
Analysis::~Analysis() = default;

std::optional<std::uint64_t> Analysis::add(const Frame& frame, std::uint32_t file) {
  State& s = *state_;
  if (s.first_ns == kNoTime) s.first_ns = frame.time_ns;
  s.last_ns = std::max(s.last_ns, frame.time_ns);
  const FrameRef ref{file, frame.number, frame.time_ns};
  const Decoded decoded = s.decoder.decode(frame);
  if (const auto* segment = std::get_if<TcpSegment>(&decoded)) return s.table.add(*segment, ref);
  if (const auto* error = std::get_if<IcmpError>(&decoded)) return s.table.add(*error, ref);
  return std::nullopt;
}

void Analysis::set_capture_end(TimeNs end_ns) {
  state_->stated_end_ns = std::max(state_->stated_end_ns, end_ns);
}

void Analysis::finish() {
  state_->table.finish();
  state_->tell_duplicates();
}

TimeNs Analysis::capture_end_ns() const { return state_->end_ns(); }
const Findings& Analysis::capture_findings() const { return state_->capture_findings; }
const Decoder& Analysis::decoder() const { return state_->decoder; }
const CaptureFacts& Analysis::facts() const { return state_->table.facts(); }

}  // namespace tcpautopsy
