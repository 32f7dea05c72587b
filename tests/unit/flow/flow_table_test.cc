// What a FlowTable tells of whole connections.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

TEST_CASE("a whole connection becomes one flow with its numbers from the SYNs") {
  Traffic t;
  t.handshake().a(kPsh | kAck, 1, 1, 100).b(kAck, 1, 101).b(kPsh | kAck, 1, 101, 2000).a(kAck, 101, 2001);
  t.a(kFin | kAck, 101, 2001).b(kFin | kAck, 2001, 102).a(kAck, 102, 2002);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  const FlowTrace& f = flows[0];
  CHECK(flags_of(f) == "A:S B:SA A:A A:PA B:A B:PA A:A A:FA B:FA A:A");
  CHECK(f.client == Side::A);
  CHECK_FALSE(f.client_guessed);
  CHECK(f.facts(Side::A).iss == Seq(kIssA));
  CHECK(f.facts(Side::B).iss == Seq(kIssB));
  CHECK(f.facts(Side::A).payload_bytes == 100);
  CHECK(f.facts(Side::B).payload_bytes == 2000);
  CHECK(f.facts(Side::A).packets == 6);
  CHECK(f.facts(Side::B).packets == 4);
  CHECK(f.facts(Side::A).sent_max == 102);
  CHECK(f.facts(Side::A).acked_max == 2002);
  CHECK(f.facts(Side::B).acked_max == 102);
  CHECK(f.records[0].seq == 0);
  CHECK(f.records[1].ack == 1);
  CHECK(f.records[5].seq == 1);
  CHECK(f.records[5].sent_max == 1);
  CHECK(f.records[5].contiguous == 2001);
  CHECK(f.records.back().ack == 2002);
  CHECK(f.first.number == 1);
  CHECK(f.last.number == 10);
  CHECK(flows[0].words.zeek_conn_state == "SF");
  CHECK(flows[0].words.completeness == 31);
  // 10 ms a packet: SYN to SYN-ACK, SYN-ACK to ACK.
  CHECK(f.facts(Side::B).rtt_handshake_ns == 10 * kMillisecond);
  CHECK(f.facts(Side::A).rtt_handshake_ns == 10 * kMillisecond);
}
