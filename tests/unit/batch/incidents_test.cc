// Incidents of a store: which are one line of its report, what that line sums up, and its trend.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/batch/report.h"
#include "analyzer/batch/report_incidents.h"
#include "analyzer/batch/store.h"
#include "analyzer/causes/cause_words.h"
#include "tests/unit/batch/made_units.h"

using namespace tcpautopsy;
using namespace tcpautopsy::batch;

namespace {

struct Made {
  std::string file, cause = "connection_refused", ip = "10.0.0.2", endpoint, client = "10.0.0.1";
  std::int64_t port = 80, level = 2, flows = 1, failed = 1, first_ns = 1, last_ns = 2;
};

Made at(const std::string& file) {
  Made made;
  made.file = file;
  return made;
}

void put(Store& store, const std::vector<Made>& incidents) {
  const UnitPlan unit = unit_of({incidents.front().file});
  UnitResult result = result_of(unit);
  std::int64_t number = 0;
  for (const Made& i : incidents) {
    const std::string place = i.ip + ":" + std::to_string(i.port);
    result.incidents.add({number++,
                          name(static_cast<Severity>(i.level)),
                          i.level,
                          "likely",
                          i.cause,
                          "verdict",
                          "server_host",
                          i.ip,
                          i.port,
                          nullptr,
                          i.client,
                          i.endpoint,
                          place,
                          i.first_ns,
                          i.last_ns,
                          i.flows,
                          i.failed,
                          std::int64_t{0},
                          std::int64_t{5},
                          std::string(cause_words(i.cause)->remedy),
                          "history --flow 7",
                          std::int64_t{7},
                          "{}"});
  }
  store.put(unit, fingerprint(unit, {}), std::move(result));
  store.commit();
}

// Of a store with these units.
Report report_of(const std::vector<std::vector<Made>>& units, std::size_t most = 10,
                 const std::vector<std::vector<Made>>& before = {}) {
  const Folder folder;
  const std::string baseline = before.empty() ? "" : folder.path("old");
  if (!before.empty()) {
    Store old(baseline);
    for (const auto& unit : before) put(old, unit);
  }
  Store store(folder.path("new"));
  for (const auto& unit : units) put(store, unit);
  return make_report(store.database(), baseline, most);
}

}  // namespace

TEST_CASE("Incidents of one cause at one service are one line, in whatever files and hours") {
  Made later = at("b");
  later.flows = 3;
  later.failed = 2;
  later.first_ns = 100;
  later.last_ns = 7'200'000'000'000;
  const Report report = report_of({{at("a")}, {later}, {at("c")}});
  REQUIRE(report.incidents.size() == 1);
  const IncidentLine& line = report.incidents.front();
  CHECK(line.severity == "warning");
  CHECK(line.incidents == 3);
  CHECK(line.captures == 3);
  CHECK(line.flows == 5);
  CHECK(line.failed == 4);
  CHECK(line.lost_ns == 15);
  CHECK(line.first_ns == 1);
  CHECK(line.last_ns == 7'200'000'000'000);
  CHECK(line.where.command == "tcpautopsy history --flow 7 b");  // which failed most
  CHECK(line.headline.find("10.0.0.2:80 refused 5 attempts") == 0);
  CHECK(line.trend.kind == Trend::Kind::None);
  CHECK(report.incidents_by_level[2] == 1);
}

TEST_CASE("Another service, cause or end is another line") {
  Made other = at("b");
  SECTION("service") { other.port = 81; }
  SECTION("address") { other.ip = "10.0.0.3"; }
  SECTION("cause") { other.cause = "connect_timeout"; }
  SECTION("end") { other.endpoint = "client"; }
  const Report report = report_of({{at("a")}, {other}});
  CHECK(report.incidents.size() == 2);
  for (const IncidentLine& line : report.incidents) CHECK(line.incidents == 1);
}

TEST_CASE("The gravest line comes first, then that of which most failed, and the rest is counted") {
  Made error = at("a"), many = at("a"), few = at("a");
  error.cause = "connect_timeout";
  error.level = 3;
  many.port = 81;
  many.failed = 9;
  few.port = 82;
  const Report report = report_of({{few, many, error}}, 2);
  REQUIRE(report.incidents.size() == 2);
  CHECK(report.incidents[0].cause == "connect_timeout");
  CHECK(report.incidents[1].service->second == 81);
  CHECK(incidents_left_out(report) == 1);
  CHECK(report_text(report, {80, false}).find("1 more: --limit 3") != std::string::npos);
}

TEST_CASE("The only client is named, several are not") {
  Made other = at("b");
  CHECK(report_of({{at("a")}, {other}}).incidents.front().client == "10.0.0.1");
  other.client = "10.0.0.9";
  CHECK(report_of({{at("a")}, {other}}).incidents.front().client.empty());
}

TEST_CASE("The trend of incidents is by their connections") {
  Made more = at("a"), less = at("b");
  more.flows = 5;
  less.flows = 2;
  const auto trend = [](const std::vector<std::vector<Made>>& now,
                        const std::vector<std::vector<Made>>& then) {
    return report_of(now, 10, then).incidents.front().trend;
  };
  CHECK(trend({{more}}, {{less}}).kind == Trend::Kind::Worse);
  CHECK(trend({{more}}, {{less}}).before == 2);
  CHECK(trend({{less}}, {{more}}).kind == Trend::Kind::Better);
  CHECK(trend({{less}}, {{less}}).kind == Trend::Kind::Same);
  Made elsewhere = less;
  elsewhere.port = 81;
  CHECK(trend({{more}}, {{elsewhere}}).kind == Trend::Kind::New);
  more.flows = less.flows = 0;  // about the capture
  CHECK(trend({{more}, {at("c")}}, {{less}}).kind == Trend::Kind::Worse);
}

TEST_CASE("What another capture's incident explains is told, if it is of the service, the end and the time") {
  Made cause = at("a"), symptom = at("b");
  cause.cause = "service_refusing";
  cause.endpoint = symptom.endpoint = "server";
  cause.level = 3;
  symptom.cause = "rst_abort";
  constexpr std::int64_t kMinute = 60'000'000'000;
  const auto explained = [&] {
    const Report report = report_of({{cause}, {symptom}});
    REQUIRE(report.incidents.size() == 2);
    CHECK(report.incidents[0].explained_by.empty());
    return report.incidents[1].explained_by;
  };
  SECTION("all of that") {
    CHECK(explained() == "service_refusing");
    CHECK(report_text(report_of({{cause}, {symptom}}), {80, false}).find("explained by service_refusing") !=
          std::string::npos);
  }
  SECTION("nearly a minute later") {
    symptom.first_ns = cause.last_ns + kMinute;
    symptom.last_ns = symptom.first_ns + 1;
    CHECK(explained() == "service_refusing");
  }
  SECTION("more than a minute later") {
    symptom.first_ns = cause.last_ns + kMinute + 1;
    symptom.last_ns = symptom.first_ns + 1;
    CHECK(explained().empty());
  }
  SECTION("the other end") {
    symptom.endpoint = "client";
    CHECK(explained().empty());
  }
  SECTION("another service") {
    symptom.port = 81;
    CHECK(explained().empty());
  }
  SECTION("what it does not explain") {
    symptom.cause = "close_wait_stuck";
    CHECK(explained().empty());
  }
  SECTION("only some of them") {
    Made later = symptom;
    later.file = "c";
    later.first_ns = 10 * kMinute;
    later.last_ns = later.first_ns + 1;
    const Report report = report_of({{cause}, {symptom}, {later}});
    REQUIRE(report.incidents.size() == 2);
    CHECK(report.incidents[1].explained_by.empty());
  }
}

TEST_CASE("A cause that grew is worse, not new, whatever it is called by then") {
  Made now = at("a"), then = at("b");
  const auto trend = [&] { return report_of({{now}}, 10, {{then}}).incidents.front().trend; };
  SECTION("graver, though no more often") {
    then.level = 1;
    CHECK(trend().kind == Trend::Kind::Worse);
    CHECK(trend().before_severity == "note");
    std::swap(now.level, then.level);
    CHECK(trend().kind == Trend::Kind::Better);
  }
  SECTION("graver, though less often") {
    then.level = 1;
    then.flows = 7;
    CHECK(trend().kind == Trend::Kind::Worse);
    CHECK(trend().before == 7);
  }
  SECTION("found of the service by now") {
    now.cause = "service_refusing";
    now.endpoint = "server";
    CHECK(trend().kind == Trend::Kind::Worse);
    CHECK(trend().before_cause == "connection_refused");
    CHECK(trend().before_severity.empty());
    std::swap(now.cause, then.cause);
    CHECK(trend().kind == Trend::Kind::Better);
    CHECK(trend().before_cause == "service_refusing");
  }
  SECTION("another service") {
    now.cause = "service_refusing";
    then.port = 81;
    CHECK(trend().kind == Trend::Kind::New);
  }
  SECTION("another fault at the service") {
    now.cause = "service_unreachable";
    CHECK(trend().kind == Trend::Kind::New);
  }
}
