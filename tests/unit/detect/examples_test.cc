// Every detector proves itself by its own examples: what the manual shows is what was run.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "analyzer/detect/detector.h"
#include "tests/support/tap_runner.h"

namespace tcpautopsy {

namespace {

struct CatalogueRow {
  std::string_view id;
  Severity severity;
  Scope scope = Scope::Flow;
};

constexpr auto I = Severity::Info, N = Severity::Note, W = Severity::Warning, E = Severity::Error;
constexpr auto H = Scope::Host;

// The catalogue's findings about flows and hosts; those about captures are no detectors.
constexpr CatalogueRow kOpening[]{
    {"syn_unanswered", N},
    {"connect_timeout", E},
    {"connect_aborted", N},
    {"connection_refused", W},
    {"syn_ack_lost", W},
    {"handshake_ack_lost", W},
    {"handshake_ack_missing", W},
    {"half_open_abandoned", W},
    {"accept_dropped", N},
    {"simultaneous_open", I},
    {"self_connect", W},
    {"data_in_syn", I},
    {"stray_syn_ack", N},
    {"bad_flag_combination", W},
    {"mss_anomaly", N},
    {"service_unreachable", E, H},
    {"service_refusing", E, H},
    {"syn_flood", E, H},
    {"accept_queue_overflow", E, H},
    {"syn_backlog_full", W, H},
    {"port_scan", W, H},
    {"weak_isn", N, H},
};
constexpr CatalogueRow kTransfer[]{
    {"retransmission_timeout", N},
    {"fast_retransmission", I},
    {"tail_loss_probe", I},
    {"spurious_retransmission", I},
    {"packet_duplicated", I},
    {"out_of_order", I},
    {"peer_unresponsive", E},
    {"peer_restarted", W},
    {"capture_loss", N},
    {"zero_window", W},
    {"zero_window_stuck", E},
    {"window_limited", N},
    {"nagle_delay", W},
    {"cork_delay", N},
    {"delayed_ack_stall", N},
    {"tiny_segments", N},
    {"silly_window", N},
    {"keepalive", I},
    {"keepalive_timeout", E},
    {"keepalive_reset", W},
    {"idle_timeout", W},
    {"pmtu_blackhole", E},
    {"ecn_congestion", I},
    {"overlap_conflict", W},
    {"data_beyond_window", N},
    {"urgent_data", I},
    {"bad_checksum", N},
    {"sequence_rewritten", N},
    {"retransmission_rate", W, H},
    {"slow_server", N, H},
};
constexpr CatalogueRow kClosing[]{
    {"fin_retransmitted", N},  {"lost_final_ack", W},          {"fin_unanswered", W},
    {"half_close", I},         {"close_wait_stuck", W},        {"fin_wait_2_timeout", N},
    {"rst_abort", W},          {"rst_unread_data", N},         {"rst_after_close", N},
    {"rst_injected", W},       {"challenge_ack", I},           {"simultaneous_close", I},
    {"time_wait_reuse", I},    {"time_wait_assassination", N}, {"time_wait_syn_dropped", W},
    {"old_duplicate", N},      {"close_wait_pileup", E, H},    {"time_wait_excess", W, H},
    {"port_exhaustion", E, H}, {"short_connections", N, H},
};

template <std::size_t n>
const CatalogueRow* find_row(const CatalogueRow (&rows)[n], std::string_view id) {
  const auto row =
      std::find_if(std::begin(rows), std::end(rows), [id](const CatalogueRow& r) { return r.id == id; });
  return row == std::end(rows) ? nullptr : row;
}

const CatalogueRow* find_row(const Doc& doc) {
  if (doc.phase == "Opening") return find_row(kOpening, doc.id);
  if (doc.phase == "Transfer") return find_row(kTransfer, doc.id);
  return doc.phase == "Closing" ? find_row(kClosing, doc.id) : nullptr;
}

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

TEST_CASE("a detector is documented as the catalogue has it") {
  REQUIRE_FALSE(detectors().empty());
  for (const Detector* detector : detectors()) {
    const Doc& doc = detector->doc;
    DYNAMIC_SECTION(doc.id) {
      const CatalogueRow* row = find_row(doc);
      REQUIRE(row != nullptr);
      CHECK(doc.severity == row->severity);
      CHECK(doc.scope == row->scope);
      for (const std::string_view text :
           {doc.title, doc.what, doc.how_known, doc.causes, doc.confirm, doc.remedy, doc.rfc})
        CHECK_FALSE(text.empty());
      CHECK((detector->examine != nullptr) == (doc.scope == Scope::Flow));
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

TEST_CASE("every finding of the phases at hand has its detector") {
  for (const CatalogueRow& row : kOpening) {
    INFO(row.id);
    CHECK(find_detector(row.id) != nullptr);
  }
  for (const CatalogueRow& row : kTransfer) {
    INFO(row.id);
    CHECK(find_detector(row.id) != nullptr);
  }
  for (const CatalogueRow& row : kClosing) {
    INFO(row.id);
    CHECK(find_detector(row.id) != nullptr);
  }
}

}  // namespace tcpautopsy
