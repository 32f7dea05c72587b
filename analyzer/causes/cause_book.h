// Gathers findings into incidents while flows end, in bounded memory.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/causes/cause_words.h"
#include "analyzer/causes/incident.h"
#include "analyzer/causes/relations.h"

namespace tcpautopsy {

// What a finding's incident is asked by once all are known. None: it belongs to none.
struct CauseTicket {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::uint32_t cause = kNone;  // of the book's own count
  TimeNs at_ns = 0;             // of the cause's first finding
};

// Of one run, over all its captures. Findings of a connection are first joined with each other, by the rows
// of relations.h that are within_flow. What is left is the cause, as far as the connection tells, and joins
// those of the same id, service and end: of these only sums are kept, parted into episodes. Once all are
// known each episode is joined with what explains it, and what explains itself is an incident.
//
// At most kMostEpisodes are kept, and kPerCause of one cause: beyond these the nearest are joined, and causes
// at further services are told together, as of several services. Linear in findings.
class CauseBook {
 public:
  static constexpr std::size_t kMostEpisodes = 16384, kPerCause = 16, kSamples = 20;
  // What one client alone met at so many services is one incident: they have the client in common.
  static constexpr std::size_t kManyServices = 5;

  // One for each of the flow's findings, in their order; empty if none is above info. Valid until the next
  // call.
  std::span<const CauseTicket> note(const FlowResult& flow);
  CauseTicket note(const Finding& finding);  // of a host or the capture
  // A finding that was noted as `was` turns out to be part of a host's, and counts as info.
  void demote(const CauseTicket& ticket, Severity was);
  // It is among what the user asked for.
  void choose(const CauseTicket& ticket);

  // To be called once, when all is noted.
  void conclude();
  // Worst first: an incident's number is its place here.
  const std::vector<Incident>& incidents() const { return incidents_; }
  std::optional<std::uint64_t> number_of(const CauseTicket& ticket) const;
  // Causes were met at more services than are told apart.
  bool crowded() const { return crowded_; }

 private:
  // What findings of one cause have in common.
  struct Key {
    std::string_view id;
    EndpointAddress at;  // the service, or the host and port 0
    End end = End::None;
    bool of_host = false, held_port = false, elsewhere = false;
    auto operator<=>(const Key&) const = default;
  };

  struct Count {
    std::string_view id;
    Severity worst = Severity::Info;
    std::uint64_t n = 0;
  };

  // By the gravest finding of the cause itself, the first of them; by the most certain of those.
  struct Told {
    Severity severity = Severity::Info;
    Certainty certainty = Certainty::Possible;
    TimeNs at_ns = 0;
    std::optional<std::uint64_t> flow;
    std::string example;
    std::string likely;  // cause_words.h; empty where those as grave differ

    // Without the example where that of `before` stays.
    static Told by(const Finding& finding, const std::optional<Told>& before);
  };

  // A run of them, less than kNear apart.
  struct Episode {
    TimeNs from_ns = 0, until_ns = 0;
    std::array<std::uint64_t, 4> by_severity{};
    std::vector<Count> counts;
    std::uint64_t flows = 0, main_flows = 0;  // main: of which this is the gravest cause
    std::uint64_t attempts = 0;               // connections of the cause itself, without what it explains
    std::uint64_t told_flows = 0;             // by a finding about a host
    std::optional<std::uint64_t> last_flow;   // noted
    std::vector<std::uint64_t> samples;       // the least numbers
    Impact impact;
    std::optional<Told> told;
    std::optional<IpAddress> client;
    bool several_clients = false, chosen = false;

    Severity severity() const;  // the gravest left
    void count(std::string_view id, Severity severity, std::uint64_t n);
    void sample(std::uint64_t flow);
    void meet(const IpAddress& who);
    void tell(const Told& finding);
    void take_sums(const Episode& other);  // all but what tells of the cause
    void take(const Episode& other);       // another of the same cause
  };

  using Numbers = std::vector<std::uint32_t>;
  struct Cause {
    Key key;
    std::vector<Episode> episodes;  // apart, in order of time
    std::optional<std::uint64_t> incident;
  };

  struct Place {
    std::uint32_t cause = CauseTicket::kNone;
    std::size_t episode = 0;
    bool operator==(const Place&) const = default;
  };

  // The findings of one connection that share a cause.
  struct Group {
    std::size_t root = 0;
    const CauseWords* words = nullptr;  // of the cause
    Severity severity = Severity::Info;
    std::pair<TimeNs, TimeNs> span{};  // of the cause with all that it explains
    TimeNs lost_ns = 0;
  };
  // Of one connection. What they need of memory stays for the next.
  struct Grouping {
    std::vector<std::size_t> parent;  // of each finding that another explains
    std::vector<std::size_t> group;   // of each that is above info, or explained by one that is
    std::vector<Group> all;

    void read(const std::vector<Finding>& findings);
    void put(const std::vector<Finding>& findings, std::size_t member);
    std::size_t main() const;  // the gravest, then the first
    void weigh(const FlowResult& flow);
  };

  Episode& episode_for(const Key& key, TimeNs from_ns, TimeNs until_ns, CauseTicket& ticket);
  void add(std::size_t number, bool main, const FlowResult& flow);
  std::uint32_t cause_of(Key key);
  void join_nearest(Cause& cause);
  static std::size_t place_in(const Cause& cause, TimeNs at_ns);
  const Episode& at(const Place& place) const { return causes_[place.cause].episodes[place.episode]; }
  std::optional<Place> explains(const Relation& row, const Place& symptom) const;
  bool near(const Place& cause, const Place& symptom) const;
  void index_visitors();
  std::optional<Place> nearest(const std::vector<std::uint32_t>& causes, const Place& symptom) const;
  std::optional<Place> visited_by(const Relation& row, const Place& symptom) const;
  Place root_of(Place place) const;
  std::vector<std::optional<Episode>> sum_up();
  std::vector<Numbers> join_services(std::vector<std::optional<Episode>>& sums) const;
  static std::string consequence_text(const std::vector<Count>& counts, Severity cause);
  static std::string_view likely_of(const Key& key, const Episode& all, const Told& told);
  Incident incident_of(const Cause& cause, const Episode& all, std::size_t services) const;

  std::map<Key, std::uint32_t> numbers_;
  std::vector<Cause> causes_;
  std::map<std::pair<std::string_view, EndpointAddress>, Numbers> by_service_;       // causes
  std::map<std::pair<std::string_view, IpAddress>, Numbers> by_host_;                // those of hosts
  std::map<std::pair<std::string_view, IpAddress>, std::vector<Place>> by_visitor_;  // by conclude()
  std::vector<std::vector<Place>> roots_;  // of each episode, by conclude()
  std::size_t episodes_ = 0;
  std::uint32_t latest_ = CauseTicket::kNone;  // asked for: mostly it is the next one's too
  bool crowded_ = false;
  Grouping groups_;
  std::vector<CauseTicket> tickets_;
  std::vector<Incident> incidents_;
};

}  // namespace tcpautopsy
