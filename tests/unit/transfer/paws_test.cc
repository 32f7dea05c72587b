#include <catch2/catch.hpp>

#include "analyzer/transfer/transfer_results.h"
#include "script_traces.h"

using namespace tcpautopsy;
using namespace tcpautopsy::stream_test;

namespace {

std::uint64_t refused_of_client(std::string_view script) {
  std::uint64_t refused = 0;
  for (const FlowHistory& history : traces_of(script)) {
    REQUIRE(history.transfer);
    CHECK(history.transfer->marks[index(Side::B)].paws.refused.count() == 0);
    refused = history.transfer->marks[index(Side::A)].paws.refused.count();
  }
  return refused;
}

}  // namespace

TEST_CASE("PAWS: the client's clock goes back, and none of its resends is taken") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000>
+.01  A < B  P. 1:301(300) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 301    <TS val 900120 ecr 500100>
+1    A > B  P. 101:201(100) ack 301  <TS val 1100 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501200 ecr 900120>
+.25  A > B  P. 101:201(100) ack 301  <TS val 1350 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501460 ecr 900120>
+.50  A > B  P. 101:201(100) ack 301  <TS val 1850 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501960 ecr 900120>
)") == 3);
}

TEST_CASE("PAWS: acknowledgments are refused, and the server sends all again") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1        <TS val 900100 ecr 500000>
+.01  A < B  .  1:1449(1448) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 1449     <TS val 900120 ecr 500100>
+.01  A < B  .  1449:2897(1448) ack 101 <TS val 500120 ecr 900120>
+.01  A > B  .  101:101(0) ack 2897     <TS val 700 ecr 500120>
+.22  A < B  .  1449:2897(1448) ack 101 <TS val 500340 ecr 900120>
+.01  A > B  .  101:101(0) ack 2897     <TS val 930 ecr 500340>
+.44  A < B  .  1449:2897(1448) ack 101 <TS val 500780 ecr 900120>
)") == 2);
}

TEST_CASE("PAWS: a late duplicate of what was taken long ago") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 101        <TS val 500100 ecr 900100>
+.10  A > B  P. 101:201(100) ack 1    <TS val 900210 ecr 500100> id 12
+.01  A < B  .  1:1(0) ack 201        <TS val 500210 ecr 900210>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 201        <TS val 500320 ecr 900210>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 201        <TS val 500430 ecr 900210>
)") == 0);
}

TEST_CASE("PAWS: loss: the answers echo what came before the hole") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10   A > B  .  1:1449(1448) ack 1    <TS val 900100 ecr 500000>
+.0001 A > B  .  1449:2897(1448) ack 1 <TS val 900100 ecr 500000> !lost
+.0001 A > B  .  2897:4345(1448) ack 1 <TS val 900101 ecr 500000>
+.01   A < B  .  1:1(0) ack 1449       <TS val 500110 ecr 900100>
+.0001 A < B  .  1:1(0) ack 1449       <TS val 500110 ecr 900100>
+.25   A > B  .  1449:2897(1448) ack 1 <TS val 900360 ecr 500110> !lost
+.50   A > B  .  1449:2897(1448) ack 1 <TS val 900860 ecr 500110>
+.01   A < B  .  1:1(0) ack 4345       <TS val 500880 ecr 900860>
)") == 0);
}

TEST_CASE("PAWS: a device rewrites the sender's timestamps, and not the echo") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10   A > B  .  1:1449(1448) ack 1    <TS val 900100 ecr 500000>
+.01   A < B  .  1:1(0) ack 1449       <TS val 500110 ecr 70000100>
+.01   A > B  .  1449:2897(1448) ack 1 <TS val 900120 ecr 500110> !lost
+.0001 A > B  .  2897:4345(1448) ack 1 <TS val 900120 ecr 500110>
+.01   A < B  .  1:1(0) ack 1449       <TS val 500130 ecr 70000100>
+.25   A > B  .  1449:2897(1448) ack 1 <TS val 900370 ecr 500130> !lost
+.0001 A > B  .  4345:5793(1448) ack 1 <TS val 900370 ecr 500130>
+.01   A < B  .  1:1(0) ack 1449       <TS val 500390 ecr 70000100>
+.25   A > B  .  1449:2897(1448) ack 1 <TS val 900630 ecr 500390>
+.01   A < B  .  1:1(0) ack 5793       <TS val 500650 ecr 70000630>
)") == 0);
}

TEST_CASE("PAWS: keep-alives of one octet from both ends are refused by nobody") {
  CHECK(refused_of_client(R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000>
+.01  A < B  P. 1:301(300) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 301    <TS val 900120 ecr 500100>
+30   A > B  .  100:101(1) ack 301    <TS val 930120 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 530120 ecr 900100>
+.01  A < B  .  300:301(1) ack 101    <TS val 530130 ecr 930120>
+.01  A > B  .  101:101(0) ack 301    <TS val 930150 ecr 500100>
+30   A < B  .  300:301(1) ack 101    <TS val 560130 ecr 930150>
+.01  A > B  .  101:101(0) ack 301    <TS val 960150 ecr 500100>
)") == 0);
}
