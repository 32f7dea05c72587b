#include "analyzer/detect/close_facts.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

namespace tcpautopsy {
namespace {

// What a RST may lag behind an acknowledgment that its sender sent earlier on another path or queue.
constexpr TimeNs kReorderingSlack = 50 * kMillisecond;
// Host-wide counters of a busy host move on between two segments of one connection.
constexpr std::uint32_t kIdStep = 512, kIdJump = 4096;
constexpr std::size_t kIdsNeeded = 4;

bool carries_on(const SegmentRecord& record) { return !record.has(kSyn) && !record.has(kRst); }

// The highest right edge of the receive window that `side` offered before record `i`; none if its scale is
// unknown.
std::optional<StreamOffset> right_edge(const FlowHistory& flow, RecordIndex i, Side side) {
  const auto& mine = flow.trace.facts(side);
  const auto& theirs = flow.trace.facts(other(side));
  if (!mine.syn_seen || !theirs.syn_seen) return std::nullopt;
  const bool scaled = mine.syn_options.has_window_scale && theirs.syn_options.has_window_scale;
  const unsigned shift = scaled ? std::min<unsigned>(mine.syn_options.window_scale, 14) : 0;
  std::optional<StreamOffset> edge;
  for (RecordIndex k = 0; k < i; ++k) {
    const auto& record = flow.records()[k];
    if (record.side != side || !record.has(kAck) || record.has(kRst)) continue;
    const auto window = static_cast<StreamOffset>(record.window) << (record.has(kSyn) ? 0U : shift);
    edge = std::max(edge.value_or(record.ack + window), record.ack + window);
  }
  return edge;
}

// For each record before `i`: the highest ACK that `side` sent between it and `i`.
std::vector<StreamOffset> acked_until(const FlowHistory& flow, RecordIndex i, Side side) {
  std::vector<StreamOffset> acked(i, std::numeric_limits<StreamOffset>::min());
  for (RecordIndex k = i; k-- > 1;) {
    const auto& record = flow.records()[k];
    const bool counts = record.side == side && record.has(kAck) && !record.has(kRst);
    acked[k - 1] = counts ? std::max(acked[k], record.ack) : acked[k];
  }
  return acked;
}

// A RST without ACK takes its sequence number from the segment it answers. Segments that ask for an answer
// (data, FIN, probe) draw one RST each, in order; plain acknowledgments are seldom what drew it.
RecordIndex answered_segment(const FlowHistory& flow, RecordIndex i, RecordIndex after) {
  const auto& reset = flow.records()[i];
  if (reset.has(kAck)) return kNoRecord;
  // Half the least round trip: it may be an overestimate by a delayed ACK.
  const TimeNs latest = reset.frame.time_ns - flow.rtt(reset.side).value_or(0) / 2;
  const auto acked = acked_until(flow, i, reset.side);
  RecordIndex plain = kNoRecord, asking = kNoRecord;
  for (RecordIndex k = after == kNoRecord ? 0 : after + 1; k < i; ++k) {
    const auto& record = flow.records()[k];
    if (record.side == reset.side || record.copy || record.has(kRst) || record.has(kSyn) || !record.has(kAck))
      continue;
    if (record.ack != reset.seq || record.frame.time_ns > latest) continue;
    if (record.sequence_length() == 0 && !record.standing.keepalive) {
      plain = k;
    } else if (acked[k] < record.end()) {
      // What was sent again had not been answered: the RST is for the repeat.
      const bool repeats = asking != kNoRecord && flow.records()[asking].seq == record.seq;
      if (asking == kNoRecord || repeats) asking = k;
    }
  }
  return asking != kNoRecord ? asking : plain;
}

RecordIndex continuation(const FlowHistory& flow, RecordIndex i) {
  const auto& reset = flow.records()[i];
  const StreamOffset acked = acked_before(flow, i, reset.side);
  const TimeNs late = std::max(round_trip(flow).value_or(0), kReorderingSlack);
  return first_after(flow, i, reset.side, [&](const SegmentRecord& r) {
    if (!carries_on(r)) return false;
    const bool beyond = r.sequence_length() > 0 && r.seq >= reset.seq && r.seq <= reset.seq + (1 << 24);
    const bool octets = r.sequence_length() > 0 && r.end() > reset.sent_max;
    const bool news = octets || (r.has(kAck) && r.ack > acked);
    return beyond || (news && r.frame.time_ns - reset.frame.time_ns > late);
  });
}

// A SYN met by a RST, or a handshake taken back, belongs to the opening.
bool after_handshake(const FlowHistory& flow, RecordIndex i) {
  const auto& reset = flow.records()[i];
  const RecordIndex own = last_before(flow, i, reset.side, carries_on);
  if (own != kNoRecord) return true;
  const RecordIndex syn_ack =
      last_before(flow, i, reset.side, [](const SegmentRecord& r) { return r.has(kSyn | kAck); });
  return syn_ack != kNoRecord && last_before(flow, i, other(reset.side), carries_on) != kNoRecord &&
         kSynchronized.has(flow.before(i, reset.side));
}

// The sender of this FIN answers the ACK of it by RST: it had no such connection, so the FIN was a late copy
// of the network's, not sent again by its TCP.
bool disowned(const FlowHistory& flow, RecordIndex i) {
  const auto& fin = flow.records()[i];
  const auto any = [](const SegmentRecord&) { return true; };
  const RecordIndex ack = first_after(flow, i, other(fin.side), any);
  const RecordIndex next = first_after(flow, i, fin.side, any);
  if (ack == kNoRecord || next == kNoRecord || next < ack) return false;
  const auto& reply = flow.records()[next];
  return reply.has(kRst) && !reply.has(kAck) && flow.records()[ack].has(kAck) &&
         reply.seq == flow.records()[ack].ack;
}

bool passed_before(const std::optional<FinFacts>& fin, RecordIndex i) { return fin && fin->first < i; }

bool differ_by_initial_value(std::uint8_t a, std::uint8_t b) {
  constexpr std::array<int, 4> kInitial{32, 64, 128, 255};
  const int difference = std::abs(static_cast<int>(a) - static_cast<int>(b));
  for (const int x : kInitial)
    for (const int y : kInitial)
      if (x > y && x - y == difference) return true;
  return false;
}

bool id_out_of_line(const FlowHistory& flow, RecordIndex reset) {
  const auto& rst = flow.records()[reset];
  // Linux sends a RST without a socket with an ID of 0 and socket-less ones of others come from another
  // counter.
  if (!rst.has_ip_id || rst.ip_id == 0 || !rst.has(kAck)) return false;
  std::vector<std::uint16_t> ids;
  std::uint32_t folded = 0;
  for (RecordIndex k = 0; k < reset; ++k) {
    const auto& record = flow.records()[k];
    if (record.side != rst.side || record.copy || !record.has_ip_id || record.ip_id == 0 || record.has(kRst))
      continue;
    const auto id = static_cast<std::uint16_t>(record.ip_id);
    folded = record.folded_packets;
    if (!ids.empty()) {
      const auto step = static_cast<std::uint16_t>(id - ids.back());
      if (step == 0 || step > kIdStep + folded) return false;
    }
    ids.push_back(id);
  }
  if (ids.size() < kIdsNeeded) return false;
  const auto step = static_cast<std::uint16_t>(static_cast<std::uint16_t>(rst.ip_id) - ids.back());
  return step > kIdJump + rst.folded_packets && step < 0x10000 - kIdStep;
}

ResetFacts facts_of(const FlowHistory& flow, RecordIndex i, const PerSide<std::optional<FinFacts>>& fins,
                    RecordIndex answered) {
  const auto& record = flow.records()[i];
  ResetFacts reset;
  reset.record = i;
  reset.side = record.side;
  reset.state = flow.before(i, record.side);
  reset.fin_sent = passed_before(fins[index(record.side)], i);
  reset.fin_received = passed_before(fins[index(other(record.side))], i);
  reset.answers = answered_segment(flow, i, answered);
  const StreamOffset expected = acked_before(flow, i, other(record.side));
  const StreamOffset top = std::max(record.sent_max, expected);
  const auto edge = right_edge(flow, i, other(record.side));
  reset.beyond_window = record.seq < expected || (edge && record.seq > std::max(*edge, top));
  // Below the window it may answer an older segment; 0 on the wire answers one without ACK.
  const auto& sender = flow.trace.facts(record.side);
  const bool before_stream = sender.iss_known && record.seq < 1 && wrap(record.seq, sender.iss).raw() != 0;
  reset.odd_sequence = reset.beyond_window && !reset.is_reply() && (record.seq > expected || before_stream);
  reset.inexact = !reset.beyond_window && record.seq != expected && record.seq != top;
  reset.goes_on = continuation(flow, i);
  return reset;
}

}  // namespace

std::optional<FinFacts> fin_of(const FlowHistory& flow, Side side) {
  FinFacts fin;
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const auto& record = flow.records()[i];
    if (record.copy || is_old_duplicate(flow, i)) continue;
    if (record.side == side) {
      if (!record.has(kFin) || record.has(kSyn) || record.has(kRst)) continue;
      if (fin.first == kNoRecord) {
        fin.first = i;
        fin.end = record.end();
      } else if (record.end() == fin.end && !disowned(flow, i)) {
        fin.resends.push_back(i);
      }
    } else if (fin.first != kNoRecord && fin.acked_by == kNoRecord && record.has(kAck) &&
               record.ack >= fin.end) {
      fin.acked_by = i;
    }
  }
  if (fin.first == kNoRecord) return std::nullopt;
  return fin;
}

std::vector<ResetFacts> resets_of(const FlowHistory& flow, Side side) {
  std::vector<ResetFacts> resets;
  RecordIndex answered = kNoRecord;
  std::optional<PerSide<std::optional<FinFacts>>> fins;
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const auto& record = flow.records()[i];
    if (record.side != side || record.copy || !record.has(kRst) || record.has(kSyn)) continue;
    if (!after_handshake(flow, i)) continue;
    if (!fins) fins = PerSide<std::optional<FinFacts>>{fin_of(flow, Side::A), fin_of(flow, Side::B)};
    resets.push_back(facts_of(flow, i, *fins, answered));
    if (resets.back().is_reply()) answered = resets.back().answers;
  }
  return resets;
}

bool is_old_duplicate(const FlowHistory& flow, RecordIndex i) {
  const auto& successor = flow.trace.successor;
  return successor && successor->answered && flow.records()[i].frame.time_ns > successor->answered->time_ns;
}

StreamOffset maybe_unread(const FlowHistory& flow, const ResetFacts& reset) {
  const auto& rst = flow.records()[reset.record];
  const auto is_data = [](const SegmentRecord& r) { return r.payload > 0 && !r.standing.keepalive; };
  StreamOffset last_data = 1;
  for (RecordIndex k = 0; k < reset.record; ++k) {
    const auto& record = flow.records()[k];
    if (record.side == other(reset.side) && !record.copy && is_data(record))
      last_data = std::max(last_data, record.seq + record.payload);
  }
  const StreamOffset covered =
      std::max(rst.has(kAck) ? rst.ack : 0, acked_before(flow, reset.record, reset.side));
  const RecordIndex own = last_before(flow, reset.record, reset.side, is_data);
  const StreamOffset read = own == kNoRecord ? 1 : flow.records()[own].ack;
  return std::max<StreamOffset>(0, std::min(last_data, covered) - std::max<StreamOffset>(read, 1));
}

bool is_after_close(const FlowHistory& flow, const ResetFacts& reset) {
  if (!reset.fin_sent || reset.goes_on != kNoRecord) return false;
  const auto& rst = flow.records()[reset.record];
  if (reset.is_reply()) {
    const auto& answered = flow.records()[reset.answers];
    return answered.sequence_length() > 0 || answered.standing.keepalive;
  }
  // Some stacks set ACK on such a RST too. It is an answer if it comes at once and leaves the segment
  // unacknowledged or acknowledges just that segment, which the endpoint had not taken before.
  const RecordIndex asked = last_before(flow, reset.record, other(reset.side), [](const SegmentRecord& r) {
    return r.sequence_length() > 0 && !r.has(kRst);
  });
  if (asked == kNoRecord) return false;
  const auto& segment = flow.records()[asked];
  const TimeNs wait = rst.frame.time_ns - segment.frame.time_ns;
  const bool at_once = wait <= flow.rtt(reset.side).value_or(0) + 5 * kMillisecond;
  return at_once && acked_before(flow, reset.record, reset.side) < segment.end();
}

bool is_abort(const FlowHistory& flow, const ResetFacts& reset) {
  const bool synchronised = reset.state == TcpState::Unknown || kSynchronized.has(reset.state);
  return synchronised && !(reset.fin_sent && reset.fin_received) && !reset.beyond_window &&
         reset.goes_on == kNoRecord && !is_after_close(flow, reset);
}

HeaderMisfit header_misfit(const FlowHistory& flow, RecordIndex reset) {
  HeaderMisfit misfit;
  const auto& rst = flow.records()[reset];
  unsigned others = 0;
  bool agree = true;
  for (const auto& record : flow.records()) {
    if (record.side != rst.side || record.copy || record.has(kRst)) continue;
    if (others++ == 0) misfit.usual_ttl = record.ttl;
    agree = agree && record.ttl == misfit.usual_ttl;
  }
  misfit.ttl = others >= 2 && agree && rst.ttl != misfit.usual_ttl;
  misfit.ttl_by_initial = misfit.ttl && differ_by_initial_value(rst.ttl, misfit.usual_ttl);
  misfit.ip_id = id_out_of_line(flow, reset);
  return misfit;
}

std::optional<TimeNs> round_trip(const FlowHistory& flow) {
  const auto a = flow.rtt(Side::A), b = flow.rtt(Side::B);
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

StreamOffset acked_before(const FlowHistory& flow, RecordIndex i, Side side) {
  StreamOffset acked = 0;
  for (RecordIndex k = 0; k < i; ++k) {
    const auto& record = flow.records()[k];
    if (record.side == side && record.has(kAck) && !record.has(kRst)) acked = std::max(acked, record.ack);
  }
  return acked;
}

}  // namespace tcpautopsy
