#include <catch2/catch.hpp>

#include "cli/selection.h"

using namespace tcpautopsy;
using tcpautopsy::cli::Selection;

namespace {

FlowResult flow(std::uint64_t number, std::uint8_t last_octet, std::uint16_t port, TimeNs first,
                TimeNs last) {
  FlowResult result;
  FlowTrace& trace = result.history.trace;
  const std::uint8_t a[4] = {10, 0, 0, last_octet}, b[4] = {192, 168, 1, 1};
  trace.number = number;
  trace.sides[0].address = {IpAddress::v4(a), 50000};
  trace.sides[1].address = {IpAddress::v4(b), port};
  trace.first.time_ns = first;
  trace.last.time_ns = last;
  return result;
}

}  // namespace

TEST_CASE("flows are named by number, list and range") {
  Selection s;
  CHECK(s.wants_number(5));
  REQUIRE(s.add_flows("3,7-9"));
  CHECK(s.wants_number(3));
  CHECK_FALSE(s.wants_number(4));
  CHECK(s.wants_number(9));
  CHECK(s.by_number_only());
  for (const char* bad : {"", "x", "3,", "5-3", "-1", "1-", "3 ", "99999999999999999999"}) {
    INFO(bad);
    CHECK_FALSE(Selection().add_flows(bad));
  }
}

TEST_CASE("hosts are addresses or networks") {
  const FlowResult f = flow(0, 37, 80, 0, 0);
  for (const char* yes : {"10.0.0.37", "192.168.1.1", "10.0.0.32/28", "0.0.0.0/0", "10.0.0.36/31"}) {
    INFO(yes);
    Selection s;
    REQUIRE(s.add_host(yes));
    CHECK(s.wants(f, 0));
  }
  for (const char* no : {"10.0.0.36", "10.0.0.48/28", "::/0.0", "10.0.0.38/31"}) {
    INFO(no);
    Selection s;
    CHECK_FALSE((s.add_host(no) && s.wants(f, 0)));
  }
  for (const char* bad : {"", "localhost", "10.0.0.1/33", "10.0.0.1/", "10.0.0", "2001:db8::/129"}) {
    INFO(bad);
    CHECK_FALSE(Selection().add_host(bad));
  }
}

TEST_CASE("hosts and ports must both match, either of several will do") {
  Selection s;
  s.add_port(80);
  s.add_port(443);
  REQUIRE(s.add_host("10.0.0.0/24"));
  CHECK(s.wants(flow(0, 1, 443, 0, 0), 0));
  CHECK_FALSE(s.wants(flow(0, 1, 22, 0, 0), 0));
}

TEST_CASE("a flow is wanted if any of it lies between since and until") {
  Selection s;
  s.set_since(*parse_time("+10"));
  s.set_until(*parse_time("+20"));
  const TimeNs start = 1000 * kSecond;
  const auto wants = [&](TimeNs first, TimeNs last) {
    return s.wants(flow(0, 1, 80, start + first * kSecond, start + last * kSecond), start);
  };
  CHECK(wants(5, 10));
  CHECK(wants(20, 30));
  CHECK(wants(0, 100));
  CHECK_FALSE(wants(0, 9));
  CHECK_FALSE(wants(21, 30));
}

TEST_CASE("findings are wanted by severity, and those of hosts only where no flow is named") {
  Finding about_flow, about_host;
  about_flow.flow = 3;
  about_flow.severity = Severity::Warning;
  about_host.severity = Severity::Warning;
  Selection severe;
  severe.set_severity(Severity::Error);
  CHECK_FALSE(severe.wants(about_flow, 0));
  Selection numbered;
  REQUIRE(numbered.add_flows("3"));
  CHECK(numbered.wants(about_flow, 0));
  CHECK_FALSE(numbered.wants(about_host, 0));
}
