#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analyzer/report/sockets/socket_counts.h"
#include "analyzer/report/sockets/socket_table.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;

TEST_CASE("sockets are as they were at the moment, not later") {
  const FlowResult flow = sample_flow();
  CHECK(sockets_at(flow.history, kStart - 1).empty());
  const auto at_syn = sockets_at(flow.history, kStart);
  REQUIRE(at_syn.size() == 2);
  CHECK(at_syn[0].endpoint == "client");
  CHECK(at_syn[0].state == TcpState::SynSent);
  CHECK(at_syn[1].state == TcpState::SynReceived);
  const auto open = sockets_at(flow.history, kStart + 25 * kMillisecond);
  CHECK(open[0].state == TcpState::Established);
  CHECK(open[0].since == kStart + 10 * kMillisecond);
  CHECK(open[1].basis == Basis::Inferred);
  const auto ended = sockets_at(flow.history, kStart + 100 * kSecond);
  CHECK(ended[0].state == TcpState::Closed);
  CHECK(ended[0].basis == Basis::Timer);
}

TEST_CASE("a doubtful state names what else it may be") {
  const auto rows = sockets_at(sample_flow().history, kStart + 55 * kMillisecond);
  CHECK(rows[1].state == TcpState::CloseWait);
  CHECK(rows[1].possible == std::vector{TcpState::Established, TcpState::CloseWait});
  CHECK(socket_table_row(rows[1], kStart + 55 * kMillisecond)[0] == "CLOSE-WAIT|ESTABLISHED");
}

TEST_CASE("an endpoint whose past is outside the capture is UNKNOWN") {
  FlowResult flow = sample_flow();
  flow.history.transitions.clear();
  flow.history.outcomes[0] = {TcpState::Unknown, {TcpState::Unknown}, {}, {}};
  CHECK(sockets_at(flow.history, kStart)[0].state == TcpState::Unknown);
}

TEST_CASE("what began outside the capture is there before its first packet, UNKNOWN") {
  FlowResult flow = sample_flow();
  flow.history.handshake = Handshake::None;
  Transition& first = flow.history.transitions.front();
  const Side side = first.side;
  first.from = TcpState::Unknown;
  const auto rows = sockets_at(flow.history, kStart - kSecond);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].local == flow.history.trace.facts(side).address);
  CHECK(rows[0].state == TcpState::Unknown);
  CHECK_FALSE(rows[0].since);
}

TEST_CASE("state filters know RFC 9293's names and ss's groups") {
  StateFilter plain;
  CHECK(plain.wants(TcpState::TimeWait));
  CHECK(plain.wants(TcpState::Unknown));
  CHECK_FALSE(plain.wants(TcpState::Closed));
  CHECK_FALSE(plain.wants(TcpState::Listen));
  const auto only = [](std::string_view word) {
    StateFilter f;
    REQUIRE(f.add(word));
    return f;
  };
  CHECK(only("TIME-WAIT").wants(TcpState::TimeWait));
  CHECK_FALSE(only("time-wait").wants(TcpState::Established));
  CHECK(only("syn-recv").wants(TcpState::SynReceived));
  CHECK(only("SYN-RECEIVED").wants(TcpState::SynReceived));
  CHECK(only("bucket").wants(TcpState::TimeWait));
  CHECK_FALSE(only("bucket").wants(TcpState::Established));
  CHECK(only("big").wants(TcpState::Established));
  CHECK_FALSE(only("big").wants(TcpState::TimeWait));
  CHECK(only("connected").wants(TcpState::SynSent));
  CHECK_FALSE(only("synchronized").wants(TcpState::SynSent));
  CHECK(only("all").wants(TcpState::Unknown));
  CHECK(only("ESTAB").wants(TcpState::Established));
  CHECK(only("unconn").wants(TcpState::Closed));
  CHECK_FALSE(only("connected").wants(TcpState::Unknown));
  StateFilter bad;
  CHECK_FALSE(bad.add("etsab"));
  CHECK_FALSE(bad.remove("etsab"));
  CHECK(bad.wants(TcpState::TimeWait));
}

TEST_CASE("states are taken away from the usual ones, or from those asked for") {
  StateFilter filter;
  REQUIRE(filter.remove("bucket"));
  CHECK_FALSE(filter.wants(TcpState::TimeWait));
  CHECK(filter.wants(TcpState::Established));
  CHECK(filter.wants(TcpState::Unknown));
  CHECK_FALSE(filter.wants(TcpState::Closed));
  REQUIRE(filter.remove("unknown"));
  CHECK_FALSE(filter.wants(TcpState::Unknown));
  REQUIRE(filter.add("closed"));
  CHECK(filter.wants(TcpState::Closed));
}

TEST_CASE("a socket's line names both ends") {
  std::string out;
  const auto rows = sockets_at(sample_flow().history, kStart);
  append_socket_json(out, rows[1], kStart);
  const auto row = nlohmann::json::parse(out);
  CHECK(row["local"]["port"] == 80);
  CHECK(row["peer"]["port"] == 50000);
  CHECK(row["state"] == "SYN-RECEIVED");
  CHECK(row["since_ns"] == kStart);
  CHECK(row["basis"] == "confirmed");
  CHECK(row["flow"] == 17);
}

TEST_CASE("totals are by host and state") {
  SocketCounts counts;
  for (const SocketRow& row : sockets_at(sample_flow().history, kStart)) counts.add(kStart, row);
  const std::string at = std::to_string(kStart);
  CHECK(counts.csv() ==
        "at_ns,host,state,count\n" + at + ",10.0.0.1,SYN-SENT,1\n" + at + ",10.0.0.2,SYN-RECEIVED,1\n");
  const std::string text = counts.text(TextStyle{});
  CHECK(text.find("Total: 2 sockets of 2 hosts\n") != std::string::npos);
  CHECK(text.find("TCP:   2 (estab 0, synrecv 1, timewait 0, unknown 0)\n") != std::string::npos);
  CHECK(text.find("10.0.0.1      1         1             -") != std::string::npos);
}

TEST_CASE("totals of several moments have a row for each") {
  SocketCounts counts;
  for (const TimeNs at : {kStart, kStart + kSecond}) {
    counts.add(at);
    for (const SocketRow& row : sockets_at(sample_flow().history, at)) counts.add(at, row);
  }
  const std::string text = counts.text(TextStyle{});
  CHECK(text.starts_with("TIME"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
}
