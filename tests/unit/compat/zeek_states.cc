// Each conn_state of Zeek's conn.log, and the history that goes with it.
#include <catch2/catch.hpp>

#include "zeek_talk.h"

namespace tcpautopsy::test {

namespace {

constexpr std::uint16_t kFinAck = kFin | kAck, kRstAck = kRst | kAck, kPshAck = kPsh | kAck,
                        kSynAck = kSyn | kAck;
const Turn kData{.payload = 100};

// Nothing may depend on where the sequence numbers start.
std::uint32_t some_iss() { return GENERATE(0U, 1000U, 0x7fffffffU, 0xbffffffeU, 0xfffffffeU, 0xffffffffU); }

}  // namespace

TEST_CASE("S0: a SYN without an answer") {
  CHECK(Talk(some_iss()).a(kSyn).a(kSyn, {.skip = -1}).told() == "S0 S");
}

TEST_CASE("S1: open to the end") {
  CHECK(Talk(some_iss()).handshake().a(kPshAck, kData).b(kPshAck, kData).told() == "S1 ShADd");
}

TEST_CASE("SF: both ends sent a FIN") {
  const auto iss = some_iss();
  CHECK(Talk(iss)
            .handshake()
            .a(kPshAck, kData)
            .b(kAck)
            .b(kPshAck, kData)
            .a(kFinAck)
            .b(kFinAck)
            .a(kAck)
            .told() == "SF ShADadFf");
}

TEST_CASE("REJ: the SYN was refused") {
  const auto iss = some_iss();
  CHECK(Talk(iss).a(kSyn).b(kRstAck).told() == "REJ Sr");
  // A RST that the responder sends before its SYN-ACK rejects, whatever comes after (a forged RST).
  CHECK(Talk(iss).a(kSyn).b(kRst).b(kSynAck).a(kAck).a(kPshAck, kData).told() == "REJ SrhAD");
}

TEST_CASE("REJ also where both ends reset before any data") {
  CHECK(Talk(some_iss()).handshake().b(kRst).a(kRst).told() == "REJ ShArR");
}

TEST_CASE("S2: only the originator closed") {
  CHECK(Talk(some_iss()).handshake().a(kFinAck).b(kAck).told() == "S2 ShAFa");
}

TEST_CASE("S3: only the responder closed") {
  CHECK(Talk(some_iss()).handshake().b(kFinAck).a(kAck).told() == "S3 ShAf");
}

TEST_CASE("RSTO: the originator aborted") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).a(kRst).told() == "RSTO ShADR");
  CHECK(Talk(iss).a(kSyn).b(kSynAck).a(kRst).told() == "RSTO ShR");
}

TEST_CASE("RSTR: the responder aborted") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).b(kRst).told() == "RSTR ShADr");
  CHECK(Talk(iss).handshake().a(kPshAck, kData).a(kFinAck).b(kRst).told() == "RSTR ShADFr");
}

TEST_CASE("RSTOS0: SYN, then RST of the same end") {
  const auto iss = some_iss();
  CHECK(Talk(iss).a(kSyn).a(kRst).told() == "RSTOS0 SR");
  CHECK(Talk(iss).a(kSyn).a(kPshAck, kData).a(kRst).told() == "RSTOS0 SDR");
  // Any of the letters of a handshake before the RST, and it is something else.
  CHECK(Talk(iss).a(kSyn).a(kAck).a(kRst).told() == "OTH SAR");
}

TEST_CASE("RSTRH: a RST of the responder, and no SYN") {
  const auto iss = some_iss();
  CHECK(Talk(iss, 80).a(kSynAck).a(kRst).told() == "RSTRH ^hr");
  CHECK(Talk(iss).a(kPshAck, kData).b(kRst).told() == "RSTRH Dr");
}

TEST_CASE("SH: the originator closed, the responder was not heard") {
  const auto iss = some_iss();
  CHECK(Talk(iss).a(kSyn).a(kFinAck).told() == "SH SF");
}

TEST_CASE("SHR: the responder closed, the originator was not heard") {
  const auto iss = some_iss();
  CHECK(Talk(iss, 80).a(kSynAck).a(kFinAck).told() == "SHR ^hf");
  CHECK(Talk(iss).a(kSynAck).a(kAck).a(kPshAck, kData).a(kFinAck).told() == "SHR ^hadf");
  CHECK(Talk(iss, 443).a(kFinAck).b(kAck).told() == "SHR ^fA");
}

TEST_CASE("OTH: midstream, or nothing that has a name") {
  const auto iss = some_iss();
  CHECK(Talk(iss).a(kPshAck, kData).b(kAck).told() == "OTH Da");
  CHECK(Talk(iss).a(kRst).told() == "OTH R");
  CHECK(Talk(iss, 80).a(kSynAck).told() == "OTH ^h");
  CHECK(Talk(iss).a(kPshAck, {.payload = 10, .bad_checksum = true}).told() == "OTH D");
}

TEST_CASE("A RST after both FINs changes nothing") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).b(kFinAck).a(kFinAck).b(kRst).told() == "SF ShADfFr");
}

TEST_CASE("FIN and RST of one end, then the other's FIN: a normal end") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).b(kFinAck).b(kRst).a(kFinAck).told() == "SF ShADfrF");
  CHECK(Talk(iss).handshake().a(kPshAck, kData).a(kFinAck).a(kRst).told() == "RSTO ShADFR");
}

TEST_CASE("Midstream both ends may close in order all the same") {
  CHECK(Talk(some_iss()).a(kPshAck, kData).b(kAck).a(kFinAck).b(kFinAck).a(kAck).told() == "SF DaFfA");
}

TEST_CASE("An ACK of the responder before its SYN-ACK does not make the connection partial") {
  CHECK(Talk(some_iss()).a(kSyn).b(kAck).b(kSynAck).a(kAck).told() == "S1 SahA");
}

TEST_CASE("Without the SYN, SYN-ACK and ACK still establish") {
  const auto iss = some_iss();
  CHECK(Talk(iss, 80).a(kSynAck).b(kAck).b(kPshAck, kData).told() == "S1 ^hAD");
}

TEST_CASE("A SYN after midstream traffic of its own sender opens anew") {
  CHECK(Talk(some_iss()).a(kPshAck, kData).from_other_start(5000).a(kSyn).told() == "S0 DS");
}

TEST_CASE("Both ends may open at once") {
  CHECK(Talk(some_iss()).a(kSyn).b(kSyn).a(kSynAck, {.skip = -1}).b(kSynAck, {.skip = -1}).told() == "S1 Ss");
}

TEST_CASE("With data two RSTs are no rejection; a FIN alone does not count as data") {
  const auto iss = some_iss();
  CHECK(Talk(iss).handshake().a(kPshAck, kData).b(kAck).b(kRst).a(kRst).told() == "RSTR ShADarR");
  CHECK(Talk(iss).handshake().a(kFinAck).a(kRst).b(kRst).told() == "REJ ShAFRr");
}

TEST_CASE("A FIN does not undo a RST that had no FIN before it") {
  CHECK(Talk(some_iss()).handshake().b(kRst).a(kFinAck).told() == "RSTR ShArF");
}

TEST_CASE("Two SYN-ACKs open nothing") { CHECK(Talk(some_iss()).a(kSynAck).b(kSynAck).told() == "OTH ^hH"); }

TEST_CASE("Data in answer to a SYN is no answer") {
  CHECK(Talk(some_iss()).a(kSyn).b(kPshAck, kData).told() == "OTH Sd");
}

TEST_CASE("Only a bare SYN, and only before the other end is heard, opens anew after midstream traffic") {
  const auto iss = some_iss();
  CHECK(Talk(iss).a(kPshAck, kData).a(kSynAck).told() == "OTH DH");
  CHECK(Talk(iss).a(kPshAck, kData).b(kAck).a(kSyn).told() == "OTH DaS");
}

}  // namespace tcpautopsy::test
