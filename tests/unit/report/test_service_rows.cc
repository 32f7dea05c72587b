#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analyzer/report/summary/service_rows.h"
#include "analyzer/report/summary/summary_report.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;

namespace {

FlowResult flow_of(std::uint64_t number, TimeNs later) {
  FlowResult flow = sample_flow();
  FlowTrace& trace = flow.history.trace;
  trace.number = number;
  trace.sides[0].address.port = static_cast<std::uint16_t>(50000 + number);
  for (FrameRef* frame : {&trace.first, &trace.last}) frame->time_ns += later;
  for (SegmentRecord& record : trace.records) record.frame.time_ns += later;
  Opening& opening = flow.history.opening;
  for (SegmentRef* segment : {&opening.syns.first, &opening.syn_acks.first, &opening.completing})
    segment->frame.time_ns += later;
  for (Transition& change : flow.history.transitions) {
    change.time_ns += later, change.at_ns += later;
    // The sample's ends, where the server closes too: TIME-WAIT for a minute, and CLOSED.
    for (TcpState* state : {&change.from, &change.to}) {
      if (*state == TcpState::FinWait1) *state = TcpState::TimeWait;
      if (*state == TcpState::CloseWait) *state = TcpState::Closed;
    }
  }
  flow.history.capture_end_ns = kStart + 300 * kSecond;
  return flow;
}

HostBook book_of(unsigned flows) {
  HostBook book;
  for (unsigned i = 0; i < flows; ++i) {
    const FlowHistory history = flow_of(i, i * 100 * kMillisecond).history;
    book.note({history.trace, history, nullptr});
  }
  return book;
}

constexpr TimeSpan kSpan{kStart, kStart + 160 * kSecond};

}  // namespace

TEST_CASE("a service's row adds up its connections") {
  const auto rows = busiest_services(book_of(30), 10, kSpan, 8);
  REQUIRE(rows.size() == 1);
  const ServiceRow& row = rows[0];
  CHECK(row.service.port == 80);
  CHECK(row.connections == 30);
  CHECK(row.opened == 30);
  CHECK(row.failure_rate() == 0.0);
  CHECK(failure_text(row) == "0 %");
  CHECK(row.outcomes[static_cast<std::size_t>(Outcome::Completed)] == 30);
  CHECK(outcome_text(row) == "30 opened");
  CHECK(row.closed_by_client + row.closed_by_service + row.closed_by_both == 30);
  REQUIRE(row.load.size() == 8);
  CHECK(row.load[0] > 0);
  CHECK(row.load[7] == 0);
}

TEST_CASE("TIME-WAIT is told where most of it is") {
  const auto rows = busiest_services(book_of(30), 10, kSpan, 0);
  REQUIRE(rows.size() == 1);
  REQUIRE(rows[0].client);
  CHECK(rows[0].client_time_wait.count == 30);
  CHECK(rows[0].time_wait.count == 0);
  CHECK(time_wait_text(rows[0]) == "30 at 10.0.0.1");
  CHECK(closes_first_text(rows[0]) == "client 100 %");
}

TEST_CASE("failures are a share of those that began within the capture") {
  ServiceRow row;
  CHECK(failure_text(row) == "-");
  CHECK(closes_first_text(row) == "-");
  CHECK(time_wait_text(row) == "-");
  row.connections = 12;
  row.opened = 9;
  row.failed = 1;
  row.outcomes[static_cast<std::size_t>(Outcome::Completed)] = 9;
  row.outcomes[static_cast<std::size_t>(Outcome::Refused)] = 1;
  CHECK(failure_text(row) == "10 %");
  CHECK(outcome_text(row) == "9 opened, 1 refused, 2 begun before");
}

TEST_CASE("sparklines are as high as their share of the greatest") {
  const std::vector<std::uint64_t> values{0, 1, 50, 100};
  CHECK(sparkline(values, Bars::Blocks) == " \u2581\u2585\u2588");
  CHECK(sparkline(values, Bars::Ascii) == " _+@");
  CHECK(sparkline(values, Bars::None).empty());
  CHECK(sparkline({0, 0}, Bars::Ascii) == "  ");
  CHECK(sparkline({}, Bars::Ascii).empty());
}

TEST_CASE("a report tells of all services, or of those selected") {
  const std::vector<std::string> files{"a.pcap"};
  const auto told = [&](bool selected) {
    Summary summary(10, selected);
    summary.add(flow_of(3, 0), sample_origin());
    CaptureOverview capture;
    capture.hosts = book_of(30);
    summary.add(std::move(capture), files);
    const auto json = nlohmann::json::parse(summary_json(summary));
    return json["services"].at(0);
  };
  CHECK(told(false)["connections"] == 30);
  CHECK(told(false)["peak_time_wait_of_one_client"]["count"] == 30);
  CHECK(told(true)["connections"] == 1);
}

TEST_CASE("services are in every form of the report, sparklines on terminals only") {
  Summary summary;
  CaptureOverview capture;
  capture.hosts = book_of(30);
  summary.add(std::move(capture), {});
  CHECK(summary_markdown(summary).find("| 10.0.0.2:80 | 30 | 0 % |") != std::string::npos);
  TextStyle style;
  const std::string plain = summary_text(summary, style);
  CHECK(plain.find("10.0.0.2:80           30     0 %") != std::string::npos);
  CHECK(plain.find("LOAD") == std::string::npos);
  style.bars = Bars::Blocks;
  style.width = 140;
  CHECK(summary_text(summary, style).find("LOAD OVER TIME") != std::string::npos);
}
