// Every detector proves itself by its own examples: what the manual shows is what was run.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "analyzer/detect/detector.h"
#include "tests/support/tap_runner.h"

namespace tcpautopsy {

namespace {

// A near miss states an absence, a positive example the finding: else an example could pass by saying
// nothing.
bool states_its_point(const Example& example, std::string_view id) {
  const tap::Script script = tap::parse_script(example.script);
  return std::any_of(script.findings.begin(), script.findings.end(),
                     [&](const tap::FindingExpectation& expected) {
                       if (expected.absent != example.near_miss) return false;
                       return expected.id == id || (expected.absent && expected.id.empty());
                     });
}

}  // namespace

TEST_CASE("a detector is documented and asked as its scope has it") {
  REQUIRE_FALSE(detectors().empty());
  for (const Detector* detector : detectors()) {
    const Doc& doc = detector->doc;
    DYNAMIC_SECTION(doc.id) {
      for (const std::string_view text :
           {doc.title, doc.said_when, doc.what, doc.how_known, doc.causes, doc.confirm, doc.remedy, doc.rfc})
        CHECK_FALSE(text.empty());
      CHECK((detector->examine != nullptr || detector->examine_end != nullptr) == (doc.scope == Scope::Flow));
      CHECK((detector->examine_hosts != nullptr) == (doc.scope == Scope::Host));
      CHECK(find_detector(doc.id) == detector);
    }
  }
}

TEST_CASE("a detector's examples hold at every initial sequence number") {
  for (const Detector* detector : detectors()) {
    DYNAMIC_SECTION(detector->doc.id) {
      const auto near_misses = std::count_if(detector->examples.begin(), detector->examples.end(),
                                             [](const Example& example) { return example.near_miss; });
      CHECK(near_misses >= 2);
      CHECK(std::ssize(detector->examples) - near_misses >= 2);
      for (const Example& example : detector->examples) {
        const tap::RunResult result = tap::run_script(example.script, detector->doc.id);
        INFO("example: " << example.title << '\n' << result.text());
        CHECK(result.passed());
        if (result.passed()) CHECK(states_its_point(example, detector->doc.id));
      }
    }
  }
}

}  // namespace tcpautopsy
