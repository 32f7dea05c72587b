// The letters of Zeek's history: when each is written, in which case, and how often.
#include <catch2/catch.hpp>

#include "zeek_talk.h"

namespace tcpautopsy::test {

namespace {

constexpr std::uint16_t kFinAck = kFin | kAck, kPshAck = kPsh | kAck, kSynAck = kSyn | kAck;
const Turn kData{.payload = 100};
const Turn kAgain{.payload = 100, .skip = -100};

std::uint32_t some_iss() { return GENERATE(0U, 0x7fffffffU, 0xbffffff0U, 0xffffff80U, 0xfffffffeU); }

}  // namespace

TEST_CASE("Data and ACK are noted once for each end") {
  CHECK(Talk()
            .handshake()
            .a(kPshAck, kData)
            .a(kPshAck, kData)
            .b(kAck)
            .b(kAck)
            .b(kPshAck, kData)
            .a(kAck)
            .told() == "S1 ShADad");
}

TEST_CASE("SYN, FIN and RST are noted again only with another number") {
  CHECK(Talk().a(kSyn).a(kSyn, {.skip = -1}).b(kSynAck).b(kSynAck, {.skip = -1}).told() == "S1 Sh");
  CHECK(Talk().handshake().a(kFinAck).a(kFinAck, {.skip = -1}).told() == "S2 ShAF");
  CHECK(Talk().handshake().a(kFinAck).a(kFinAck).told() == "S2 ShAFF");
  CHECK(Talk().handshake().a(kRst).a(kRst).told() == "RSTO ShAR");
  CHECK(Talk().handshake().a(kRst).a(kRst, {.skip = 7}).told() == "RSTO ShARR");
}

TEST_CASE("A SYN with another number starts the numbering over and is not noted again") {
  CHECK(Talk().a(kSyn).from_other_start(77777).a(kSyn).told() == "S0 S");
}

TEST_CASE("A FIN's number is that of its end") {
  CHECK(Talk().handshake().a(kFinAck, kData).a(kFinAck, {.skip = -1}).told() == "S2 ShAF");
}

TEST_CASE("T: payload again") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).a(kPshAck, kAgain).told() == "S1 ShADT");
  CHECK(Talk(iss).handshake().b(kPshAck, kData).b(kPshAck, kAgain).told() == "S1 ShAdt");
  CHECK(Talk(iss).handshake().a(kPshAck, kData).a(kAck, {.skip = -1}).told() == "S1 ShAD");
}

TEST_CASE("T is written for the 1st, 10th and 100th time, by each end for itself") {
  Talk talk;
  talk.handshake().a(kPshAck, kData).b(kPshAck, kData);
  for (int i = 0; i < 9; ++i) talk.a(kPshAck, kAgain);
  CHECK(talk.told() == "S1 ShADdT");
  CHECK(talk.a(kPshAck, kAgain).told() == "S1 ShADdTT");
  CHECK(talk.b(kPshAck, kAgain).told() == "S1 ShADdTTt");
  for (int i = 0; i < 89; ++i) talk.a(kPshAck, kAgain);
  CHECK(talk.told() == "S1 ShADdTTt");
  CHECK(talk.a(kPshAck, kAgain).told() == "S1 ShADdTTtT");
}

TEST_CASE("Data on a SYN counts as repeated, as Zeek has it") {
  CHECK(Talk().a(kSyn, kData).told() == "S0 ST");
}

TEST_CASE("W: a zero window, unless it means nothing") {
  const Turn closed{.window = 0};
  CHECK(Talk().handshake().b(kAck, closed).told() == "S1 ShAaw");
  CHECK(Talk().handshake().a(kAck, closed).told() == "S1 ShAW");
  CHECK(Talk().handshake().a(kRst, closed).told() == "RSTO ShAR");
  CHECK(Talk().handshake().a(kFinAck).b(kAck, closed).told() == "S2 ShAFa");
  CHECK(Talk().handshake().a(kFinAck).a(kAck, closed).told() == "S2 ShAFW");
  CHECK(Talk().handshake().a(kRst).a(kAck, closed).told() == "RSTO ShAR");
  Talk talk;
  talk.handshake();
  for (int i = 0; i < 10; ++i) talk.b(kAck, closed);
  CHECK(talk.told() == "S1 ShAaww");
}

TEST_CASE("A bad checksum is as good as a right one: zeek -C") {
  const Turn bad{.payload = 100, .bad_checksum = true};
  CHECK(Talk().handshake().a(kPshAck, bad).b(kFinAck, bad).told() == "S3 ShADf");
  CHECK(Talk().a(kSyn, {.bad_checksum = true}).told() == "S0 S");
}

TEST_CASE("I and Q: flags that do not go together") {
  CHECK(Talk().a(kSyn | kFin).told() == "SH Q");
  CHECK(Talk().a(kSyn | kRst).told() == "OTH Q");
  CHECK(Talk().a(kSyn | kFin | kRst).told() == "OTH I");
  CHECK(Talk().handshake().a(kFinAck | kRst).a(kFinAck | kRst).told() == "RSTO ShAI");
}

TEST_CASE("G: an acknowledgment of data that was not captured") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, {.payload = 100, .skip = 500}).b(kAck).told() == "S1 ShADaG");
  CHECK(Talk(iss).handshake().b(kPshAck, {.payload = 100, .skip = 500}).a(kAck).told() == "S1 ShAdg");
  // The hole is at the end.
  CHECK(Talk(iss).handshake().a(kPshAck, kData).b(kFinAck, {.skip = 500}).a(kAck).told() == "S3 ShADfg");
  // A hole that is filled in time is none.
  CHECK(Talk(iss).handshake().a(kAck, {.payload = 100, .skip = 100}).a(kAck, kAgain).told() == "S1 ShADT");
  CHECK(Talk(iss)
            .handshake()
            .a(kAck, {.payload = 100, .skip = 100})
            .a(kAck, {.payload = 100, .skip = -200})
            .a(kAck, {.payload = 100})
            .b(kAck)
            .told() == "S1 ShADTa");
}

TEST_CASE("G: each hole counts, the 10th is written again") {
  Talk talk;
  talk.handshake();
  for (int i = 0; i < 9; ++i) talk.a(kAck, {.payload = 100, .skip = 10});
  CHECK(talk.b(kAck).told() == "S1 ShADaG");
  CHECK(talk.a(kAck, {.payload = 100, .skip = 10}).b(kAck).told() == "S1 ShADaGG");
}

TEST_CASE("G: payload that the snap length cut is a hole") {
  CHECK(Talk().handshake().a(kPshAck, {.payload = 100, .cut = true}).b(kAck).told() == "S1 ShADaG");
}

TEST_CASE("G is not written where no handshake was seen, nor for what a RST acknowledges") {
  CHECK(Talk().a(kPshAck, kData).b(kAck).a(kPshAck, {.payload = 100, .skip = 500}).b(kAck).told() ==
        "OTH Da");
  CHECK(Talk().handshake().a(kPshAck, {.payload = 100, .skip = 500}).b(kRst | kAck).told() == "RSTR ShADr");
}

TEST_CASE("Zeek gives up on a direction that has more than 16 KiB beyond a hole and no acknowledgment") {
  Talk talk;
  talk.handshake().a(kAck, {.payload = 16000, .skip = 10}).a(kAck, {.payload = 16000});
  CHECK(talk.b(kAck).told() == "S1 ShADa");
}

TEST_CASE("Not even the SYN was acknowledged: the same") {
  Talk talk;
  talk.a(kSyn).a(kAck, {.payload = 16000, .skip = 10}).a(kAck, {.payload = 16000});
  CHECK(talk.b(kSynAck).told() == "S1 SDh");
}

TEST_CASE("G: one octet is a hole, unless the numbering itself is a guess") {
  CHECK(Talk().handshake().a(kAck, {.skip = 1}).b(kAck).told() == "S1 ShAaG");
  CHECK(Talk().a(kSyn).b(kAck).b(kSynAck).a(kAck, {.skip = 1}).b(kAck).told() == "S1 SahA");
}

TEST_CASE("^: who speaks first from a likely server's port is the responder") {
  CHECK(Talk(1000, 80).a(kPshAck, kData).told() == "OTH ^d");
  CHECK(Talk(1000, 80).a(kSynAck).told() == "OTH ^h");
  CHECK(Talk(1000, 80).a(kSyn).told() == "S0 S");
  // A SYN-ACK is the responder's whatever the ports. Both are likely ones: the lower serves.
  CHECK(Talk(1000, 40001).a(kSynAck).told() == "OTH ^h");
  CHECK(Talk(1000, 80, 443).a(kPshAck, kData).told() == "OTH ^d");
  CHECK(Talk(1000, 443, 80).a(kPshAck, kData).told() == "OTH D");
  CHECK(Talk(1000, 80, 80).a(kPshAck, kData).told() == "OTH D");
  CHECK(Talk(1000, 443, 80).a(kSynAck).told() == "OTH ^h");
}

TEST_CASE("^: SYN-ACK and SYN captured in the wrong order") {
  CHECK(Talk().a(kSynAck).b(kSyn).b(kAck).a(kPshAck, kData).told() == "OTH ^hSAd");
}

TEST_CASE("In a self-connection every segment comes from the originator") {
  CHECK(Talk(1000, 80, 80).to_self(kSyn).to_self(kSynAck).to_self(kAck).told() == "S0 SA");
}

TEST_CASE("A segment whose header is cut short is not followed") {
  TcpSegment segment;
  segment.flags = kSyn;
  segment.options.cut = true;
  ZeekConn conn;
  conn.add(segment, true);
  CHECK(conn.history().empty());
  CHECK(conn.conn_state() == "OTH");
}

TEST_CASE("A packet of which the IP header tells more than the frame had is no packet") {
  const Turn invalid{.beyond_frame = true};
  CHECK(Talk().a(kSyn, invalid).told() == " ");
  CHECK(Talk().handshake().a(kPshAck, {.payload = 100, .beyond_frame = true}).b(kAck).told() == "S1 ShAaG");
  // Who sent the first valid one is the originator.
  CHECK(Talk().a(kSyn, invalid).b(kSynAck).a(kAck, invalid).b(kPshAck, kData).told() == "OTH ^hd");
}

TEST_CASE("The history is bounded whatever is sent") {
  Talk talk;
  talk.handshake();
  for (int i = 0; i < 10000; ++i) talk.a(kRst, {.skip = 3});
  CHECK(talk.told().size() < 5000);
}

TEST_CASE("Holes without end are bounded") {
  Talk talk;
  talk.handshake().a(kAck, kData).b(kAck);
  for (int i = 0; i < 20000; ++i) talk.a(kAck, {.payload = 1, .skip = 1});
  CHECK(talk.b(kAck).told() == "S1 ShADa");
}

}  // namespace tcpautopsy::test
