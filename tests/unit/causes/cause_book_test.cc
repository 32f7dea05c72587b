#include <catch2/catch.hpp>

#include "tests/unit/causes/made_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::causes_test;

TEST_CASE("the same cause at one service over many connections is one incident") {
  CauseBook book;
  for (std::uint64_t i = 0; i < 500; ++i) {
    FlowResult flow = made_flow(i, Handshake::Refused);
    tell(flow, "connection_refused", Severity::Warning, static_cast<TimeNs>(i) * 10 * kSecond);
    book.note(flow);
  }
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  const Incident& incident = book.incidents()[0];
  CHECK(incident.flows == 500);
  CHECK(incident.findings.at("connection_refused") == 500);
  CHECK(incident.impact.connections_failed == 500);
  CHECK(incident.sample_flows.size() == CauseBook::kSamples);
  CHECK(incident.sample_flows.front() == 0);
  CHECK(incident.first_ns == kStart);
  CHECK(incident.last_ns == kStart + 4990 * kSecond);
  CHECK(incident.where == Actor::ServerApplication);
  CHECK(incident.see == "history --flow 0");
  CHECK(incident.headline.find("10.0.0.2:80 refused 500 attempts") == 0);
}

TEST_CASE("an incident is as grave as its gravest finding, and as certain as its cause") {
  CauseBook book;
  FlowResult flow = made_flow(3, Handshake::HalfOpen);
  tell(flow, "handshake_ack_lost", Severity::Warning).certainty = Certainty::Possible;
  tell(flow, "half_open_abandoned", Severity::Error, kSecond);
  book.note(flow);
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].cause == "handshake_ack_lost");
  CHECK(book.incidents()[0].severity == Severity::Error);
  CHECK(book.incidents()[0].certainty == Certainty::Possible);
  CHECK(book.incidents()[0].impact.connections_failed == 1);
}

TEST_CASE("worst first: severity, failed, reset, time lost, never the count of symptoms") {
  CauseBook book;
  const auto add = [&](std::uint64_t number, std::string_view id, Severity severity, Handshake handshake,
                       Close close, int times) {
    for (int i = 0; i < times; ++i) {
      FlowResult flow = made_flow(number + static_cast<std::uint64_t>(i), handshake);
      flow.history.close = close;
      tell(flow, id, severity);
      book.note(flow);
    }
  };
  add(0, "fin_retransmitted", Severity::Note, Handshake::Complete, Close::BothFin, 50);
  add(100, "close_wait_stuck", Severity::Warning, Handshake::Complete, Close::AFin, 30);
  add(200, "rst_abort", Severity::Warning, Handshake::Complete, Close::BRst, 2);
  add(300, "connection_refused", Severity::Warning, Handshake::Refused, Close::Open, 1);
  add(400, "peer_unresponsive", Severity::Error, Handshake::Complete, Close::Timeout, 1);
  book.conclude();
  std::vector<std::string_view> causes;
  for (const Incident& incident : book.incidents()) causes.push_back(incident.cause);
  // The resets just before the refusals are the refusals' incident.
  CHECK(causes == std::vector<std::string_view>{"peer_unresponsive", "connection_refused", "close_wait_stuck",
                                                "fin_retransmitted"});
  CHECK(book.incidents()[1].findings.at("rst_abort") == 2);
  CHECK(book.incidents()[1].impact.connections_reset == 2);
}

TEST_CASE("a moment of a connection is lost once, whatever causes of the incident share it") {
  const auto lost = [](TimeNs second_from, TimeNs second_until) {
    CauseBook book;
    FlowResult flow = made_flow(0);
    tell(flow, "handshake_ack_missing", Severity::Warning).end_ns = kStart + 4 * kSecond;
    tell(flow, "slow_response", Severity::Note, second_from).end_ns = kStart + second_until;
    book.note(flow);
    book.note(of_host("accept_queue_overflow", address(2), 80));
    book.conclude();
    REQUIRE(book.incidents().size() == 1);
    return book.incidents()[0].impact.time_lost_ns;
  };
  CHECK(lost(kSecond, 3 * kSecond) == 4 * kSecond);
  CHECK(lost(3 * kSecond, 5 * kSecond) == 5 * kSecond);
  CHECK(lost(4 * kSecond, 5 * kSecond) == 5 * kSecond);
}

TEST_CASE("the words are those of the likely cause that all share") {
  const auto told_of = [](std::string_view first, std::string_view second) {
    CauseBook book;
    std::uint64_t number = 0;
    for (const std::string_view likely : {first, second}) {
      FlowResult flow = made_flow(number++);
      tell(flow, "rst_abort", Severity::Warning).evidence.emplace_back("likely_cause", std::string(likely));
      book.note(flow);
    }
    book.conclude();
    REQUIRE(book.incidents().size() == 1);
    return book.incidents()[0];
  };
  CHECK(told_of("idle", "idle").headline ==
        "idle connection reset by the server or a middlebox, 10.0.0.2:80 (2 flows)");
  CHECK(told_of("idle", "idle").where == Actor::Unknown);
  for (const auto& other :
       {told_of("idle", "linger"), told_of("linger", "idle"), told_of("linger", "linger")}) {
    CHECK(other.headline == "server aborted the connection by RST, 10.0.0.2:80 (2 flows)");
    CHECK(other.where == Actor::ServerApplication);
  }
}

TEST_CASE("attempts are those of the cause, without what it explains") {
  CauseBook book;
  FlowResult reset = made_flow(0);
  reset.history.close = Close::BRst;
  tell(reset, "keepalive_reset", Severity::Warning, 0, Side::A);
  book.note(reset);
  for (const std::uint64_t number : {1, 2, 3}) {
    FlowResult refused = made_flow(number, Handshake::Refused);
    tell(refused, "connection_refused", Severity::Warning, static_cast<TimeNs>(number) * kSecond);
    book.note(refused);
  }
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].headline == "10.0.0.2:80 stopped or moved: resets, then refused 3 attempts");
  CHECK(book.incidents()[0].flows == 4);
}

TEST_CASE("a service that resets after it refused is not said to have stopped") {
  CauseBook book;
  FlowResult refused = made_flow(0, Handshake::Refused);
  tell(refused, "connection_refused", Severity::Warning);
  book.note(refused);
  FlowResult reset = made_flow(1);
  reset.history.close = Close::BRst;
  tell(reset, "rst_abort", Severity::Warning, kSecond);
  book.note(reset);
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].headline == "10.0.0.2:80 refused 1 attempt: port closed or firewall");
}

TEST_CASE("a refusal by ICMP is a firewall's or the network's, and a mixed one nobody's but the port's") {
  const auto told_of = [](const std::vector<std::string>& causes) {
    CauseBook book;
    std::uint64_t number = 0;
    for (const std::string& likely : causes) {
      FlowResult flow = made_flow(number++, Handshake::Refused);
      Finding& finding = tell(flow, "connection_refused", Severity::Warning);
      if (!likely.empty()) finding.evidence.emplace_back("likely_cause", likely);
      book.note(flow);
    }
    book.conclude();
    return book.incidents().at(0);
  };
  CHECK(told_of({"filtered"}).headline == "1 attempt to 10.0.0.2:80 rejected by a firewall (ICMP)");
  CHECK(told_of({"filtered"}).where == Actor::Middlebox);
  CHECK(told_of({"rejected_by_host"}).headline ==
        "1 attempt to 10.0.0.2:80 rejected by its host's firewall (ICMP)");
  CHECK(told_of({"rejected_by_host"}).where == Actor::ServerHost);
  CHECK(told_of({"unreachable", "unreachable"}).headline ==
        "2 attempts to 10.0.0.2:80 failed: unreachable (ICMP)");
  CHECK(told_of({"unreachable"}).where == Actor::Network);
  CHECK(told_of({"", "filtered"}).headline == "10.0.0.2:80 refused 2 attempts: port closed or firewall");
}

TEST_CASE("a verdict names what was found of the host and is graver than its cause") {
  CauseBook book;
  Finding cause = of_host("short_connections", address(2), 80);
  cause.severity = Severity::Note;
  cause.evidence.emplace_back("client", std::string("10.0.0.1"));
  book.note(cause);
  book.note(of_host("port_exhaustion", address(1), std::nullopt));
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].severity == Severity::Error);
  CHECK(book.incidents()[0].headline ==
        "one connection per request: 10.0.0.1 to 10.0.0.2:80; leads to: Ephemeral port exhaustion");
}

TEST_CASE("parts of a host's finding are its incident's, whatever their severity") {
  CauseBook book;
  std::vector<CauseTicket> tickets;
  for (std::uint64_t i = 0; i < 12; ++i) {
    FlowResult flow = made_flow(i, Handshake::Refused);
    tell(flow, "connection_refused", Severity::Warning, static_cast<TimeNs>(i) * kSecond);
    tickets.push_back(book.note(flow)[0]);
  }
  for (const CauseTicket& ticket : tickets) book.demote(ticket, Severity::Warning);
  const CauseTicket host = book.note(of_host("service_refusing", address(2), 80));
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].cause == "service_refusing");
  CHECK(book.incidents()[0].impact.connections_failed == 12);
  CHECK(book.number_of(host) == 0);
  for (const CauseTicket& ticket : tickets) CHECK(book.number_of(ticket) == 0);
}

TEST_CASE("what counts as info and is explained by nothing belongs to no incident") {
  CauseBook book;
  FlowResult quiet = made_flow(0);
  tell(quiet, "keepalive", Severity::Info);
  CHECK(book.note(quiet).empty());
  FlowResult probe = made_flow(1, Handshake::Aborted);
  tell(probe, "connect_aborted", Severity::Note);
  tell(probe, "keepalive", Severity::Info);
  const auto tickets = book.note(probe);
  const CauseTicket aborted = tickets[0], keepalive = tickets[1];
  book.demote(aborted, Severity::Note);
  book.conclude();
  CHECK(book.incidents().empty());
  CHECK_FALSE(book.number_of(aborted));
  CHECK_FALSE(book.number_of(keepalive));
}

TEST_CASE(
    "info that a grave finding of its connection explains is told with it, and chosen incidents are marked") {
  CauseBook book;
  FlowResult flow = made_flow(0);
  tell(flow, "peer_unresponsive", Severity::Error, 0, Side::A);
  tell(flow, "tail_loss_probe", Severity::Info, 0, Side::A);
  const auto tickets = book.note(flow);
  const CauseTicket probe = tickets[1];
  book.choose(probe);
  book.conclude();
  CHECK(book.number_of(probe) == 0);
  CHECK(book.incidents()[0].chosen);
  CHECK(book.incidents()[0].findings.at("tail_loss_probe") == 1);
}

TEST_CASE("episodes beyond the bound are joined, and each finding keeps its one incident") {
  CauseBook book;
  std::vector<CauseTicket> tickets;
  for (std::uint64_t i = 0; i < 400; ++i) {
    FlowResult flow = made_flow(i);
    tell(flow, "rst_abort", Severity::Warning, static_cast<TimeNs>(i * i % 397) * 1000 * kSecond);
    tickets.push_back(book.note(flow)[0]);
  }
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].findings.at("rst_abort") == 400);
  for (const CauseTicket& ticket : tickets) CHECK(book.number_of(ticket) == 0);
}

TEST_CASE("what one client met at many services is one incident, and each finding has its number") {
  const auto incidents = [](std::uint8_t services, bool two_clients) {
    CauseBook book;
    std::vector<CauseTicket> tickets;
    for (std::uint8_t i = 0; i < services; ++i) {
      FlowResult flow = made_flow(i, Handshake::SynOnly);
      flow.history.trace.sides[1].address.ip = address(static_cast<std::uint8_t>(100 + i));
      if (two_clients) flow.history.trace.sides[0].address.ip = address(static_cast<std::uint8_t>(1 + i % 2));
      tell(flow, "connect_timeout", Severity::Error, 0, Side::A);
      tickets.push_back(book.note(flow)[0]);
    }
    book.conclude();
    for (const CauseTicket& ticket : tickets) CHECK(book.number_of(ticket));
    return book.incidents();
  };
  CHECK(incidents(CauseBook::kManyServices - 1, false).size() == CauseBook::kManyServices - 1);
  CHECK(incidents(CauseBook::kManyServices, true).size() == CauseBook::kManyServices);
  const auto joined = incidents(CauseBook::kManyServices, false);
  REQUIRE(joined.size() == 1);
  CHECK_FALSE(joined[0].service);
  CHECK(joined[0].client == address(1));
  CHECK(joined[0].flows == CauseBook::kManyServices);
  CHECK(joined[0].headline.find("5 services not responding to SYN") == 0);
}

TEST_CASE("loss in both directions of one connection is one incident, and the connection counts once") {
  CauseBook book;
  FlowResult flow = made_flow(0);
  tell(flow, "retransmission_timeout", Severity::Warning, 0, Side::A);
  tell(flow, "retransmission_timeout", Severity::Note, kSecond, Side::B);
  book.note(flow);
  book.conclude();
  REQUIRE(book.incidents().size() == 1);
  CHECK(book.incidents()[0].flows == 1);
  CHECK(book.incidents()[0].findings.at("retransmission_timeout") == 2);
}

TEST_CASE("at more services than are told apart, the rest is told together and counted") {
  CauseBook book;
  constexpr std::uint64_t kServices = CauseBook::kMostEpisodes + 1000;
  for (std::uint64_t i = 0; i < kServices; ++i) {
    FlowResult flow = made_flow(i);
    flow.history.trace.sides[1].address.port = static_cast<std::uint16_t>(i);
    flow.history.trace.sides[1].address.ip = address(static_cast<std::uint8_t>(i / 65536));
    tell(flow, "rst_abort", Severity::Warning);
    book.note(flow);
  }
  book.conclude();
  CHECK(book.crowded());
  CHECK(book.incidents().size() == 2);  // one client's, and what is not told apart
  std::uint64_t findings = 0;
  for (const Incident& incident : book.incidents()) findings += incident.findings.at("rst_abort");
  CHECK(findings == kServices);
}
