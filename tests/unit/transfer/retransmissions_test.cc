#include <catch2/catch.hpp>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

template <class Check>
void each(std::string_view script, Check check) {
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    check(history.transfer->retransmissions[index(Side::A)],
          history.transfer->retransmissions[index(Side::B)]);
  }
}

}  // namespace

TEST_CASE("causes add up to no more than what was sent again") {
  each(R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.23  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.10  A > B  F. 101:101(0) ack 1  !lost
+.22  A > B  F. 101:101(0) ack 1
+.01  A < B  F. 1:1(0) ack 102
+.01  A > B  .  102:102(0) ack 2
)",
       [](const RetransmissionResults& client, const RetransmissionResults& server) {
         CHECK(client.retransmissions == 4);
         CHECK(client.probes.count() == 1);
         CHECK(client.timeouts.count() == 2);
         CHECK(client.fin_probes == 1);
         CHECK(client.timeout_count() + client.probe_count() + client.fast_count() == 4);
         CHECK(client.longest_series == 2);
         CHECK(client.longest_stall_ns == 670 * kMillisecond);
         CHECK(server.retransmissions == 0);
       });
}

TEST_CASE("what several segments waited at once for a timeout is waited once") {
  each(R"(
handshake <mss 1460,sackOK>
+.10  A > B  .  1:1001(1000) ack 1     !lost
+.01  A > B  P. 1001:2001(1000) ack 1  !lost
+.99  A > B  .  1:1001(1000) ack 1
+.01  A < B  .  1:1(0) ack 1001
+0    A > B  P. 1001:2001(1000) ack 1
+.01  A < B  .  1:1(0) ack 2001
+5    A > B  P. 2001:2101(100) ack 1   !lost
+.50  A > B  P. 2001:2101(100) ack 1   !lost
+1    A > B  P. 2001:2101(100) ack 1
+.01  A < B  .  1:1(0) ack 2101
)",
       [](const RetransmissionResults& client, const RetransmissionResults&) {
         REQUIRE(client.timeouts.count() == 4);
         CHECK(client.timeouts.total_ns() == 3500 * kMillisecond);
         CHECK(client.timeouts_waited_ns == 2510 * kMillisecond);
       });
}

TEST_CASE("timeouts for nothing are counted apart from what else was sent for nothing") {
  SECTION("the first sending had arrived") {
    each(R"(
handshake <mss 1460,sackOK,TS>
+.10  A > B  P. 1:101(100) ack 1 <TS val 500 ecr 10>
+.30  A > B  P. 1:101(100) ack 1 <TS val 800 ecr 10>
+.60  A > B  P. 1:101(100) ack 1 <TS val 1400 ecr 10>
+.05  A < B  .  1:1(0) ack 101 <TS val 300 ecr 500>
+.01  A < B  .  1:1(0) ack 101 <sack 1:101,TS val 310 ecr 800>
+.01  A < B  .  1:1(0) ack 101 <sack 1:101,TS val 320 ecr 1400>
)",
         [](const RetransmissionResults& client, const RetransmissionResults&) {
           CHECK(client.timeouts.count() == 2);
           CHECK(client.timeouts_spurious == 2);
         });
  }
  SECTION("a fast retransmission was for nothing, the timeout was not") {
    each(R"(
handshake <mss 1460,sackOK,TS>
+.10   A < B  .  1461:2921(1460) ack 1 <TS val 102 ecr 20>
+.001  A > B  .  1:1(0) ack 1 <sack 1461:2921,TS val 121 ecr 10>
+.005  A < B  .  1:1461(1460) ack 1 <TS val 101 ecr 20>
+0     A > B  .  1:1(0) ack 2921 <TS val 126 ecr 102>
+.010  A < B  .  1:1461(1460) ack 1 <TS val 123 ecr 121>
+.001  A > B  .  1:1(0) ack 2921 <sack 1:1461,TS val 137 ecr 123>
+1     A < B  P. 2921:3021(100) ack 1 <TS val 1200 ecr 137>  !lost
+.30   A < B  P. 2921:3021(100) ack 1 <TS val 1500 ecr 137>  !lost
+.60   A < B  P. 2921:3021(100) ack 1 <TS val 2100 ecr 137>
+.001  A > B  .  1:1(0) ack 3021 <TS val 2038 ecr 2100>
)",
         [](const RetransmissionResults&, const RetransmissionResults& server) {
           CHECK(server.spurious.count() == 1);
           CHECK(server.timeouts.count() == 2);
           CHECK(server.timeouts_spurious == 0);
         });
  }
}

TEST_CASE("SYNs sent again are counted by their timer") {
  each(R"(
+0    A > B  S  0:0(0) <mss 1460>  !lost
+1    A > B  S  0:0(0) <mss 1460>
+.01  A < B  S. 0:0(0) ack 1 <mss 1460>
+.01  A > B  .  1:1(0) ack 1
)",
       [](const RetransmissionResults& client, const RetransmissionResults&) {
         CHECK(client.retransmissions == 1);
         CHECK(client.timeout_count() == 1);
         CHECK(client.timeouts.count() == 0);
       });
}

TEST_CASE("duplicate ACKs are those of RFC 5681 2") {
  each(R"(
handshake <mss 1460>
+.10   A < B  .  1:1461(1460) ack 1  !unseen
+0     A < B  .  1461:2921(1460) ack 1
+.001  A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1 win 400
+0     A > B  P. 1:11(10) ack 1 win 400
+0     A > B  .  11:11(0) ack 1 win 400
+.10   A < B  .  1:1461(1460) ack 11
+.01   A > B  .  11:11(0) ack 2921 win 400
+.01   A > B  .  11:11(0) ack 2921 win 400
)",
       [](const RetransmissionResults& client, const RetransmissionResults& server) {
         // The first repeats the ACK of the handshake; a window update, data, and an ACK with nothing
         // outstanding are none.
         CHECK(client.duplicate_acks == 3);
         CHECK(server.duplicate_acks == 0);
       });
}

TEST_CASE("any SACK block above proves outstanding data that the capture missed") {
  each(R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1
+0     A < B  .  2921:4381(1460) ack 1  !unseen
+.010  A > B  .  1:1(0) ack 1461
+.001  A > B  .  1:1(0) ack 1461 <sack 2921:4381>
+.001  A > B  .  1:1(0) ack 1461 <sack 1:1461 2921:4381>
+.001  A > B  .  1:1(0) ack 1461 <sack 1:1461>
)",
       [](const RetransmissionResults& client, const RetransmissionResults&) {
         CHECK(client.duplicate_acks == 2);
       });
}

TEST_CASE("round trips follow Karn, and timestamps where a segment was sent again") {
  each(R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.30  A > B  P. 1:101(100) ack 1
+.02  A < B  .  1:1(0) ack 101
+.10  A > B  P. 101:201(100) ack 1
+.02  A < B  .  1:1(0) ack 201
)",
       [](const RetransmissionResults&, const RetransmissionResults& server) {
         CHECK(server.round_trips.spread().count() == 2);  // the SYN's, and one
         CHECK(server.round_trips.spread().greatest() == 20 * kMillisecond);
       });
  each(R"(
handshake <mss 1460,sackOK,TS>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.30  A > B  P. 1:101(100) ack 1
+.02  A < B  .  1:1(0) ack 101
)",
       [](const RetransmissionResults&, const RetransmissionResults& server) {
         CHECK(server.round_trips.spread().count() == 2);
         CHECK(server.round_trips.spread().greatest() == 20 * kMillisecond);
       });
}

TEST_CASE("what is acknowledged and never seen is missing until it is seen") {
  each(R"(
handshake
+.10    A > B  P. 1:1001(1000) ack 1
+0      A > B  P. 1001:2001(1000) ack 1  !unseen
+0      A > B  P. 2001:3001(1000) ack 1
+.01    A < B  .  1:1(0) ack 3001
+.0001  A < B  .  1:1(0) ack 4001
+.0001  A > B  P. 3001:4001(1000) ack 1
+.01    A < B  P. 1:11(10) ack 4001
)",
       [](const RetransmissionResults& client, const RetransmissionResults& server) {
         CHECK(client.missing_octets == 1000);
         CHECK(client.unseen.count() == 1);
         CHECK(client.retransmissions == 0);
         CHECK(server.missing_octets == 0);
       });
}

TEST_CASE("where the first sending was lost before the capture point") {
  each(R"(
handshake <mss 1460,sackOK,TS>
+.10   A < B  .  1:1461(1460) ack 1  !unseen
+0     A < B  .  1461:2921(1460) ack 1
+.010  A > B  .  1:1(0) ack 1 <sack 1461:2921>
+.020  A < B  .  1:1461(1460) ack 1
+.010  A > B  .  1:1(0) ack 2921
)",
       [](const RetransmissionResults&, const RetransmissionResults& server) {
         CHECK(server.fast.count() == 1);
         CHECK(server.first_unseen == 1);
         CHECK(server.out_of_order.count() == 0);
       });
}
