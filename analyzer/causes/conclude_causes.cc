// CauseBook, once all findings are noted: what explains what across connections, and the words for it.
#include <algorithm>
#include <tuple>

#include "analyzer/causes/cause_book.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

// Where no time was lost, how long it went on: from a second on that says more than nothing.
std::string cost_text(const Impact& impact, TimeNs lasted) {
  std::string out;
  const auto say = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (impact.connections_failed > 0) say(count_text(impact.connections_failed, "connection") + " failed");
  if (impact.connections_reset > 0) say(count_text(impact.connections_reset, "connection") + " reset");
  if (impact.time_lost_ns > 0) say(duration_text(impact.time_lost_ns) + " lost");
  if (impact.time_lost_ns == 0 && lasted >= kSecond) say("over " + duration_text(lasted));
  return out;
}

}  // namespace

bool CauseBook::near(const Place& cause, const Place& symptom) const {
  const Episode &one = at(cause), &met = at(symptom);
  return cause.cause != symptom.cause && one.severity() > Severity::Info &&
         one.from_ns - kNear <= met.until_ns && met.from_ns <= one.until_ns + kNear;
}

std::optional<CauseBook::Place> CauseBook::nearest(const Numbers& causes, const Place& symptom) const {
  for (const std::uint32_t number : causes)
    for (std::size_t e = 0; e < causes_[number].episodes.size(); ++e)
      if (near({number, e}, symptom)) return Place{number, e};
  return std::nullopt;
}

std::optional<CauseBook::Place> CauseBook::visited_by(const Relation& row, const Place& symptom) const {
  const auto known = by_visitor_.find({row.cause, causes_[symptom.cause].key.at.ip});
  if (known == by_visitor_.end()) return std::nullopt;
  for (const Place& place : known->second)
    if (near(place, symptom)) return place;
  return std::nullopt;
}

// Who was the only client that a host's episode met.
void CauseBook::index_visitors() {
  for (std::uint32_t c = 0; c < causes_.size(); ++c) {
    const Cause& cause = causes_[c];
    if (!cause.key.of_host) continue;
    for (std::size_t e = 0; e < cause.episodes.size(); ++e) {
      const Episode& episode = cause.episodes[e];
      if (episode.client && !episode.several_clients)
        by_visitor_[{cause.key.id, *episode.client}].push_back({c, e});
    }
  }
}

std::optional<CauseBook::Place> CauseBook::explains(const Relation& row, const Place& symptom) const {
  const Key& key = causes_[symptom.cause].key;
  if (key.elsewhere) return std::nullopt;
  if (row.reach == Reach::ServiceBy && key.end != End::Server) return std::nullopt;
  if (row.reach == Reach::HeldPort && !key.held_port) return std::nullopt;
  if (row.reach == Reach::Visitor) return key.of_host ? visited_by(row, symptom) : std::nullopt;
  const auto at_service = [&](const EndpointAddress& service) -> std::optional<Place> {
    const auto known = by_service_.find({row.cause, service});
    return known == by_service_.end() ? std::nullopt : nearest(known->second, symptom);
  };
  if (row.reach == Reach::Host) return at_service({key.at.ip, 0});
  if (row.reach != Reach::Client) return at_service(key.at);
  const Episode& met = at(symptom);
  if (!met.client || met.several_clients) return std::nullopt;
  const auto known = by_host_.find({row.cause, *met.client});
  return known == by_host_.end() ? std::nullopt : nearest(known->second, symptom);
}

// The table has no circles, so this ends.
CauseBook::Place CauseBook::root_of(Place place) const {
  for (bool found = true; found;) {
    found = false;
    for (const Relation* row : relations_to(causes_[place.cause].key.id)) {
      if (within_flow(row->reach)) continue;
      const auto cause = explains(*row, place);
      if (!cause) continue;
      place = *cause;
      found = true;
      break;
    }
  }
  return place;
}

// What was found of a host and is graver than its cause: nobody would look for it under that.
std::string CauseBook::consequence_text(const std::vector<Count>& counts, Severity cause) {
  const Detector* gravest = nullptr;
  Severity worst = cause;
  for (const Count& c : counts) {
    const Detector* detector = c.worst > worst ? find_detector(c.id) : nullptr;
    if (detector == nullptr || detector->doc.scope != Scope::Host) continue;
    gravest = detector;
    worst = c.worst;
  }
  return gravest == nullptr ? "" : "; leads to: " + std::string(gravest->doc.title);
}

// What the words hang on: what the cause's own findings call likely, or that the refusals follow the resets
// which they explain, as where a process ends.
std::string_view CauseBook::likely_of(const Key& key, const Episode& all, const Told& told) {
  const bool refuses = key.id == "connection_refused" || key.id == "service_refusing";
  const bool was_up =
      refuses && told.likely.empty() && all.impact.connections_reset > 0 && all.from_ns < told.at_ns;
  return was_up ? "was_up" : std::string_view(told.likely);
}

Incident CauseBook::incident_of(const Cause& cause, const Episode& all, std::size_t services) const {
  const Key& key = cause.key;
  Incident out;
  out.cause = key.id;
  out.severity = all.severity();
  const Told told = all.told.value_or(Told{});
  const CauseWords* words = cause_words(key.id, likely_of(key, all, told));
  out.certainty = told.certainty;
  out.first_ns = all.from_ns;
  out.last_ns = all.until_ns;
  out.flows = std::max(all.flows, all.told_flows);
  out.impact = all.impact;
  out.example = told.example;
  out.chosen = all.chosen;
  if (all.client && !all.several_clients) out.client = all.client;
  if (!key.elsewhere && services == 1 && (!key.of_host || key.at.port != 0)) out.service = key.at;
  if (!key.elsewhere && key.of_host) out.host = key.at.ip;
  for (const Count& c : all.counts) out.findings[c.id] += c.n;
  if (told.flow) out.sample_flows.push_back(*told.flow);
  for (const std::uint64_t flow : all.samples)
    if (out.sample_flows.size() < kSamples && flow != told.flow) out.sample_flows.push_back(flow);
  out.see = out.sample_flows.empty() ? "findings --finding " + std::string(key.id)
                                     : "history --flow " + std::to_string(out.sample_flows.front());
  const std::string host = key.elsewhere ? "several hosts" : to_string(key.at.ip);
  CauseNames names;
  names.service = services > 1       ? count_text(services, "service")
                  : key.elsewhere    ? "several services"
                  : key.at.port == 0 ? host
                                     : endpoint_text(key.at);
  names.host = host;
  names.client = out.client ? to_string(*out.client) : "several clients";
  names.flows = out.flows;
  names.attempts = all.told_flows > 0 ? all.told_flows : all.attempts;
  names.end = key.end;
  out.headline = words == nullptr ? told.example : fill_in(words->headline, names);
  out.headline += consequence_text(all.counts, told.severity);
  out.headline = hedged(std::move(out.headline), out.certainty);
  out.cost = cost_text(out.impact, out.last_ns - out.first_ns);
  out.end = key.end;
  out.where = words == nullptr ? Actor::Unknown : actor_of(words->blame, key.end);
  if (words != nullptr) out.remedy = fill_in(words->remedy, names);
  return out;
}

// Of each cause that explains itself, with what it explains.
std::vector<std::optional<CauseBook::Episode>> CauseBook::sum_up() {
  std::vector<std::optional<Episode>> sums(causes_.size());
  roots_.resize(causes_.size());
  for (std::uint32_t c = 0; c < causes_.size(); ++c) {
    for (std::size_t e = 0; e < causes_[c].episodes.size(); ++e) {
      const Place root = root_of({c, e});
      roots_[c].push_back(root);
      const Episode& episode = causes_[c].episodes[e];
      if (root.cause == c && episode.severity() == Severity::Info) continue;
      std::optional<Episode>& sum = sums[root.cause];
      if (!sum) {
        sum.emplace();
        sum->from_ns = at(root).from_ns;
        sum->until_ns = at(root).until_ns;
      }
      if (root.cause == c) {
        sum->take(episode);
      } else {
        sum->take_sums(episode);
        sum->flows += episode.main_flows;
      }
    }
  }
  return sums;
}

// The causes of each incident; sums of those that are joined are added to the first.
std::vector<CauseBook::Numbers> CauseBook::join_services(std::vector<std::optional<Episode>>& sums) const {
  std::map<std::tuple<std::string_view, End, IpAddress>, Numbers> of_client;
  std::vector<Numbers> out;
  for (std::uint32_t c = 0; c < causes_.size(); ++c) {
    if (!sums[c]) continue;
    const Key& key = causes_[c].key;
    if (key.of_host || key.elsewhere || sums[c]->several_clients || !sums[c]->client)
      out.push_back({c});
    else
      of_client[{key.id, key.end, *sums[c]->client}].push_back(c);
  }
  for (const auto& [what, causes] : of_client) {
    if (causes.size() < kManyServices) {
      for (const std::uint32_t c : causes) out.push_back({c});
      continue;
    }
    for (std::size_t i = 1; i < causes.size(); ++i) sums[causes[0]]->take(*sums[causes[i]]);
    out.push_back(causes);
  }
  return out;
}

void CauseBook::conclude() {
  index_visitors();
  std::vector<std::optional<Episode>> sums = sum_up();
  std::vector<std::pair<Incident, Numbers>> found;
  for (Numbers& causes : join_services(sums)) {
    const std::uint32_t first = causes[0];
    found.emplace_back(incident_of(causes_[first], *sums[first], causes.size()), std::move(causes));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return worse(a.first, b.first); });
  for (auto& [incident, causes] : found) {
    for (const std::uint32_t cause : causes) causes_[cause].incident = incidents_.size();
    incidents_.push_back(std::move(incident));
  }
}

std::optional<std::uint64_t> CauseBook::number_of(const CauseTicket& ticket) const {
  if (ticket.cause == CauseTicket::kNone) return std::nullopt;
  const std::size_t place = place_in(causes_[ticket.cause], ticket.at_ns);
  const Place& root = roots_[ticket.cause][place];
  if (root.cause == ticket.cause && at(root).severity() == Severity::Info) return std::nullopt;
  return causes_[root.cause].incident;
}

}  // namespace tcpautopsy
