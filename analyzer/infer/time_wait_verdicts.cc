#include <algorithm>

#include "analyzer/infer/conclude_closing.h"
#include "analyzer/infer/record_search.h"

namespace tcpautopsy {
namespace {

bool is_syn(const SegmentRecord& r) { return (r.flags & (kSyn | kAck | kRst | kFin)) == kSyn; }

// The first record after which `side` can be in TIME-WAIT: both FINs acknowledged, its own not sent in answer
// to the peer's (which makes it LAST-ACK).
std::optional<RecordIndex> time_wait_from(const ClosingVerdicts& closing, Side side) {
  const FinVerdict* const mine = closing.fin(side);
  const FinVerdict* const theirs = closing.fin(other(side));
  if (mine == nullptr || theirs == nullptr || !mine->acked_by || !theirs->acked_by || mine->knew_of_peers)
    return std::nullopt;
  return std::max(mine->acked_by.record, theirs->acked_by.record) + 1;
}

std::optional<Assassination> assassination(const FlowTrace& trace, Side side, RecordIndex from) {
  const auto& records = trace.records;
  for (RecordIndex late = from; late < records.size(); ++late) {
    const SegmentRecord& segment = records[late];
    if (segment.side == side || segment.copy || segment.has(kRst) || segment.has(kSyn)) continue;
    const RecordIndex ack = first_after(trace, late, side);
    if (ack == kNoRecord) continue;
    const SegmentRecord& answer = records[ack];
    if ((answer.flags & (kAck | kSyn | kFin | kRst)) != kAck || answer.payload > 0) continue;
    if (answer.frame.time_ns - segment.frame.time_ns > trace.rtt(side).value_or(0) + kSecond) continue;
    const RecordIndex reset = first_after(trace, ack, other(side));
    if (reset == kNoRecord || !records[reset].has(kRst) || records[reset].has(kAck)) continue;
    if (records[reset].seq != answer.ack) continue;
    const TimeNs age = records[reset].frame.time_ns - records[from - 1].frame.time_ns;
    return Assassination{ref(trace, late), ref(trace, ack),  ref(trace, reset), age,
                         segment.payload,  segment.has(kFin)};
  }
  return std::nullopt;
}

void note_old_duplicates(const FlowTrace& trace, ClosingVerdicts& closing) {
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    const SegmentRecord& r = trace.records[i];
    if (r.copy || r.has(kSyn) || r.has(kRst) || !is_old_duplicate(trace, i)) continue;
    EndClosing& end = closing.ends[index(r.side)];
    end.old_duplicates.push_back(ref(trace, i));
    end.old_octets += r.payload;
  }
}

SynMet what_met(const FlowTrace& trace, const SegmentRef& answer) {
  if (!answer) return SynMet::Nothing;
  switch (trace.records[answer.record].flags & (kSyn | kAck | kRst | kFin)) {
    case kSyn | kAck: return SynMet::SynAck;
    case kRst:
    case kRst | kAck:
    case kRst | kFin:
    case kRst | kAck | kFin: return SynMet::Reset;
    default: return SynMet::Challenge;
  }
}

bool precedes(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

// Whether a server in TIME-WAIT must take the SYN for an old one (RFC 9293 3.6.1, RFC 6191 2).
bool behind(const FlowTrace& trace, const SegmentRecord& syn, const PreviousIncarnation& previous) {
  const SideFacts& facts = trace.facts(syn.side);
  const std::size_t old = previous.address[0] == facts.address ? 0 : 1;
  if (syn.has_timestamps && previous.last_ts_val[old] != 0)
    return precedes(syn.ts_val, previous.last_ts_val[old]);
  // What the snap length cut off may have been a timestamp, which goes before the number.
  if (facts.syn_options.cut) return false;
  return precedes(wrap(syn.seq, facts.iss).raw(), previous.next_seq[old].raw());
}

std::optional<TimeWaitReuse> reuse(const FlowHistory& h) {
  const PreviousIncarnation* const previous = h.previous.get();
  if (previous == nullptr || !previous->time_wait_since || !previous->time_wait_likely) return std::nullopt;
  const auto& records = h.records();
  const auto first = std::find_if(records.begin(), records.end(),
                                  [](const SegmentRecord& r) { return !r.copy && is_syn(r); });
  if (first == records.end()) return std::nullopt;
  const auto i = static_cast<RecordIndex>(first - records.begin());
  TimeWaitReuse found;
  found.syn = ref(h.trace, i);
  found.opener = first->side;
  found.holder = h.trace.facts(Side::A).address == previous->time_wait_end ? Side::A : Side::B;
  found.age_ns = first->frame.time_ns - *previous->time_wait_since;
  if (found.age_ns < 0 || found.age_ns >= h.profile.time_wait) return std::nullopt;
  found.answer = ref(h.trace, first_after(h.trace, i, other(first->side)));
  found.met = what_met(h.trace, found.answer);
  for (RecordIndex k = i; k < std::min(found.answer.record, records.size()); ++k)
    if (!records[k].copy && is_syn(records[k]) && records[k].side == found.opener)
      found.unanswered.push_back(ref(h.trace, k));
  found.behind = behind(h.trace, *first, *previous);
  return found;
}

}  // namespace

void conclude_time_wait(FlowHistory& h) {
  h.closing.reuse = reuse(h);
  if (h.trace.successor && h.trace.successor->answered) note_old_duplicates(h.trace, h.closing);
  if (!h.closing.any_reset) return;
  for (const Side side : {Side::A, Side::B})
    if (const auto from = time_wait_from(h.closing, side))
      h.closing.ends[index(side)].assassination = assassination(h.trace, side, *from);
}

}  // namespace tcpautopsy
