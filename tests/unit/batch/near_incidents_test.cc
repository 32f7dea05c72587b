// Whether incidents of other captures explain a line: the same as by comparing each with each.
#include "analyzer/batch/near_incidents.h"

#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <string>

#include "analyzer/batch/store.h"
#include "analyzer/causes/relations.h"
#include "tests/unit/batch/made_units.h"

using namespace tcpautopsy;
using namespace tcpautopsy::batch;

namespace {

using Shared = NearIncidents::Shared;

class Made {
 public:
  explicit Made(unsigned seed) : random_(seed) {
    Statement row = store_.database().prepare(
        "INSERT INTO incidents VALUES (?, ?, 'note', 1, 'likely', ?, 'v', 'server_host', ?, ?, ?, ?, '', "
        "'p', "
        "?, ?, 1, 0, 0, 0, 'r', 's', NULL, '{}')");
    for (std::int64_t incident = 0; incident < 40; ++incident) {
      const std::int64_t first_ns = number(1000) * kSecond + number(3);
      row.with(number(4), incident, incident % 2 ? "cause" : "symptom", address(), port(), address(),
               address(), first_ns, first_ns + number(200) * kSecond + number(3));
      row.run();
    }
  }

  bool each_with_each(Shared shared) {
    const std::string shares = shared == Shared::Service
                                   ? "c.server_ip = i.server_ip AND c.server_port = i.server_port"
                               : shared == Shared::Host ? "c.host = i.server_ip AND c.server_port IS NULL"
                                                        : "c.host = i.client_ip";
    const std::string near = std::to_string(kNear);
    return *store_.database().number(
               "SELECT COUNT(*) > 0 AND COUNT(*) = SUM(EXISTS (SELECT 1 FROM incidents c WHERE c.cause = "
               "'cause' AND "
               "c.unit <> i.unit AND " +
               shares + " AND c.first_ns - " + near + " <= i.last_ns AND i.first_ns <= c.last_ns + " + near +
               ")) FROM incidents i WHERE i.cause = 'symptom'") != 0;
  }

  bool sorted(Shared shared) {
    return NearIncidents(store_.database()).explain_all("cause", shared, "symptom", "", "p");
  }

  // So few that it is not always one answer.
  void keep(std::int64_t symptoms) {
    store_.database().execute("DELETE FROM incidents WHERE cause = 'symptom' AND incident >= " +
                              std::to_string(2 * symptoms));
  }

 private:
  std::int64_t number(std::int64_t below) { return static_cast<std::int64_t>(random_()) % below; }
  Cell address() {
    static constexpr std::string_view kAddresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    const auto at = number(4);
    return at == 3 ? Cell(nullptr) : Cell(kAddresses[at]);
  }
  Cell port() { return number(3) == 0 ? Cell(nullptr) : Cell(80 + number(2)); }

  std::mt19937 random_;
  Folder folder_;
  Store store_{folder_.path("s")};
};

}  // namespace

TEST_CASE("What explains a line is what comparing each incident with each tells") {
  int explained = 0, asked = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    Made made(seed);
    for (const std::int64_t symptoms : {3, 1, 0}) {
      made.keep(symptoms);
      for (const Shared shared : {Shared::Service, Shared::Host, Shared::Client}) {
        const bool all = made.each_with_each(shared);
        CAPTURE(seed, symptoms, static_cast<int>(shared));
        CHECK(made.sorted(shared) == all);
        explained += all;
        ++asked;
      }
    }
  }
  CHECK(explained > 20);
  CHECK(explained < asked / 2);
}
