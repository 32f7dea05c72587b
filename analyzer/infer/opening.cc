#include "analyzer/infer/opening.h"

#include <algorithm>
#include <limits>
#include <map>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/opening_answers.h"
#include "analyzer/infer/record_search.h"

namespace tcpautopsy {
namespace {

// One look at every record tells most connections to be dull.
struct Skim {
  std::uint16_t later_flags = 0;  // of all records but the first two
  bool only_syns = true, any_odd = false, any_option = false, syn_data = false;
  PerSide<RecordIndex> offer{kNoRecord, kNoRecord};
  PerSide<std::uint32_t> largest{};  // payload
};

Skim skim(const FlowHistory& flow, const Observations& observations) {
  Skim seen;
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const SegmentRecord& r = flow.records()[i];
    const std::size_t side = index(r.side);
    if (i >= 2) seen.later_flags |= r.flags;
    seen.largest[side] = std::max(seen.largest[side], r.payload);
    seen.any_odd = seen.any_odd || odd_flags(r.flags);
    seen.any_option = seen.any_option || r.has_timestamps || r.has_sack;
    const bool syn = means_syn(r.flags);
    seen.only_syns = seen.only_syns && (syn || observations.records[i].unacceptable_to_syn);
    if (syn && r.payload > 0) seen.syn_data = true;
    if (seen.offer[side] == kNoRecord && (syn || means_syn_ack(r.flags))) seen.offer[side] = i;
  }
  return seen;
}

HeaderLook look_of(const SegmentRecord& r) {
  HeaderLook look{r.ttl, r.window, std::nullopt};
  if (r.has_ip_id) look.ip_id = r.ip_id;
  return look;
}

bool opened_plainly(const FlowHistory& flow, const Observations& observations, const Skim& seen) {
  const auto& records = flow.records();
  if (records.size() < 3 || (seen.later_flags & (kSyn | kRst)) != 0) return false;
  const SegmentRecord &syn = records[0], &syn_ack = records[1], &ack = records[2];
  return means_syn(syn.flags) && syn.side == flow.client() && syn.payload == 0 &&
         means_syn_ack(syn_ack.flags) && syn_ack.side == flow.server() && syn_ack.ack == syn.end() &&
         ack.side == flow.client() && ack.has(kAck) && ack.ack >= 1 && observations.records[2].constrains;
}

class Reader {
 public:
  Reader(const Observations& observations, FlowHistory& flow)
      : observations_(observations),
        flow_(flow),
        opening_(flow.opening),
        reading_{flow, observations, flow.opening, {}, {}} {}

  void read() {
    for (RecordIndex i = 0; i < flow_.records().size(); ++i) {
      const SegmentRecord& r = flow_.records()[i];
      if (observations_.records[i].damaged_rst) continue;
      if (observations_.records[i].unacceptable_to_syn) {
        note_ignored(r, i);
        continue;
      }
      note_progress(r, i);
      if (r.copy) continue;
      if (r.side == flow_.client())
        note_client(r, i);
      else
        note_server(r, i);
    }
    if (opening_.syn_acks.count() > 1 && !flow_.trace.self_connection) keep_one_isn();
    if (opening_.both) note_answers_of_both();
    opening_.syns_unanswered = sent_before_answer();
    flow_.handshake = handshake();
    judge_answers(reading_);
    if (refused_before_its_reset()) flow_.handshake = Handshake::Refused;
  }

 private:
  SegmentRef ref(RecordIndex i) const { return tcpautopsy::ref(flow_.trace, i); }
  bool fell_in(const SegmentRecord& syn, RecordIndex i) const {
    return opens_nothing(flow_.trace, i, observations_.streams[index(syn.side)].sent_syn_ack);
  }

  // How far the handshake came, by acknowledgment numbers even where one direction was not captured.
  void note_progress(const SegmentRecord& r, RecordIndex i) {
    const bool client = r.side == flow_.client();
    if (r.has(kRst)) {
      if (!client_completes_) (client ? client_rst_ : server_rst_) = true;
    } else if (r.has(kSyn)) {
      if (!r.has(kAck)) {
        if (r.seq != 0 || fell_in(r, i)) return;  // it did not open the connection
        (client ? client_syn_ : server_syn_) = true;
        if (client) syn_payload_ = std::max(syn_payload_, r.payload);
      } else if (!client || flow_.trace.self_connection) {
        server_syn_ack_ = true;
        data_accepted_ = data_accepted_ || r.ack > 1;
      }
    } else if (observations_.records[i].constrains && r.has(kAck) && r.ack >= 1) {
      (client ? client_completes_ : server_completes_) = true;
    }
  }

  // SYN-ACKs of several initial numbers are no repeats of each other: several hosts answer, or a socket that
  // the server opened anew. What the client took counts, else what came most often, and first.
  void keep_one_isn() {
    std::map<StreamOffset, Sendings> by_isn;
    const auto add = [&](const SegmentRef& s) { by_isn[flow_.records()[s.record].seq].add(s); };
    add(opening_.syn_acks.first);
    for (const SegmentRef& again : opening_.syn_acks.again) add(again);
    const auto most = std::max_element(by_isn.begin(), by_isn.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.count(), b.second.first.record) <
             std::pair(b.second.count(), a.second.first.record);
    });
    const auto taken = opening_.completing ? by_isn.find(0) : by_isn.end();
    opening_.syn_acks = (taken == by_isn.end() ? most : taken)->second;
  }

  void note_answers_of_both() {
    for (RecordIndex i = 0; i < flow_.records().size(); ++i) {
      const SegmentRecord& r = flow_.records()[i];
      if (!r.copy && means_syn_ack(r.flags)) opening_.both.syn_acks.push_back(ref(i));
    }
  }

  void note_client(const SegmentRecord& r, RecordIndex i) {
    if (means_syn(r.flags) && r.seq == 0) {
      if (opening_.syns.empty()) opening_.syn = look_of(r);
      opening_.syns.add(ref(i));
      OpeningReset& reset = opening_.client_rst;
      if (reset && !reset.syn_again) reset.syn_again = ref(i);
      syn_end_ = std::max(syn_end_, r.end());
    } else if (means_rst(r.flags)) {
      note_reset(opening_.client_rst, r, i);
    } else if (!r.has(kSyn) && r.has(kAck) && r.ack >= 1) {
      if (!opening_.completing) opening_.completing = ref(i);
      reading_.completing.push_back(i);
    } else if (flow_.trace.self_connection && means_syn_ack(r.flags)) {
      opening_.syn_acks.add(ref(i));
    }
  }

  void note_server(const SegmentRecord& r, RecordIndex i) {
    if (means_syn(r.flags)) {
      if (opening_.both || fell_in(r, i)) return;
      opening_.both.server_syn = ref(i);
      opening_.both.crossed = !server_answered_;
    } else if (means_syn_ack(r.flags)) {
      server_answered_ = true;
      // Less than SND.NXT is acceptable where the SYN carried data (RFC 9293 3.10.7.3, first check).
      if (opening_.syns.empty() || (r.ack >= 1 && r.ack <= syn_end_)) opening_.syn_acks.add(ref(i));
    } else if (means_rst(r.flags)) {
      note_reset(opening_.server_rst, r, i);
    } else if (!r.has(kSyn) && !opening_.server_knows) {
      opening_.server_knows = ref(i);
      opening_.server_took_data = r.has(kAck) && r.ack > 1;
    }
  }

  void note_ignored(const SegmentRecord& r, RecordIndex i) {
    if (r.copy || r.side == flow_.client()) return;
    if (!r.has(kRst)) {
      reading_.old_acks.push_back(ref(i));
      return;
    }
    const SegmentRef syn = opening_.syns.empty() ? SegmentRef{} : opening_.syns.last();
    opening_.ignored_resets.push_back({ref(i), syn, !r.has(kAck), r.has(kAck) ? r.ack : 0, r.ttl});
  }

  void note_reset(OpeningReset& reset, const SegmentRecord& r, RecordIndex i) {
    if (!reset) reset = {ref(i), !r.has(kAck), {}};
  }

  std::size_t sent_before_answer() const {
    if (opening_.only_syns && flow_.trace.answered_elsewhere()) return 0;
    const auto& all = flow_.records();
    RecordIndex answer = 0;
    const auto ignored = [&](RecordIndex i) {
      return all[i].has(kRst) && observations_.records[i].unacceptable_to_syn;
    };
    while (answer < all.size() && (all[answer].side != flow_.server() || ignored(answer))) ++answer;
    TimeNs error = std::numeric_limits<TimeNs>::max();
    for (const IcmpRecord& icmp : flow_.trace.icmp)
      if (icmp.quoted == flow_.client() && !icmp.in_doubt) error = std::min(error, icmp.frame.time_ns);
    const auto before = [&](const SegmentRef& syn) { return syn.record < answer && syn.time_ns() <= error; };
    const Sendings& syns = opening_.syns;
    if (syns.empty() || !before(syns.first)) return 0;
    return 1 + static_cast<std::size_t>(std::count_if(syns.again.begin(), syns.again.end(), before));
  }

  // RSTs alone, with the number 0 that only an answer to a segment without ACK has (RFC 9293 3.10.7.1): the
  // SYNs that they refuse were not captured.
  bool only_refuses() const {
    const auto& all = flow_.records();
    return flow_.trace.one_sided() && std::all_of(all.begin(), all.end(), [this](const SegmentRecord& r) {
             return r.has(kRst | kAck) && !r.has(kSyn) && r.payload == 0 &&
                    wrap(r.seq, flow_.trace.facts(r.side).iss).raw() == 0;
           });
  }

  Handshake handshake() const {
    if (!client_syn_ && !server_syn_ && !server_syn_ack_)
      return only_refuses() ? Handshake::Refused : Handshake::None;
    if ((client_syn_ && server_syn_) || (flow_.trace.self_connection && server_syn_ack_))
      return Handshake::Simultaneous;
    if (client_completes_ || (server_syn_ack_ && server_completes_))
      return syn_payload_ > 0 && data_accepted_ ? Handshake::FastOpen : Handshake::Complete;
    if (client_rst_) return Handshake::Aborted;
    if (server_syn_ack_) return client_syn_ ? Handshake::HalfOpen : Handshake::SynAckOnly;
    if (server_rst_) return Handshake::Refused;
    return refusing_errors(flow_).empty() ? Handshake::SynOnly : Handshake::Filtered;
  }

  // The client's RST is no abort where one had refused the connect before: it answers what came too late.
  bool refused_before_its_reset() const {
    const Refusals& refusals = opening_.refusals;
    return flow_.handshake == Handshake::Aborted && !refusals.accepted && !refusals.resets.empty() &&
           refusals.resets.front().record < opening_.client_rst.segment.record;
  }

  const Observations& observations_;
  FlowHistory& flow_;
  Opening& opening_;
  OpeningReading reading_;
  StreamOffset syn_end_ = 1;
  std::uint32_t syn_payload_ = 0;
  bool client_syn_ = false, server_syn_ = false, server_syn_ack_ = false, server_answered_ = false;
  bool client_completes_ = false, server_completes_ = false, data_accepted_ = false;
  bool client_rst_ = false, server_rst_ = false;
};

void note_offers(const Skim& seen, FlowHistory& flow) {
  SynOffers& offers = flow.syn_offers;
  offers.options_captured = seen.any_option;
  for (const Side side : {Side::A, Side::B}) {
    const TcpOptions& options = flow.trace.facts(side).syn_options;
    offers.options_captured = offers.options_captured || options.has_mss || options.has_window_scale ||
                              options.sack_permitted || options.has_timestamps || options.fast_open;
    const RecordIndex offer = seen.offer[index(side)];
    // The snap length may have cut the option off.
    if (options.cut && !options.has_mss) continue;
    if (offer != kNoRecord)
      offers.mss[index(side)] = {ref(flow.trace, offer), flow.records()[offer].mss, {}, 0};
  }
  if (flow.trace.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const std::uint32_t offered = offers.mss[index(other(side))].mss;
    // None offered: an option cut by the snap length, or a sender that knows better. Nothing is proved.
    if (offered > 0 && seen.largest[index(side)] > offered) find_oversized(flow, side, offers.mss);
  }
}

std::optional<OddProbe> probe_of(const FlowHistory& flow) {
  if (flow.trace.self_connection || flow.records().empty()) return std::nullopt;
  const SegmentRecord& first = flow.records().front();
  // Scanners offer no timestamps; of the hosts that probe an idle connection by an empty ACK, or close it,
  // most do.
  const bool bare_ack = (first.flags == kAck || first.flags == (kFin | kAck)) && !first.has_timestamps;
  if ((first.flags & (kSyn | kAck | kRst)) != 0 && !bare_ack) return std::nullopt;
  if (first.payload > 0) return std::nullopt;
  OddProbe probe{ref(flow.trace, 0), look_of(first), first.side, false, {}};
  const auto on_the_wire = [&flow](Side side, StreamOffset offset) {
    return flow.trace.facts(side).iss.raw() + static_cast<std::uint32_t>(offset);
  };
  if (bare_ack)
    probe.bare_ack =
        OddProbe::Numbers{on_the_wire(first.side, first.seq), on_the_wire(other(first.side), first.ack)};
  for (const SegmentRecord& r : flow.records()) {
    const bool answer = r.side != first.side;
    if (answer ? !r.has(kRst) : r.flags != first.flags || r.payload > 0) return std::nullopt;
    if (answer && bare_ack && (r.has(kAck) || r.seq != first.ack)) return std::nullopt;
    probe.refused = probe.refused || answer;
  }
  return bare_ack && !probe.refused ? std::nullopt : std::optional(probe);
}

}  // namespace

void conclude_opening(const Observations& observations, FlowHistory& flow) {
  const Skim seen = skim(flow, observations);
  note_offers(seen, flow);
  if (seen.any_odd) find_odd_flags(flow, flow.odd_segments);
  flow.odd_segments.probe = probe_of(flow);
  Opening& opening = flow.opening;
  opening.plain = opened_plainly(flow, observations, seen);
  if (opening.plain) {
    opening.syns.first = ref(flow.trace, 0);
    opening.syn = look_of(flow.records()[0]);
    opening.syn_acks.first = ref(flow.trace, 1);
    opening.completing = ref(flow.trace, 2);
    flow.handshake = Handshake::Complete;
    return;
  }
  opening.only_syns = seen.only_syns;
  if (!flow.trace.self_connection && !flow.trace.one_sided())
    flow.odd_segments.stray_syn_acks = stray_syn_acks_of(flow);
  Reader(observations, flow).read();
  if (seen.syn_data) flow.syn_offers.data = syn_data_of(flow);
}

}  // namespace tcpautopsy
