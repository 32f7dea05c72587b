#include "analyzer/infer/odd_segments.h"

#include <algorithm>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kMostStrays = 64;

// A SYN before `i`, from its receiver, that it acknowledges.
bool answers_a_syn(const FlowHistory& flow, RecordIndex i, bool& other_syn) {
  const SegmentRecord& syn_ack = flow.records()[i];
  for (RecordIndex k = 0; k < i; ++k) {
    const SegmentRecord& syn = flow.records()[k];
    if (syn.side == syn_ack.side || !syn.has(kSyn)) continue;
    other_syn = true;
    if (syn_ack.ack > syn.seq && syn_ack.ack <= syn.end()) return true;
  }
  return false;
}

// The RST that this SYN-ACK met, if the receiver had not acknowledged it before.
RecordIndex reset_of(const FlowHistory& flow, RecordIndex i) {
  const SegmentRecord& syn_ack = flow.records()[i];
  for (RecordIndex k = i + 1; k < flow.records().size(); ++k) {
    const SegmentRecord& r = flow.records()[k];
    if (r.side == syn_ack.side) continue;
    if (means_rst(r.flags) && !r.has(kAck) && r.seq == syn_ack.ack) return k;
    if (r.has(kAck) && !r.has(kRst)) return kNoRecord;
  }
  return kNoRecord;
}

}  // namespace

std::optional<OddFlags> odd_flags(std::uint16_t all) {
  constexpr std::uint16_t kControl = kFin | kSyn | kRst | kPsh | kAck | kUrg;
  const unsigned flags = all & kControl;
  if (flags == kControl) return OddFlags::All;
  if (flags == 0) return OddFlags::None;
  if ((flags & (kSyn | kFin)) == (kSyn | kFin)) return OddFlags::SynFin;
  if ((flags & (kSyn | kRst)) == (kSyn | kRst)) return OddFlags::SynRst;
  if ((flags & (kFin | kAck)) == kFin) return OddFlags::FinWithoutAck;
  return std::nullopt;
}

void find_odd_flags(const FlowHistory& flow, OddSegments& found) {
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const SegmentRecord& r = flow.records()[i];
    const auto kind = r.copy ? std::nullopt : odd_flags(r.flags);
    if (!kind) continue;
    OddlyFlagged& flagged = found.flagged[index(r.side)];
    if (flagged.segments.empty()) flagged.flags = r.flags;
    flagged.alike = flagged.alike && flagged.flags == r.flags;
    flagged.segments.push_back({i, r.frame});
    ++flagged.of_kind[static_cast<std::size_t>(*kind)];
    flagged.bad_checksums += r.bad_checksum ? 1U : 0U;
  }
}

bool any_syn_between(const FlowHistory& flow, RecordIndex after, RecordIndex before, Side side) {
  return std::any_of(
      flow.records().begin() + static_cast<std::ptrdiff_t>(after),
      flow.records().begin() + static_cast<std::ptrdiff_t>(before),
      [side](const SegmentRecord& r) { return r.side == side && !r.copy && means_syn(r.flags); });
}

bool follow_each_syn(const FlowHistory& flow, const StraySynAcks& strays) {
  RecordIndex last = 0;
  for (const StraySynAcks::Met& met : strays.met) {
    if (!any_syn_between(flow, last, met.syn_ack.record, other(strays.sender))) return false;
    last = met.syn_ack.record;
  }
  return strays.met.size() > 1;
}

StraySynAcks stray_syn_acks_of(const FlowHistory& flow) {
  StraySynAcks found;
  for (RecordIndex i = 0; i < flow.records().size() && found.met.size() < kMostStrays; ++i) {
    const SegmentRecord& r = flow.records()[i];
    if (r.copy || !means_syn_ack(r.flags) || answers_a_syn(flow, i, found.other_syn)) continue;
    const RecordIndex rst = reset_of(flow, i);
    if (rst == kNoRecord || (!found.met.empty() && r.side != found.sender)) continue;
    found.sender = r.side;
    found.met.push_back({{i, r.frame}, {rst, flow.records()[rst].frame}});
  }
  found.of_each_syn = follow_each_syn(flow, found);
  return found;
}

}  // namespace tcpautopsy
