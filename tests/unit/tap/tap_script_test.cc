#include "tests/support/tap_script.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace tcpautopsy::tap {

namespace {

Packet packet_of(const std::string& text) { return std::get<Packet>(parse_script(text).events.at(0)); }

std::string error_of(const std::string& text) {
  try {
    parse_script(text);
  } catch (const ScriptError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a packet line gives direction, flags, range and ack") {
  const Packet p = packet_of(
      "+.10  A < B  FP. 5:105(100) ack 7 win 0 <sack 5:9 11:15,nop,TS val 3 ecr 4> ttl 63 id 9 !lost !late "
      "50ms");
  CHECK(p.time_ns == 100 * kMillisecond);
  CHECK(p.from == Side::B);
  CHECK(p.to == Side::A);
  CHECK(p.flags == (kFin | kPsh | kAck));
  CHECK(p.seq == 5);
  CHECK(p.payload == 100);
  CHECK(p.ack == 7);
  CHECK(p.window == 0);
  CHECK(p.ttl == 63);
  CHECK(p.ip_id == 9);
  REQUIRE(p.options.sack.size() == 2);
  CHECK(p.options.sack[1].left == 11);
  CHECK(p.options.explicit_timestamps->ecr == 4);
  CHECK(p.lost);
  CHECK(p.late_ns == 50 * kMillisecond);
  CHECK_FALSE(p.unseen);
}

TEST_CASE("numbers before the initial one are allowed") {
  CHECK(packet_of("+0 A > B . -5:-4(1) ack -3").seq == -5);
}

TEST_CASE("expectations hold a set for either side and either pass") {
  const Packet p =
      packet_of("+0 A > B . 1:1(0) ack 1 | A FIN-WAIT-1 B ESTABLISHED|CLOSE-WAIT | live: B CLOSED");
  REQUIRE(p.beliefs.size() == 2);
  CHECK(p.beliefs[0].sets[0] == StateSet{TcpState::FinWait1});
  CHECK(p.beliefs[0].sets[1] == StateSet{TcpState::Established, TcpState::CloseWait});
  CHECK_FALSE(p.beliefs[0].live);
  CHECK(p.beliefs[1].live);
  CHECK_FALSE(p.beliefs[1].sets[0].has_value());
}

TEST_CASE("handshake stands for three packets, a hundredth of a second apart") {
  const Script script = parse_script("handshake <mss 1400,TS>\n+.5 A > B P. 1:2(1) ack 1");
  REQUIRE(script.events.size() == 4);
  const auto at = [&](std::size_t i) { return std::get<Packet>(script.events[i]); };
  CHECK(at(0).options.mss == 1400);
  CHECK(at(0).flags == kSyn);
  CHECK(at(1).ack == 1);
  CHECK(at(1).options.timestamps);
  CHECK(at(2).from == Side::A);
  CHECK(at(2).time_ns == 20 * kMillisecond);
  CHECK(at(3).time_ns == 520 * kMillisecond);
}

TEST_CASE("reuse opens the numbers of a new incarnation; inc points back") {
  const Script script = parse_script(
      "handshake\nreuse A 1000\n+1 A > B S 0:0(0)\n+0 A < B . 1:1(0) ack 1 inc 0\nfinal A SYN-SENT");
  CHECK(script.reuses.at(0).isn_offset[0] == 1000);
  CHECK_FALSE(script.reuses.at(0).isn_offset[1].has_value());
  CHECK(std::get<Packet>(script.events[2]).incarnation == 0);
  CHECK(std::get<Packet>(script.events[3]).incarnation == 1);
  CHECK(std::get<Packet>(script.events[4]).incarnation == 0);
  CHECK(script.outcomes.at(0).incarnation == 1);
}

TEST_CASE("statements about the whole fill the script") {
  const Script script = parse_script(R"(
    ends A 10.9.0.1:5000 B [2001:db8::2]:443   # a comment
    services 5
    profile rfc9293
    keep all
    +0 icmp to A type 3 code 4 quotes 0 mtu 1400 from 10.0.0.254
    end +120
    transition A FIN-WAIT-1 > FIN-WAIT-2 confirmed frame 6 by 7
    final A TIME-WAIT B CLOSED
    possible B LAST-ACK|CLOSED
    finding lost_final_ack frame 6 because 7 endpoint server severity warning certainty certain count 2
    no finding rst_abort
    no finding)");
  CHECK(script.ends[0].port == 5000);
  CHECK_FALSE(script.ends[1].ip.is_v4());
  CHECK(script.services == 5);
  CHECK(script.keep_all);
  CHECK(script.end_after_ns == 120 * kSecond);
  CHECK(std::get<Icmp>(script.events.at(0)).mtu == 1400);
  REQUIRE(script.transitions.size() == 1);
  CHECK(script.transitions[0].basis == Basis::Confirmed);
  CHECK(script.transitions[0].proved_by == 7);
  REQUIRE(script.outcomes.size() == 3);
  CHECK(script.outcomes[2].exact_set);
  REQUIRE(script.findings.size() == 3);
  CHECK(script.findings[0].frames == std::vector<std::uint64_t>{6, 7});
  CHECK(script.findings[0].endpoint == Endpoint::Server);
  CHECK(script.findings[0].count == 2);
  CHECK(script.findings[1].id == "rst_abort");
  CHECK(script.findings[2].id.empty());
}

TEST_CASE("what is no script is refused with its line") {
  CHECK(contains(error_of("handshake\n\n+.1 A > B F. 1:3(1) ack 1"), "line 3: in '1:3(1)'"));
  CHECK(contains(error_of("+.1 A > B . 1:1(0)"), "go together"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) ack 1"), "go together"));
  CHECK(contains(error_of("+.1 A > B X 0:0(0)"), "flag 'X'"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) <mss>"), "maximum segment size"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) <bogus>"), "option 'bogus'"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) !gone"), "'!gone' is not understood"));
  CHECK(contains(error_of("+.1 A > A S 0:0(0)"), "equal ends"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) | A FIN-WAIT-9"), "no states"));
  CHECK(contains(error_of("+.1 A > B S 0:0(0) !unseen | A CLOSED"), "unseen"));
  CHECK(contains(error_of("+x A > B S 0:0(0)"), "time since"));
  CHECK(contains(error_of("+-1 A > B S 0:0(0)"), "time since"));
  CHECK(contains(error_of("+nan A > B S 0:0(0)"), "time since"));
  CHECK(contains(error_of("+1e300 A > B S 0:0(0)"), "time since"));
  CHECK(contains(error_of("final A CLOSED|LISTEN"), "names one state"));
  CHECK(contains(error_of("profile solaris"), "solaris"));
  CHECK(contains(error_of("handshake\nends A 1.2.3.4:5"), "before the first packet"));
  CHECK(contains(error_of("+0 A > B S 0:0(0) inc 1"), "no such incarnation"));
  CHECK(contains(error_of("finding x severity grave"), "no such severity"));
  CHECK(contains(error_of("whatever"), "begins no statement"));
  CHECK(contains(error_of("transition A CLOSED SYN-SENT"), "FROM > TO"));
}

TEST_CASE("damaged scripts are refused or read, never more") {
  const std::string good =
      "ends A 10.9.0.1:5000 B 10.9.0.2:443\nhandshake <mss 1460,TS>\n+.10 A > B F. 1:101(100) ack 1 win 9 "
      "<sack 5:9,nop> ttl 3 !late 5ms"
      " | A FIN-WAIT-1 | live: B CLOSED\nreuse A 5\n+0 icmp to A type 3 code 1 quotes 0 mtu 9\ntransition A "
      "CLOSED > SYN-SENT timer\n"
      "possible A CLOSED|LISTEN\nfinding x frame 1 endpoint none\nno finding\nend +5\n";
  std::mt19937 random(9293);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random() % 256); break;
        case 1: text.erase(at, random() % 12 + 1); break;
        case 2: text.insert(at, good.substr(random() % good.size(), random() % 20)); break;
        default: text[at] = good[random() % good.size()];
      }
      if (text.empty()) text = " ";
    }
    try {
      parse_script(text);
    } catch (const ScriptError&) {
    }
  }
}

TEST_CASE("repeat plays its lines again, and the streams go on") {
  const Script s = parse_script(
      "handshake\n+1 A > B P. 1:11(10) ack 1\nrepeat 3 {\n+.1 A > B P. 11:21(10) ack 1\n"
      "+.2 A < B P. 1:6(5) ack 21 <sack 31:41>\n}\n+.5 A > B . 41:41(0) ack 16\n");
  REQUIRE(s.events.size() == 11);
  const auto at = [&](std::size_t i) { return std::get<Packet>(s.events[i]); };
  CHECK(at(8).seq == 31);
  CHECK(at(8).ack == 11);
  CHECK(at(8).payload == 10);
  CHECK(at(9).seq == 11);
  CHECK(at(9).ack == 41);
  CHECK(at(9).options.sack.at(0).left == 51);
  CHECK(at(9).options.sack.at(0).right == 61);
  CHECK(at(8).time_ns - at(6).time_ns == 300 * kMillisecond);
  CHECK(at(10).time_ns - at(9).time_ns == 500 * kMillisecond);
  CHECK(at(10).seq == 41);
}

TEST_CASE("repeat may stand within a repeat and within a block") {
  const Script s = parse_script(
      "times 2 every 1 {\nhandshake\nrepeat 2 {\nrepeat 3 {\n+.1 A > B . 1:2(1) ack 1\n}\n"
      "+.1 A < B . 1:1(0) ack 4\n}\n}\nrepeat 2 {\n+.1 icmp to A type 3 code 1 quotes 1\n+0 A > B . 1:3(2) "
      "ack 1\n}\n");
  const std::vector<Event>& inside = s.blocks.at(0).events;
  REQUIRE(inside.size() == 11);
  CHECK(std::get<Packet>(inside[9]).seq == 6);
  CHECK(std::get<Packet>(inside[10]).ack == 7);
  REQUIRE(s.events.size() == 4);
  CHECK(std::get<Icmp>(s.events[2]).seq == 3);
}

TEST_CASE("a repeat that is wrong is told with its line") {
  CHECK(contains(error_of("repeat 2 {\n+0 A > B . 1:1(0) ack 1\n"), "no end"));
  CHECK(contains(error_of("repeat 2 {\n}\n"), "nothing between"));
  CHECK(contains(error_of("repeat 0 {\n}\n"), "1 to 10000"));
  CHECK(contains(error_of("repeat 2\n"), "'{' ends the line"));
  CHECK(contains(error_of("repeat 2 {\nkeep all\n}\n"), "between { and }"));
  CHECK(contains(error_of("repeat 9999 {\nrepeat 9999 {\n+0 A > B . 1:1(0) ack 1\n}\n}\n"), "too much"));
  CHECK(contains(error_of("repeat 9999 {\n+900000000 A > B . 1:1(0) ack 1\n}\n"), "too much"));
  CHECK(contains(error_of("}\n"), "no block"));
}

}  // namespace tcpautopsy::tap
