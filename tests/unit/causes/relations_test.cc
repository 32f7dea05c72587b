// Each row of the table: where it holds, and where it narrowly does not.
#include "analyzer/causes/relations.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "analyzer/causes/escalations.h"
#include "tests/unit/causes/made_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::causes_test;

namespace {

const Detector& detector_of(std::string_view id) {
  const Detector* found = find_detector(id);
  INFO("finding " << id);
  REQUIRE(found != nullptr);
  return *found;
}

bool tells_of_hosts(std::string_view id) { return detector_of(id).doc.scope == Scope::Host; }

// A cause and a symptom: how far apart, and whether they share what the row asks for.
struct Placed {
  TimeNs symptom_after_ns = kSecond;
  bool same_flow = false, same_place = true, same_end = true, held_port = true, certain = true;
};

CauseTicket add_of_host(CauseBook& book, const Relation& row, std::string_view id, TimeNs after_ns,
                        bool same_place) {
  const bool client = row.reach == Reach::Client || (row.reach == Reach::Visitor && id != row.cause);
  const bool no_port = client || row.reach == Reach::Host;
  Finding finding = of_host(id, client ? address(same_place ? 1 : 7) : address(same_place ? 2 : 7),
                            no_port ? std::nullopt : std::optional<std::uint16_t>(80), after_ns);
  if (row.reach == Reach::Visitor) finding.evidence.emplace_back("client", std::string("10.0.0.1"));
  return book.note(finding);
}

CauseTicket add_of_flow(CauseBook& book, const Relation& row, std::string_view id, TimeNs after_ns,
                        std::uint64_t number, const Placed& placed, bool symptom) {
  FlowResult flow = made_flow(number);
  if (symptom && !placed.same_place && row.reach != Reach::Client)
    flow.history.trace.sides[1].address.port = 81;
  Finding& finding = tell(flow, id, Severity::Warning, after_ns, placed.same_end ? Side::B : Side::A);
  if (symptom && placed.held_port && row.reach == Reach::HeldPort)
    finding.evidence.emplace_back("held_in", std::string("CLOSE-WAIT"));
  return book.note(flow)[0];
}

// Whether the symptom is told in the cause's incident.
bool joined(const Relation& row, std::string_view symptom, const Placed& placed) {
  CauseBook book;
  CauseTicket of_cause, of_symptom;
  if (placed.same_flow) {
    FlowResult flow = made_flow(0);
    Finding& cause = tell(flow, row.cause, Severity::Warning);
    cause.certainty = placed.certain ? Certainty::Certain : Certainty::Likely;
    tell(flow, symptom, Severity::Warning, placed.symptom_after_ns, placed.same_end ? Side::B : Side::A);
    const auto tickets = book.note(flow);
    of_cause = tickets[0];
    of_symptom = tickets[1];
  } else {
    of_cause = tells_of_hosts(row.cause) ? add_of_host(book, row, row.cause, 0, true)
                                         : add_of_flow(book, row, row.cause, 0, 0, placed, false);
    of_symptom = tells_of_hosts(symptom)
                     ? add_of_host(book, row, symptom, placed.symptom_after_ns, placed.same_place)
                     : add_of_flow(book, row, symptom, placed.symptom_after_ns, 1, placed, true);
    if (row.reach == Reach::Client && !placed.same_place) {
      // Another client at the same service: whose attempts they are cannot be told any more.
      FlowResult other = made_flow(2);
      other.history.trace.sides[0].address.ip = address(9);
      tell(other, symptom, Severity::Warning, placed.symptom_after_ns);
      book.note(other);
    }
  }
  book.conclude();
  REQUIRE(book.number_of(of_cause));
  REQUIRE(book.number_of(of_symptom));
  const bool same = *book.number_of(of_cause) == *book.number_of(of_symptom);
  if (same) CHECK(book.incidents().at(*book.number_of(of_cause)).cause == row.cause);
  return same;
}

std::vector<Placed> near_misses(Reach reach) {
  constexpr TimeNs kLate = kNear + 120 * kSecond;
  switch (reach) {
    case Reach::Flow: return {{}};  // of two connections
    case Reach::FlowLater: return {{}, {.symptom_after_ns = -kSecond, .same_flow = true}};
    case Reach::SameEnd: return {{}, {.same_flow = true, .same_end = false}};
    case Reach::SameEndCertain:
      return {{}, {.same_flow = true, .same_end = false}, {.same_flow = true, .certain = false}};
    case Reach::ServiceBy: return {{.symptom_after_ns = kLate}, {.same_place = false}, {.same_end = false}};
    case Reach::HeldPort: return {{.symptom_after_ns = kLate}, {.same_place = false}, {.held_port = false}};
    case Reach::Host: return {{.symptom_after_ns = kLate}};
    case Reach::Service:
    case Reach::Client:
    case Reach::Visitor: return {{.symptom_after_ns = kLate}, {.same_place = false}};
  }
  return {};
}

}  // namespace

TEST_CASE("each row joins a symptom to its cause, and none that narrowly fails it") {
  for (const Relation& row : relations()) {
    CHECK_FALSE(row.reason.empty());
    for (const std::string_view symptom : row.symptoms) {
      INFO(row.cause << " explains " << symptom << ": " << row.reason);
      CHECK(joined(row, symptom, {.same_flow = within_flow(row.reach)}));
      for (const Placed& placed : near_misses(row.reach)) {
        INFO("apart by " << placed.symptom_after_ns << " ns, same flow " << placed.same_flow << ", place "
                         << placed.same_place << ", end " << placed.same_end << ", held port "
                         << placed.held_port << ", certain " << placed.certain);
        CHECK_FALSE(joined(row, symptom, placed));
      }
    }
  }
}

TEST_CASE("no finding explains itself, not through others either") {
  std::set<std::string_view> open, done;
  const std::function<void(std::string_view)> follow = [&](std::string_view id) {
    INFO(id);
    REQUIRE_FALSE(open.contains(id));
    if (done.contains(id)) return;
    open.insert(id);
    for (const Relation* row : relations_to(id)) follow(row->cause);
    open.erase(id);
    done.insert(id);
  };
  for (const Relation& row : relations())
    for (const std::string_view symptom : row.symptoms) follow(symptom);
}

TEST_CASE("what counts as part of a host's finding is explained by it") {
  for (const Detector* detector : detectors()) {
    if (detector->doc.severity == Severity::Info) continue;
    for (const std::string_view part : detector->parts.ids) {
      INFO(detector->doc.id << " takes " << part);
      const auto rows = relations_to(part);
      CHECK(std::any_of(rows.begin(), rows.end(),
                        [&](const Relation* row) { return row->cause == detector->doc.id; }));
    }
  }
}

TEST_CASE("every finding above info has words as a cause, and one flow's verdict fits a line") {
  for (const Detector* detector : detectors()) {
    INFO(detector->doc.id);
    const CauseWords* words = cause_words(detector->doc.id);
    if (detector->doc.severity == Severity::Info) continue;
    REQUIRE(words != nullptr);
    CauseNames names;
    names.service = "172.18.195.129:31158";
    names.host = names.client = "172.18.195.129";
    names.flows = 1;
    names.end = End::Server;
    const std::string headline = fill_in(words->headline, names), remedy = fill_in(words->remedy, names);
    CHECK_FALSE(remedy.empty());
    CHECK((headline + remedy).find('{') == std::string::npos);
    INFO(headline);
    CHECK(headline.size() <= 69);  // of 80 columns, behind number and severity
  }
}

TEST_CASE(
    "what a fault is called when it is met less is explained by what it is called when it is met more") {
  std::set<std::string_view> graver;
  for (const Escalation& row : escalations()) {
    CHECK(graver.insert(row.graver).second);
    CHECK_FALSE(row.milder.empty());
    for (const std::string_view milder : row.milder) {
      INFO(row.graver << " and " << milder);
      const auto rows = relations_to(milder);
      CHECK(std::any_of(rows.begin(), rows.end(), [&](const Relation* r) { return r->cause == row.graver; }));
      const auto back = graver_forms(milder);
      CHECK(std::find(back.begin(), back.end(), row.graver) != back.end());
    }
    CHECK(milder_forms(row.graver) == row.milder);
  }
  CHECK(milder_forms("connection_refused").empty());
  CHECK(graver_forms("service_unreachable").empty());
}
