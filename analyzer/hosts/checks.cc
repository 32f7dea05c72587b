#include "analyzer/hosts/checks.h"

#include <algorithm>

namespace tcpautopsy {
namespace {

bool earlier(const Check& a, const Check& b) {
  return a.begun_ns != b.begun_ns ? a.begun_ns < b.begun_ns : a.flow < b.flow;
}

bool let_go_by_client(const EndedConnection& ended) {
  const Verdicts& verdicts = ended.verdicts;
  if (verdicts.handshake == Handshake::Aborted) return !verdicts.opening.syn_acks.empty();
  if (verdicts.handshake != Handshake::Complete || verdicts.close == Close::Timeout) return false;
  return verdicts.closed_first == (ended.flow.client == Side::A ? ClosedFirst::A : ClosedFirst::B);
}

// What the client acknowledges tells, where its direction alone was captured: more than SYN and FIN.
bool took_unseen_data(const FlowFacts& flow) {
  constexpr StreamOffset kSynAndFin = 2;
  return flow.one_sided() && flow.facts(flow.client).acked_max > kSynAndFin;
}

}  // namespace

void CheckTimes::note(const Check& check) {
  ++count;
  resets += check.reset ? 1 : 0;
  last_ns = std::max(last_ns, check.begun_ns);
  first.insert(std::upper_bound(first.begin(), first.end(), check, earlier), check);
  if (first.size() > kMost) first.pop_back();
}

void CheckTimes::merge(const CheckTimes& part) {
  const std::uint64_t sum = count + part.count, reset = resets + part.resets;
  for (const Check& check : part.first) note(check);
  count = sum;
  resets = reset;
  last_ns = std::max(last_ns, part.last_ns);
}

void Checks::note(const EndedConnection& ended) {
  const FlowFacts& flow = ended.flow;
  const Opening& opening = ended.verdicts.opening;
  if (flow.self_connection || opening.syns.empty()) return;
  const bool data = flow.facts(Side::A).payload_bytes + flow.facts(Side::B).payload_bytes > 0;
  if (data || took_unseen_data(flow) || !let_go_by_client(ended)) return;
  CheckTimes* times = kept_.find_or_add(ended.visit.key, ended.visit.hash);
  if (times == nullptr) return;
  const bool reset = opening.client_rst || ended.verdicts.closing.ended_by;
  times->note({opening.syns.first.time_ns(), flow.number, opening.syns.first.frame, reset});
}

}  // namespace tcpautopsy
