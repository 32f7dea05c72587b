#include "analyzer/causes/cause_book.h"

#include <arpa/inet.h>

#include <algorithm>

#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kNowhere = ~std::size_t{0};

bool proves(const Finding& finding, std::string_view name) {
  return std::any_of(finding.evidence.begin(), finding.evidence.end(),
                     [name](const auto& named) { return named.first == name; });
}

// The client that a finding about a host names.
std::optional<IpAddress> named_client(const Finding& finding) {
  for (const auto& [name, value] : finding.evidence) {
    const auto* text = std::get_if<std::string>(&value);
    if (name != "client" || text == nullptr) continue;
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, text->c_str(), octets.data()) == 1) return IpAddress::v4(octets.data());
    if (inet_pton(AF_INET6, text->c_str(), octets.data()) == 1) return IpAddress::v6(octets.data());
  }
  return std::nullopt;
}

End end_of(const Finding& finding, const FlowFacts& flow) {
  if (!finding.side) return End::None;
  return *finding.side == flow.client ? End::Client : End::Server;
}

const Relation* explaining(const std::vector<Finding>& findings, std::size_t symptom, std::size_t& cause) {
  for (const Relation* row : relations_to(findings[symptom].id)) {
    if (!within_flow(row->reach)) continue;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (i == symptom || findings[i].severity == Severity::Info || findings[i].id != row->cause) continue;
      if (!holds(*row, findings[i], findings[symptom])) continue;
      cause = i;
      return row;
    }
  }
  return nullptr;
}

// Of the data of `whose`, or of both ends.
TimeNs held(const FlowResult& flow, std::optional<Side> whose, std::initializer_list<HeldBy> causes) {
  TimeNs sum = 0;
  if (!flow.history.transfer) return 0;
  for (const Side side : {Side::A, Side::B})
    for (const HeldBy cause : causes)
      if (!whose || *whose == side) sum += flow.history.transfer->time.ns[index(side)][index(cause)];
  return sum;
}

// What was lost of one connection, each moment of it once, whatever findings share it.
class LostTime {
 public:
  LostTime(TimeNs from_ns, TimeNs until_ns) : left_(until_ns - from_ns) {}

  // Of this time what was not told before.
  TimeNs span(TimeNs from_ns, TimeNs until_ns) {
    std::sort(told_.begin(), told_.end());
    TimeNs fresh = 0, at = from_ns;
    for (const auto& [begun, over] : told_) {
      fresh += std::clamp(begun, at, std::max(at, until_ns)) - at;
      at = std::max(at, over);
    }
    fresh += std::max<TimeNs>(until_ns - at, 0);
    told_.emplace_back(from_ns, until_ns);
    return part(fresh);
  }
  // So much, at moments that are not told.
  TimeNs part(TimeNs ns) {
    const TimeNs taken = std::clamp<TimeNs>(ns, 0, left_);
    left_ -= taken;
    return taken;
  }

 private:
  TimeNs left_;
  std::vector<std::pair<TimeNs, TimeNs>> told_;
};

// `named`: the end that the finding names; for a window it is the reader, and its peer's data waits.
TimeNs held_for(Lost lost, const FlowResult& flow, std::optional<Side> named) {
  const auto peer = named ? std::optional(other(*named)) : named;
  switch (lost) {
    case Lost::Handshake: return held(flow, std::nullopt, {HeldBy::Handshake});
    case Lost::Recovery: return held(flow, named, {HeldBy::LossRecovery});
    case Lost::Window: return held(flow, peer, {HeldBy::ZeroWindow, HeldBy::ReceiveWindow});
    case Lost::Nagle: return held(flow, named, {HeldBy::NagleDelayedAck});
    default: return 0;
  }
}

TimeNs time_lost(Lost lost, const FlowResult& flow, std::optional<Side> named, std::pair<TimeNs, TimeNs> span,
                 LostTime& of) {
  if (lost == Lost::Nothing) return 0;
  if (lost == Lost::Whole) return of.span(flow.history.trace.first.time_ns, flow.history.trace.last.time_ns);
  const TimeNs held = held_for(lost, flow, named);
  return held > 0 ? of.part(held) : of.span(span.first, span.second);
}

}  // namespace

Severity CauseBook::Episode::severity() const {
  for (std::size_t s = by_severity.size(); s-- > 1;)
    if (by_severity[s] > 0) return static_cast<Severity>(s);
  return Severity::Info;
}

void CauseBook::Episode::count(std::string_view id, Severity severity, std::uint64_t n) {
  auto found = std::find_if(counts.begin(), counts.end(), [id](const Count& c) { return c.id == id; });
  if (found == counts.end()) found = counts.insert(counts.end(), {id, severity, 0});
  found->worst = std::max(found->worst, severity);
  found->n += n;
}

void CauseBook::Episode::sample(std::uint64_t flow) {
  const auto at = std::lower_bound(samples.begin(), samples.end(), flow);
  if (at != samples.end() && *at == flow) return;
  samples.insert(at, flow);
  if (samples.size() > kSamples) samples.pop_back();
}

void CauseBook::Episode::meet(const IpAddress& who) {
  if (!client) client = who;
  several_clients = several_clients || *client != who;
}

CauseBook::Told CauseBook::Told::by(const Finding& finding, const std::optional<Told>& before) {
  const bool later = before && finding.severity <= before->severity && finding.time_ns >= before->at_ns;
  Told out{finding.severity, finding.certainty, finding.time_ns, finding.flow, {}, {}};
  if (!later) out.example = finding.summary;
  for (const auto& [name, value] : finding.evidence)
    if (const auto* text = std::get_if<std::string>(&value); name == kLikelyCause && text != nullptr)
      out.likely = *text;
  return out;
}

void CauseBook::Episode::tell(const Told& finding) {
  if (told && finding.severity < told->severity) return;
  const bool graver = !told || finding.severity > told->severity;
  const Certainty most = graver ? finding.certainty : std::max(told->certainty, finding.certainty);
  const bool alike = graver || finding.likely == told->likely;
  if (graver || finding.at_ns < told->at_ns) told = finding;
  told->certainty = most;
  if (!alike) told->likely.clear();
}

void CauseBook::Episode::take_sums(const Episode& other) {
  from_ns = std::min(from_ns, other.from_ns);
  until_ns = std::max(until_ns, other.until_ns);
  for (std::size_t s = 0; s < by_severity.size(); ++s) by_severity[s] += other.by_severity[s];
  for (const Count& c : other.counts) count(c.id, c.worst, c.n);
  for (const std::uint64_t flow : other.samples) sample(flow);
  impact.connections_failed += other.impact.connections_failed;
  impact.connections_reset += other.impact.connections_reset;
  impact.time_lost_ns += other.impact.time_lost_ns;
  if (other.client) meet(*other.client);
  several_clients = several_clients || other.several_clients;
  chosen = chosen || other.chosen;
}

void CauseBook::Episode::take(const Episode& other) {
  take_sums(other);
  flows += other.flows;
  main_flows += other.main_flows;
  attempts += other.attempts;
  told_flows += other.told_flows;
  if (other.told) tell(*other.told);
}

void CauseBook::Grouping::read(const std::vector<Finding>& findings) {
  parent.assign(findings.size(), kNowhere);
  group.assign(findings.size(), kNowhere);
  all.clear();
  if (findings.size() > 1)
    for (std::size_t i = 0; i < findings.size(); ++i) explaining(findings, i, parent[i]);
  for (std::size_t i = 0; i < findings.size(); ++i) put(findings, i);
}

void CauseBook::Grouping::put(const std::vector<Finding>& findings, std::size_t member) {
  std::size_t root = member;
  while (parent[root] != kNowhere) root = parent[root];
  if (findings[root].severity == Severity::Info) return;
  auto found = std::find_if(all.begin(), all.end(), [root](const Group& g) { return g.root == root; });
  if (found == all.end()) {
    found = all.insert(all.end(), Group{.root = root, .words = cause_words(findings[root].id)});
    found->span = {findings[root].time_ns, std::max(findings[root].time_ns, findings[root].end_ns)};
  }
  found->severity = std::max(found->severity, findings[member].severity);
  found->span.first = std::min(found->span.first, findings[member].time_ns);
  found->span.second = std::max(found->span.second, findings[member].end_ns);
  group[member] = static_cast<std::size_t>(found - all.begin());
}

std::size_t CauseBook::Grouping::main() const {
  const auto gravest = std::max_element(
      all.begin(), all.end(), [](const Group& a, const Group& b) { return a.severity < b.severity; });
  return static_cast<std::size_t>(gravest - all.begin());
}

// By the words of each group's cause; what several share is the main one's.
void CauseBook::Grouping::weigh(const FlowResult& flow) {
  const FlowTrace& trace = flow.history.trace;
  TimeNs until_ns = trace.last.time_ns;
  for (const Finding& finding : flow.findings) until_ns = std::max(until_ns, finding.end_ns);
  LostTime of(trace.first.time_ns, until_ns);
  const auto tell = [&](Group& g) {
    if (g.words != nullptr)
      g.lost_ns = time_lost(g.words->lost, flow, flow.findings[g.root].side, g.span, of);
  };
  const std::size_t first = main();
  tell(all[first]);
  for (std::size_t g = 0; g < all.size(); ++g)
    if (g != first) tell(all[g]);
}

std::uint32_t CauseBook::cause_of(Key key) {
  if (latest_ < causes_.size() && causes_[latest_].key == key) return latest_;
  auto found = numbers_.find(key);
  if (found == numbers_.end() && episodes_ >= kMostEpisodes) {
    crowded_ = true;
    key = {.id = key.id, .at = {}, .end = key.end, .of_host = key.of_host, .elsewhere = true};
    found = numbers_.find(key);
  }
  latest_ = found != numbers_.end() ? found->second : static_cast<std::uint32_t>(causes_.size());
  if (found != numbers_.end()) return latest_;
  const std::uint32_t number = latest_;
  numbers_.emplace(key, number);
  causes_.push_back({key, {}, std::nullopt});
  if (key.elsewhere) return number;
  by_service_[{key.id, key.at}].push_back(number);
  if (key.of_host) by_host_[{key.id, key.at.ip}].push_back(number);
  return number;
}

void CauseBook::join_nearest(Cause& cause) {
  auto& episodes = cause.episodes;
  std::size_t best = 0;
  for (std::size_t i = 1; i + 1 < episodes.size(); ++i)
    if (episodes[i + 1].from_ns - episodes[i].until_ns < episodes[best + 1].from_ns - episodes[best].until_ns)
      best = i;
  episodes[best].take(episodes[best + 1]);
  episodes.erase(episodes.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  --episodes_;
}

CauseBook::Episode& CauseBook::episode_for(const Key& key, TimeNs from_ns, TimeNs until_ns,
                                           CauseTicket& ticket) {
  ticket = {cause_of(key), from_ns};
  Cause& cause = causes_[ticket.cause];
  auto& episodes = cause.episodes;
  auto first = std::find_if(episodes.begin(), episodes.end(),
                            [&](const Episode& e) { return e.until_ns + kNear > from_ns; });
  if (first == episodes.end() || first->from_ns - kNear >= until_ns) {
    Episode fresh;
    fresh.from_ns = from_ns;
    fresh.until_ns = until_ns;
    episodes.insert(first, std::move(fresh));
    ++episodes_;
    if (episodes.size() > kPerCause) join_nearest(cause);
    return episodes[place_in(cause, from_ns)];
  }
  first->from_ns = std::min(first->from_ns, from_ns);
  first->until_ns = std::max(first->until_ns, until_ns);
  while (first + 1 != episodes.end() && (first + 1)->from_ns - kNear < first->until_ns) {
    first->take(*(first + 1));
    episodes.erase(first + 1);
    --episodes_;
  }
  return *first;
}

std::size_t CauseBook::place_in(const Cause& cause, TimeNs at_ns) {
  std::size_t place = 0;
  while (place + 1 < cause.episodes.size() && cause.episodes[place + 1].from_ns <= at_ns) ++place;
  return place;
}

void CauseBook::add(std::size_t number, bool main, const FlowResult& flow) {
  const Group& group = groups_.all[number];
  const FlowTrace& trace = flow.history.trace;
  const Finding& root = flow.findings[group.root];
  const Side server = trace.self_connection ? trace.client : trace.server();
  const bool of_end = group.words == nullptr || names_end(*group.words);
  const Key key{.id = root.id,
                .at = trace.facts(server).address,
                .end = of_end ? end_of(root, trace) : End::None,
                .held_port = proves(root, "held_in")};
  CauseTicket ticket;
  Episode& episode = episode_for(key, group.span.first, group.span.second, ticket);
  for (std::size_t member = 0; member < flow.findings.size(); ++member) {
    if (groups_.group[member] != number) continue;
    const Finding& finding = flow.findings[member];
    ++episode.by_severity[static_cast<std::size_t>(finding.severity)];
    episode.count(finding.id, finding.severity, 1);
    tickets_[member] = ticket;
  }
  episode.tell(Told::by(root, episode.told));
  episode.sample(trace.number);
  episode.meet(trace.facts(trace.client).address.ip);
  if (episode.last_flow != trace.number) {
    ++episode.flows;
    ++episode.attempts;
  }
  episode.last_flow = trace.number;
  episode.impact.time_lost_ns += group.lost_ns;
  if (!main) return;
  ++episode.main_flows;
  if (never_opens(flow.history.handshake)) ++episode.impact.connections_failed;
  if (flow.history.close == Close::ARst || flow.history.close == Close::BRst)
    ++episode.impact.connections_reset;
}

std::span<const CauseTicket> CauseBook::note(const FlowResult& flow) {
  if (std::none_of(flow.findings.begin(), flow.findings.end(),
                   [](const Finding& f) { return f.severity > Severity::Info; }))
    return {};
  tickets_.assign(flow.findings.size(), {});
  groups_.read(flow.findings);
  groups_.weigh(flow);
  const std::size_t main = groups_.main();  // it answers for what became of the connection
  for (std::size_t g = 0; g < groups_.all.size(); ++g) add(g, g == main, flow);
  return tickets_;
}

CauseTicket CauseBook::note(const Finding& finding) {
  CauseTicket ticket;
  if (finding.severity == Severity::Info) return ticket;
  const bool of_service = finding.host && finding.port;
  const Key key{.id = finding.id,
                .at = {finding.host.value_or(IpAddress{}), finding.port.value_or(0)},
                .end = of_service ? End::Server : End::None,
                .of_host = true};
  Episode& episode = episode_for(key, finding.time_ns, std::max(finding.time_ns, finding.end_ns), ticket);
  ++episode.by_severity[static_cast<std::size_t>(finding.severity)];
  episode.count(finding.id, finding.severity, 1);
  episode.tell(Told::by(finding, episode.told));
  episode.told_flows += finding.flows;
  for (const std::uint64_t flow : finding.sample_flows) episode.sample(flow);
  if (const auto client = named_client(finding)) episode.meet(*client);
  return ticket;
}

void CauseBook::demote(const CauseTicket& ticket, Severity was) {
  if (ticket.cause == CauseTicket::kNone) return;
  Cause& cause = causes_[ticket.cause];
  auto& counts = cause.episodes[place_in(cause, ticket.at_ns)].by_severity;
  --counts[static_cast<std::size_t>(was)];
  ++counts[static_cast<std::size_t>(Severity::Info)];
}

void CauseBook::choose(const CauseTicket& ticket) {
  if (ticket.cause == CauseTicket::kNone) return;
  Cause& cause = causes_[ticket.cause];
  cause.episodes[place_in(cause, ticket.at_ns)].chosen = true;
}

}  // namespace tcpautopsy
