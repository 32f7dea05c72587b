#include "analyzer/report/ladder/ladder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace tcpautopsy {
namespace {

constexpr std::size_t kShortestRun = 8;  // fewer lines than this are shown as they are
constexpr std::size_t kRunHead = 2, kRunTail = 1;

// Data and acknowledgments with nothing to say of them.
bool ordinary(const FlowHistory& history, const Rung& rung) {
  if (rung.kind != Rung::Kind::Segment || !rung.findings.empty()) return false;
  if (!rung.moves[0].empty() || !rung.moves[1].empty()) return false;
  const SegmentRecord& r = history.records()[rung.record];
  if ((r.flags & (kSyn | kFin | kRst | kUrg | kEce | kCwr)) != 0 || r.window == 0) return false;
  if (!r.standing.in_order() || r.copy || r.bad_checksum) return false;
  const bool lost =
      rung.record < history.deliveries.size() && history.deliveries[rung.record].fate == Fate::LostAfterTap;
  return !lost;
}

// Rungs by the frame they stand for.
class FrameIndex {
 public:
  void add(const FrameRef& frame, std::size_t rung) {
    rungs_.emplace(std::pair(frame.file, frame.number), rung);
  }
  std::optional<std::size_t> find(const FrameRef& frame) const {
    const auto found = rungs_.find(std::pair(frame.file, frame.number));
    return found == rungs_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t> rungs_;
};

// Segments and ICMP errors as captured, ICMP errors where their frames say.
std::vector<Rung> packet_rungs(const FlowTrace& trace) {
  std::vector<Rung> rungs;
  rungs.reserve(trace.records.size() + trace.icmp.size());
  std::size_t next_icmp = 0;
  const auto add_icmp_before = [&](const FrameRef* frame) {
    for (; next_icmp < trace.icmp.size(); ++next_icmp) {
      const FrameRef& own = trace.icmp[next_icmp].frame;
      if (frame != nullptr && std::pair(own.file, own.number) > std::pair(frame->file, frame->number)) return;
      Rung& rung = rungs.emplace_back();
      rung.kind = Rung::Kind::Icmp;
      rung.icmp = next_icmp;
      rung.time_ns = own.time_ns;
    }
  };
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    add_icmp_before(&trace.records[i].frame);
    Rung& rung = rungs.emplace_back();
    rung.record = i;
    rung.time_ns = trace.records[i].frame.time_ns;
  }
  add_icmp_before(nullptr);
  return rungs;
}

FrameIndex index_of(const std::vector<Rung>& rungs, const FlowTrace& trace) {
  FrameIndex found;
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    const Rung& rung = rungs[i];
    found.add(rung.kind == Rung::Kind::Icmp ? trace.icmp[rung.icmp].frame : trace.records[rung.record].frame,
              i);
  }
  return found;
}

// Changes of state on the rungs of their frames; those without one (timers) get rungs of their own.
std::vector<Rung> place_moves(std::vector<Rung>& rungs, const FrameIndex& frames,
                              const FlowHistory& history) {
  std::vector<Rung> timers;
  for (const Transition& change : history.transitions) {
    const auto at = change.frame ? frames.find(*change.frame) : std::nullopt;
    if (at) {
      rungs[*at].moves[index(change.side)].push_back(&change);
      continue;
    }
    Rung& rung = timers.emplace_back();
    rung.kind = Rung::Kind::Timer;
    rung.time_ns = change.time_ns;
    rung.moves[index(change.side)].push_back(&change);
  }
  std::stable_sort(timers.begin(), timers.end(),
                   [](const Rung& a, const Rung& b) { return a.time_ns < b.time_ns; });
  return timers;
}

// Each timer before the first packet that is later. A capture may step back in time, so this is no merge of
// sorted ranges.
std::vector<Rung> with_timers(std::vector<Rung> rungs, std::vector<Rung> timers) {
  std::vector<Rung> out;
  auto timer = timers.begin();
  for (Rung& rung : rungs) {
    for (; timer != timers.end() && timer->time_ns < rung.time_ns; ++timer) out.push_back(std::move(*timer));
    out.push_back(std::move(rung));
  }
  std::move(timer, timers.end(), std::back_inserter(out));
  return out;
}

std::vector<Rung> folded(const FlowHistory& history, std::vector<Rung> rungs) {
  std::vector<Rung> out;
  for (std::size_t i = 0; i < rungs.size();) {
    std::size_t end = i;
    while (end < rungs.size() && ordinary(history, rungs[end])) ++end;
    if (end - i < kShortestRun) {
      end = std::max(end, i + 1);
      std::move(rungs.begin() + static_cast<std::ptrdiff_t>(i),
                rungs.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(out));
      i = end;
      continue;
    }
    for (std::size_t k = 0; k < kRunHead; ++k) out.push_back(std::move(rungs[i + k]));
    Rung run;
    run.kind = Rung::Kind::Run;
    run.record = rungs[i + kRunHead].record;
    run.last = rungs[end - kRunTail - 1].record;
    run.time_ns = rungs[i + kRunHead].time_ns;
    out.push_back(std::move(run));
    for (std::size_t k = end - kRunTail; k < end; ++k) out.push_back(std::move(rungs[k]));
    i = end;
  }
  return out;
}

}  // namespace

Ladder make_ladder(const FlowResult& flow, bool full) {
  std::vector<Rung> rungs = packet_rungs(flow.history.trace);
  const FrameIndex frames = index_of(rungs, flow.history.trace);
  for (const Finding& finding : flow.findings)
    for (const FrameRef& frame : finding.frames)
      if (const auto at = frames.find(frame)) rungs[*at].findings.push_back(&finding);
  std::vector<Rung> timers = place_moves(rungs, frames, flow.history);
  rungs = with_timers(std::move(rungs), std::move(timers));
  return {full ? std::move(rungs) : folded(flow.history, std::move(rungs))};
}

RunTotals totals(const FlowHistory& history, const Rung& run) {
  RunTotals sum;
  for (RecordIndex i = run.record; i <= run.last && i < history.records().size(); ++i) {
    const SegmentRecord& r = history.records()[i];
    sum.segments[index(r.side)] += 1 + r.folded_packets;
    sum.octets[index(r.side)] += r.payload + r.folded_bytes;
  }
  return sum;
}

}  // namespace tcpautopsy
