#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/summary/time_tables.h"
#include "analyzer/transfer/transfer_results.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;
using nlohmann::json;

namespace {

// Lives 80 ms; A is the client.
FlowResult timed_flow() {
  FlowResult flow = sample_flow();
  auto facts = std::make_shared<TransferResults>();
  const auto charge = [&](Side side, HeldBy cause, TimeNs ms) {
    facts->time.ns[index(side)][index(cause)] = ms * kMillisecond;
  };
  charge(Side::A, HeldBy::Handshake, 20);
  charge(Side::A, HeldBy::LongApplication, 5);
  charge(Side::B, HeldBy::LongApplication, 30);
  charge(Side::B, HeldBy::Application, 5);
  charge(Side::B, HeldBy::ReceiveWindow, 8);
  facts->time.opening_seen = true;
  TurnResults& turns = facts->turns;
  turns.turns = {2, 2};
  turns.bytes = {300, 5000};
  for (const TimeNs wait : {10, 30}) turns.waits[index(Side::B)].add(wait * kMillisecond);
  Turn turn;
  turn.first = flow.history.trace.first;
  turn.last_ns = turn.first.time_ns + kMillisecond;
  turn.bytes = 300;
  turn.writes = 2;
  turns.first = {turn};
  FlowTrace& trace = flow.history.trace;
  trace.last.time_ns = trace.first.time_ns + 80 * kMillisecond;
  flow.history.transfer = facts;
  return flow;
}

json flow_json(const FlowResult& flow) {
  std::string out;
  append_flow_json(out, flow, sample_origin());
  return json::parse(out);
}

}  // namespace

TEST_CASE("long silences are idle of the client and waiting of the server") {
  const auto shares = where_time_went(timed_flow().history);
  REQUIRE(shares);
  CHECK(shares->of(TimeCause::Idle) == 5 * kMillisecond);
  CHECK(shares->of(TimeCause::ServerApplication) == 35 * kMillisecond);
  CHECK(shares->of(TimeCause::ClientApplication) == 0);
  CHECK(shares->largest() == TimeCause::ServerApplication);
}

TEST_CASE("what comes before the first segment followed, and a clock set back, leave the sum right") {
  FlowResult flow = timed_flow();
  auto shares = where_time_went(flow.history);
  CHECK(shares->whole() == 80 * kMillisecond);
  CHECK(shares->of(TimeCause::Handshake) == 32 * kMillisecond);
  for (const TimeNs life : {50, 1, 0, -10}) {
    flow.history.trace.last.time_ns = flow.history.trace.first.time_ns + life * kMillisecond;
    CHECK(where_time_went(flow.history)->whole() == std::max<TimeNs>(life, 0) * kMillisecond);
  }
}

TEST_CASE("nothing is told where nothing can be known") {
  FlowResult flow = timed_flow();
  flow.history.trace.sides[1].packets = 0;
  CHECK_FALSE(where_time_went(flow.history));
  CHECK(time_table(flow.history, {}).empty());
  const json line = flow_json(flow);
  CHECK(line["where_time_went_ns"].size() == kTimeCauses);
  for (const auto& [name, value] : line["where_time_went_ns"].items()) CHECK(value.is_null());
  CHECK(line["turns"]["count"].is_null());
  CHECK(line["turns"]["certainty"].is_null());
}

TEST_CASE("shares in few words, the largest first") {
  const auto shares = where_time_went(timed_flow().history);
  CHECK(where_time_went_text(*shares) ==
        "server application 44 %, handshake 40 %, receive window 10 %, idle 6 %");
  CHECK(where_time_went_text(*shares, 1) == "server application 44 %");
  CHECK(where_time_went_text(TimeShares{}).empty());
  CHECK(percent_text(1, 100000) == "<0.1 %");
  CHECK(percent_text(999, 1000) == "100 %");
  CHECK(percent_text(0, 0) == "0 %");
}

TEST_CASE("a flow's line has times that add up, and turns") {
  const json line = flow_json(timed_flow());
  TimeNs sum = 0;
  for (const auto& [name, value] : line["where_time_went_ns"].items()) sum += value.get<TimeNs>();
  CHECK(sum == line["last_ns"].get<TimeNs>() - line["first_ns"].get<TimeNs>());
  CHECK(line["where_time_went_ns"]["receive_window"] == 8 * kMillisecond);
  CHECK(line["turns"]["count"] == 2);
  CHECK(line["turns"]["request_bytes"] == 300);
  CHECK(line["turns"]["response_bytes"] == 5000);
  CHECK(line["turns"]["response_time_ns"]["min"] == 10 * kMillisecond);
  CHECK(line["turns"]["response_time_ns"]["max"] == 30 * kMillisecond);
  CHECK(line["turns"]["write_bytes"]["client"]["min"].is_null());
  CHECK(line["turns"]["certainty"] == "likely");
}

TEST_CASE("turns that overlap make the line possible") {
  FlowResult flow = timed_flow();
  auto facts = std::make_shared<TransferResults>(*flow.history.transfer);
  facts->turns.overlapping[index(Side::B)] = 1;
  flow.history.transfer = facts;
  CHECK(flow_json(flow)["turns"]["certainty"] == "possible");
}

TEST_CASE("CSV has a column for each cause") {
  const std::string header = flow_csv_header();
  CHECK(header.find("where_time_went_ns.server_application") != std::string::npos);
  CHECK(header.find("turns.response_time_ns.p95") != std::string::npos);
  std::string row;
  append_flow_csv(row, timed_flow(), sample_origin());
  CHECK(std::count(header.begin(), header.end(), ',') == std::count(row.begin(), row.end(), ','));
}

TEST_CASE("tables of history") {
  const FlowResult flow = timed_flow();
  const std::string times = time_table(flow.history, {});
  CHECK(times.find("  server application                 35.0 ms    44 %  #########\n") != std::string::npos);
  CHECK(times.find("server's data, client's window") != std::string::npos);
  CHECK(times.find("congestion") == std::string::npos);
  const std::string turns = turns_table(flow.history, {}, false);
  CHECK(turns.find("possible: several messages") != std::string::npos);
  CHECK(turns.find("and 3 more\n") != std::string::npos);
  CHECK(turns.find("server's 2 answers") != std::string::npos);
}

TEST_CASE("the report puts what someone can mend before what nobody is to blame for") {
  Summary summary;
  FlowResult flow = timed_flow();
  auto facts = std::make_shared<TransferResults>(*flow.history.transfer);
  facts->time.ns[0][index(HeldBy::Closing)] = 60 * kSecond;
  flow.history.transfer = facts;
  flow.history.trace.last.time_ns += 60 * kSecond;
  summary.add(flow, sample_origin());
  flow = timed_flow();
  flow.history.trace.number = 18;
  summary.add(flow, sample_origin());
  const TimeTotals& times = summary.times();
  CHECK(times.connections() == 2);
  CHECK(times.whole() == 60 * kSecond + 160 * kMillisecond);
  CHECK(times.order().front() == TimeCause::ServerApplication);
  CHECK(times.order().back() == TimeCause::Idle);
  CHECK(times.of(TimeCause::Closing).largest_in == 1);
  CHECK(times.of(TimeCause::ServerApplication).worst_flow == 17);
  const std::string text = summary_text(summary, {});
  CHECK(text.find("Where the time of the connections went") != std::string::npos);
  CHECK(summary_markdown(summary).find("| server application | 70.0 ms |") != std::string::npos);
  const json object = json::parse(summary_json(summary));
  CHECK(object["where_time_went"]["causes"]["closing"]["most_in_flow"] == 17);
  CHECK(object["where_time_went"]["causes"]["closing"]["total_ns"] == 60 * kSecond);
}
