#include "analyzer/flow/lone_syns.h"

#include <algorithm>

#include "analyzer/flow/finished_flow.h"

namespace tcpautopsy {

bool LoneSyns::plain(const JournalEntry& entry) {
  const TcpSegment& s = entry.segment;
  return s.flags == kSyn && entry.side == Side::A && entry.role == Role::Ordinary && s.payload_length == 0 &&
         s.ack == Seq() && s.urgent == 0 && s.window > 0 && s.options.sack_count == 0 &&
         s.checksum != Checksum::Bad;
}

// What those that are told alike have in common.
std::uint32_t LoneSyns::look_of(const TcpSegment& s) {
  const TcpOptions& o = s.options;
  std::uint32_t bits = s.ecn;
  for (const bool bit :
       {o.has_mss, o.has_window_scale, o.sack_permitted, o.has_timestamps, o.fast_open, o.multipath,
        o.malformed, o.cut, s.has_ip_id, s.beyond_frame, s.checksum == Checksum::Good})
    bits = bits << 1 | (bit ? 1U : 0U);
  return bits;
}

bool LoneSyns::read(const FinishedFlow& flow) {
  const bool may_be = !flow.tracker && !flow.journal.empty() && flow.journal.front() == kSyn &&
                      flow.journal.size() <= kLongestEntry && !flow.limits.keep_all &&
                      flow.key.low != flow.key.high;
  if (!may_be) return false;
  JournalReader reader(flow.journal, flow.epoch);
  if (!reader.next(syn_) || !reader.done() || !plain(syn_)) return false;
  look_ = look_of(syn_.segment);
  return true;
}

bool LoneSyns::tell(const FinishedFlow& flow, EndedFlow& ended) const {
  const auto known =
      std::find_if(known_.begin(), known_.end(), [&](const Known& k) { return k.look == look_; });
  if (known == known_.end()) return false;
  ended.trace = known->ended.trace;
  ended.transfer = known->ended.transfer;
  ended.words = known->ended.words;
  fill_in(flow, ended.trace);
  return true;
}

void LoneSyns::fill_in(const FinishedFlow& flow, FlowTrace& trace) const {
  const TcpSegment& s = syn_.segment;
  flow.identify(trace);
  trace.sides[0].address = flow.a_is_low ? flow.key.low : flow.key.high;
  trace.sides[1].address = flow.a_is_low ? flow.key.high : flow.key.low;
  SideFacts& client = trace.sides[0];
  client.iss = s.seq;
  client.syn_options = s.options;
  client.ttl = s.ttl;
  client.wire_bytes = s.wire_length;
  SegmentRecord& record = trace.records.front();
  FlowTracker::describe(s, syn_.frame, Side::A, record);
  trace.first = trace.last = syn_.frame;
}

void LoneSyns::keep(const EndedFlow& ended) {
  if (ended.trace.records.size() == 1 && known_.size() < kMost) known_.push_back({look_, ended});
}

}  // namespace tcpautopsy
