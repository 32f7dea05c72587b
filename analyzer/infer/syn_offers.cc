#include "analyzer/infer/syn_offers.h"

#include <map>
#include <utility>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {
namespace {

constexpr std::uint32_t kEthernetPayload = 1500 - 40;  // IPv4 and TCP without options in one packet
constexpr std::size_t kAlikeNeeded = 2;

}  // namespace

void find_oversized(const FlowHistory& flow, Side sender, PerSide<MssOffer>& offers) {
  const std::uint32_t offered = offers[index(other(sender))].mss;
  std::map<std::uint32_t, std::vector<SegmentRef>> by_size;
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const SegmentRecord& r = flow.records()[i];
    if (r.side == sender && !r.copy && r.payload > offered) by_size[r.payload].push_back({i, r.frame});
  }
  if (by_size.empty()) return;
  auto& [octets, segments] = *by_size.rbegin();
  if (octets > kEthernetPayload || segments.size() < kAlikeNeeded) return;
  offers[index(sender)].oversized = std::move(segments);
  offers[index(sender)].oversized_octets = octets;
}

SynData syn_data_of(const FlowHistory& flow) {
  SynData found;
  StreamOffset begin = 0;
  for (RecordIndex i = 0; i < flow.records().size(); ++i) {
    const SegmentRecord& r = flow.records()[i];
    if (r.copy) continue;
    if (means_syn(r.flags) && r.payload > 0) {
      if (found.syns.empty()) {
        found.sender = r.side;
        found.octets = r.payload;
        found.fast_open = r.fast_open;
        begin = r.seq + 1;
      }
      found.syns.push_back({i, r.frame});
    } else if (means_syn(r.flags) && !found.syns.empty() && r.side == found.sender && !found.answer) {
      if (r.seq + 1 == begin) found.without = {i, r.frame};
    } else if (means_syn_ack(r.flags) && !found.syns.empty() && !found.answer &&
               (r.side != found.sender || flow.trace.self_connection) && r.ack >= begin &&
               r.ack <= begin + found.octets) {
      found.answer = {i, r.frame};
      found.accepted = r.ack - begin;
    }
  }
  return found;
}

}  // namespace tcpautopsy
