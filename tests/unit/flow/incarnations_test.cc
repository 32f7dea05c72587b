// When a 4-tuple's next connection begins, and whose a segment is.
#include <catch2/catch.hpp>

#include "traffic.h"

using namespace tcpautopsy;
using namespace tcpautopsy::flow_test;

namespace {

constexpr std::uint32_t kNewA = 0x20000000U, kNewB = 0xD0000000U;

}  // namespace

TEST_CASE("a SYN with another ISN after the close opens the next incarnation at once") {
  Traffic t;
  t.handshake().close().reuse(kNewA, kNewB).handshake();
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].incarnation == 0);
  CHECK(flows[1].incarnation == 1);
  REQUIRE(flows[0].successor);
  CHECK(flows[0].successor->syn.number == 8);
  CHECK(flows[0].successor->sender == Side::A);
  REQUIRE(flows[0].successor->answered);
  CHECK(flows[0].successor->answered->number == 9);
  CHECK(flags_of(flows[1]) == "A:S B:SA A:A");
  CHECK(flows[1].facts(Side::A).iss == Seq(kNewA));
}

TEST_CASE("the server may open the next incarnation, and is then its client") {
  Traffic t;
  t.handshake().close().reuse(kNewA, kNewB).b(kSyn, 0).a(kSyn | kAck, 0, 1).b(kAck, 1, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[1].facts(flows[1].client).address == server());
  CHECK(flows[0].successor->sender == Side::B);
}

TEST_CASE("a SYN with the same ISN is the same SYN, however late") {
  Traffic t;
  t.a(kSyn, 0).wait(100 * kSecond).a(kSyn, 0).b(kSyn | kAck, 0, 1).a(kSyn, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].records[1].standing.retransmission);
  CHECK(flows[0].records[3].standing.retransmission);
}

TEST_CASE("attempts that nobody answers are an incarnation for each ISN") {
  Traffic t;
  t.a(kSyn, 0).a(kSyn, 0).reuse(kNewA, 0).a(kSyn, 0).reuse(kNewA + 77777, 0).a(kSyn, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 3);
  CHECK(flows[0].facts(Side::A).packets == 2);
  CHECK(flows[2].incarnation == 2);
}

TEST_CASE("refused attempts with new ISNs are incarnations, with the same ISN they are one") {
  Traffic t;
  t.a(kSyn, 0).feed(segment(server(), client(), kRst | kAck, 0, kIssA + 1));
  t.a(kSyn, 0).feed(segment(server(), client(), kRst | kAck, 0, kIssA + 1));
  t.reuse(kNewA, 0).a(kSyn, 0).feed(segment(server(), client(), kRst | kAck, 0, kNewA + 1));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[0]) == "A:S B:RA A:S B:RA");
  CHECK(flows[0].records[1].ack == 1);
  CHECK(flags_of(flows[1]) == "A:S B:RA");
}

TEST_CASE("the second SYN of a simultaneous open opens nothing new") {
  Traffic t;
  t.a(kSyn, 0).b(kSyn, 0).a(kSyn | kAck, 0, 1).b(kSyn | kAck, 0, 1).a(kAck, 1, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].client == Side::A);
  CHECK(flows[0].records[2].standing.retransmission);
  CHECK(flows[0].facts(Side::B).iss == Seq(kIssB));
}

TEST_CASE("a SYN of the other end after the SYN-ACK is no simultaneous open") {
  Traffic t;
  t.a(kSyn, 0).b(kSyn | kAck, 0, 1).reuse(kNewA, kNewB).b(kSyn, 0);
  CHECK(t.finish().size() == 2);
}

TEST_CASE("a forged SYN that draws a challenge ACK stays in the connection that goes on") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  t.feed(segment(client(), server(), kSyn, kIssA + 5000)).b(kAck, 1, 101).a(kAck, 101, 1, 50).b(kAck, 1, 151);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A A:S B:A A:A B:A");
  CHECK(flows[0].records[5].seq == 5000);
  CHECK(flows[0].records[7].sent_max == 101);
  CHECK_FALSE(flows[0].records[7].standing.fills_gap);
  CHECK_FALSE(flows[0].successor);
  CHECK(t.table().facts().flows == 1);
}

TEST_CASE("forged SYNs of several numbers, and a forged RST, stay in the connection that goes on") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  t.feed(segment(client(), server(), kSyn, kIssA + 5000)).b(kAck, 1, 101);
  t.feed(segment(client(), server(), kSyn, kIssA + 0x2000000)).b(kAck, 1, 101);
  t.feed(segment(client(), server(), kRst, kIssA + 30000)).b(kAck, 1, 101);
  t.a(kAck, 101, 1, 50).b(kAck, 1, 151);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK_FALSE(flows[0].successor);
}

TEST_CASE("a lone SYN that draws nothing but a challenge ACK stays in its connection") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).wait(30 * kSecond);
  t.feed(segment(client(), server(), kSyn, kIssA + 5000)).b(kAck, 1, 101);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK_FALSE(flows[0].successor);
}

TEST_CASE("a SYN into a connection whose RST was not heeded waits for what follows it") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  t.feed(segment(client(), server(), kRst, kIssA + 200)).b(kAck, 1, 101);  // challenged
  t.feed(segment(client(), server(), kSyn, kIssA + 0x2000000)).b(kAck, 1, 101);
  t.a(kAck, 101, 1, 50).b(kAck, 1, 151);
  REQUIRE(t.finish().size() == 1);
}

TEST_CASE("a RST that acknowledges the new SYN refuses it, however near the old numbers are") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).b(kRst, 1);
  t.reuse(kIssA + 30000, kIssB).a(kSyn, 0);
  t.feed(segment(server(), client(), kRst | kAck, 0, kIssA + 30001));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S B:RA");
}

TEST_CASE("numbers go on after a forged SYN was folded back") {
  Traffic t;
  t.handshake().feed(segment(client(), server(), kSyn, kIssA + 5000)).b(kAck, 1, 1).a(kAck, 1, 1, 50);
  t.feed(segment(end("10.0.0.9", 9), server(), kSyn, 77));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[1].number == 1);
}

TEST_CASE("half-open recovery: SYN, challenge ACK and RST belong to the new incarnation") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).wait(kSecond);
  t.reuse(kNewA, kNewB).a(kSyn, 0);                                   // 6
  t.feed(segment(server(), client(), kAck, kIssB + 1, kIssA + 101));  // 7: challenge
  t.feed(segment(client(), server(), kRst, kIssA + 101));             // 8
  t.wait(kSecond).a(kSyn, 0).b(kSyn | kAck, 0, 1).a(kAck, 1, 1, 10);  // 9 10 11
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A");
  CHECK(flags_of(flows[1]) == "A:S B:A A:R A:S B:SA A:A");
  REQUIRE(flows[0].successor);
  CHECK(flows[0].successor->syn.number == 6);
  REQUIRE(flows[0].successor->reset);
  CHECK(flows[0].successor->reset->number == 8);
  CHECK(flows[0].successor->answered->number == 10);
  CHECK(flows[1].records[3].standing.retransmission);
  CHECK(flows[1].records[4].seq == 0);
  CHECK(flows[1].records[5].ack == 1);
  CHECK_FALSE(flows[1].records[5].standing.acks_unseen);
}

TEST_CASE("a SYN in a living connection that a SYN-ACK answers opens a new incarnation") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  t.reuse(kNewA, kNewB).handshake();
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S B:SA A:A");
  CHECK(flows[0].successor->answered->number == 7);
}

TEST_CASE("a SYN in a living connection that nothing answers opens a new incarnation") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).reuse(kNewA, kNewB).a(kSyn, 0).a(kSyn, 0).a(kSyn, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S A:S A:S");
  CHECK(flows[0].successor->syn.number == 6);
}

TEST_CASE("a SYN in a living connection that RST refuses opens a new incarnation") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).reuse(kNewA, kNewB).a(kSyn, 0);
  t.feed(segment(server(), client(), kRst | kAck, 0, kNewA + 1));
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S B:RA");
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A");
}

TEST_CASE("data on its way when a SYN falls into its connection stays with the old one") {
  Traffic t;
  t.handshake().b(kAck, 1, 1, 1000).reuse(kNewA, kNewB).a(kSyn, 0);
  t.feed(segment(server(), client(), kAck, kIssB + 1001, kIssA + 1, 1000));
  t.b(kSyn | kAck, 0, 1).a(kAck, 1, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].facts(Side::B).payload_bytes == 2000);
  CHECK(flags_of(flows[1]) == "A:S B:SA A:A");
}

TEST_CASE("late segments go to the incarnation whose numbers they fit") {
  Traffic t;
  t.handshake().close();
  // As Linux reuses a port of its own TIME-WAIT: the new ISN lies just above the old stream.
  t.reuse(kIssA + 65539, kNewB).handshake();
  t.reuse(kIssA, kIssB).b(kFin | kAck, 1, 2).a(kAck, 2, 2);
  t.reuse(kIssA + 65539, kNewB).a(kAck, 1, 1, 500).b(kAck, 1, 501);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].facts(Side::A).packets == 5);
  CHECK(flows[0].facts(Side::B).packets == 4);
  CHECK(flows[1].facts(Side::A).payload_bytes == 500);
  CHECK_FALSE(flows[1].facts(Side::B).packets == 3);
}

TEST_CASE("a SYN of an earlier incarnation goes back to it") {
  Traffic t;
  t.a(kSyn, 0).reuse(kNewA, kNewB).a(kSyn, 0).b(kSyn | kAck, 0, 1).reuse(kIssA, kIssB).a(kSyn, 0);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].facts(Side::A).packets == 2);
}

TEST_CASE("a challenge ACK from TIME-WAIT belongs to the new incarnation") {
  Traffic t;
  t.handshake().close();
  t.reuse(kNewA, kNewB).a(kSyn, 0);
  t.feed(segment(server(), client(), kAck, kIssB + 2, kIssA + 2))
      .feed(segment(client(), server(), kRst, kIssA + 2));
  t.a(kSyn, 0).b(kSyn | kAck, 0, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S B:A A:R A:S B:SA");
  CHECK(flows[0].successor->reset->number == 10);
}

TEST_CASE("a FIN of the old connection after the new SYN is no challenge") {
  Traffic t;
  t.handshake().close();
  t.reuse(kNewA, kNewB).a(kSyn, 0).reuse(kIssA, kIssB).b(kFin | kAck, 1, 2);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:S");
}

TEST_CASE("a SYN-ACK with another ISN after a close opens a new incarnation without its SYN") {
  Traffic t;
  t.handshake().close().reuse(kNewA, kNewB).b(kSyn | kAck, 0, 1).a(kAck, 1, 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  CHECK(flags_of(flows[1]) == "A:SA B:A");
  CHECK(flows[1].client == Side::B);
  CHECK(flows[1].client_guessed);
  CHECK(flows[1].facts(Side::B).iss == Seq(kNewA));
}

TEST_CASE("a SYN-ACK repeated with another ISN does not split") {
  Traffic t;
  t.a(kSyn, 0)
      .b(kSyn | kAck, 0, 1)
      .a(kSyn, 0)
      .reuse(kIssA, kNewB)
      .b(kSyn | kAck, 0, 1)
      .a(kAck, 1, 1, 10)
      .b(kAck, 1, 11);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].facts(Side::B).iss == Seq(kNewB));
  CHECK(flows[0].records[4].ack == 1);
  CHECK_FALSE(flows[0].records[3].standing.retransmission);
  CHECK_FALSE(flows[0].records[5].standing.retransmission);
}

TEST_CASE("of one direction alone, a SYN-ACK with both numbers new splits") {
  Traffic t;
  t.b(kSyn | kAck, 0, 1).b(kAck, 1, 1, 100).reuse(kNewA, kNewB).b(kSyn | kAck, 0, 1).b(kAck, 1, 1, 100);
  CHECK(t.finish().size() == 2);
}

TEST_CASE("of one direction alone, a SYN-ACK that acknowledges the same SYN does not split") {
  Traffic t;
  t.b(kSyn | kAck, 0, 1).reuse(kIssA, kNewB).b(kSyn | kAck, 0, 1);
  CHECK(t.finish().size() == 1);
}

TEST_CASE("silence never splits") {
  Traffic t;
  t.handshake().wait(100'000 * kSecond).a(kAck, 1, 1, 10).wait(100'000 * kSecond).b(kAck, 1, 11);
  CHECK(t.finish().size() == 1);
}

TEST_CASE("a SYN that comes after the data it precedes is the flow's own") {
  Traffic t;
  t.a(kAck, 1, 1, 100).a(kSyn, 0).b(kAck, 1, 101);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].facts(Side::A).iss_known);
  CHECK(flows[0].records[0].seq == 1);
  CHECK(flows[0].records[1].seq == 0);
}

TEST_CASE("a late SYN moves the numbers of what came before it") {
  Traffic t;
  t.a(kAck, 1001, 1, 100).a(kSyn, 0).b(kAck, 1, 1101);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].facts(Side::A).iss == Seq(kIssA));
  CHECK(flows[0].records[0].seq == 1001);
  CHECK(flows[0].records[1].seq == 0);
  CHECK(flows[0].records[2].ack == 1101);
  CHECK(flows[0].facts(Side::A).sent_max == 1101);
  CHECK(flows[0].client == Side::A);
  CHECK_FALSE(flows[0].client_guessed);
}

TEST_CASE("incarnations count on after the earlier ones were handed out") {
  FlowOptions options;
  options.time_wait = kSecond;
  Traffic t(options);
  t.handshake().close().wait(5 * kSecond);
  t.feed(segment(end("10.0.0.9", 9), server(), kSyn, 77))
      .feed(segment(end("10.0.0.9", 10), server(), kSyn, 77));
  REQUIRE(t.done().size() == 1);
  CHECK_FALSE(t.done()[0].successor);
  t.reuse(kNewA, kNewB).handshake();
  const auto flows = t.finish();
  REQUIRE(flows.size() == 4);
  CHECK(flows[3].incarnation == 1);
}

TEST_CASE(
    "a challenge to a second attempt belongs to that attempt, though the connection it tells of is two "
    "before") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101);
  t.reuse(kNewA, kNewB).a(kSyn, 0).reuse(kNewA + 0x1000000, kNewB).a(kSyn, 0);  // 6 7
  t.feed(segment(server(), client(), kAck, kIssB + 1, kIssA + 101));            // 8
  t.feed(segment(client(), server(), kRst, kIssA + 101));                       // 9
  const auto flows = t.finish();
  REQUIRE(flows.size() == 3);
  CHECK(flags_of(flows[0]) == "A:S B:SA A:A A:A B:A");
  CHECK(flags_of(flows[1]) == "A:S");
  CHECK(flags_of(flows[2]) == "A:S B:A A:R");
  REQUIRE(flows[0].successor->reset);
  CHECK(flows[0].successor->reset->number == 9);
}

TEST_CASE("an ICMP error that quotes a SYN in a living connection is the new incarnation's") {
  Traffic t;
  t.handshake().a(kAck, 1, 1, 100).b(kAck, 1, 101).reuse(kNewA, kNewB).a(kSyn, 0);
  IcmpError error;
  error.source = client();
  error.destination = server();
  error.seq = Seq(kNewA);
  CHECK(t.table().add(error, FrameRef{0, 7, t.now}) == 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 2);
  REQUIRE(flows[1].icmp.size() == 1);
  CHECK(flows[1].icmp[0].seq == 0);
}

TEST_CASE("of very many incarnations at once the oldest are over, and each is handed out once, in order") {
  Traffic t;
  constexpr std::uint32_t kMany = 100;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    t.reuse(kNewA + i * 1'000'003U, kNewB - i * 777'777U).handshake().close();
    CHECK(t.last_flow() == i);
  }
  CHECK(t.done().size() >= kMany / 2);
  const auto flows = t.finish();
  REQUIRE(flows.size() == kMany);
  for (std::uint32_t i = 0; i < kMany; ++i) {
    CHECK(flows[i].incarnation == i);
    CHECK(flows[i].facts(Side::A).packets == 4);
    CHECK(flows[i].successor.has_value() == (i + 1 < kMany));
  }
}

TEST_CASE("a late segment still finds its incarnation before a few later ones") {
  Traffic t;
  t.handshake().close();
  for (std::uint32_t i = 0; i < 20; ++i)
    t.reuse(kNewA + i * 50'000'003U, kNewB - i * 30'777'777U).handshake().close();
  t.reuse(kIssA, kIssB).b(kFin | kAck, 1, 2);
  CHECK(t.last_flow() == 0);
}

TEST_CASE("too many live incarnations of a 4-tuple end the oldest, which is counted") {
  Traffic t;
  for (std::uint32_t i = 0; i < 33; ++i) t.reuse(kIssA + i * 0x1000000, kIssB + i * 0x1000000).handshake();
  CHECK(t.table().facts().incarnations_ended == 0);
  for (std::uint32_t i = 33; i < 36; ++i) t.reuse(kIssA + i * 0x1000000, kIssB + i * 0x1000000).handshake();
  CHECK(t.table().facts().incarnations_ended == 3);
  CHECK(t.finish().size() == 36);
}

TEST_CASE("how many incarnations of a 4-tuple may live is a choice, and who is ended early is marked") {
  FlowOptions options;
  options.max_incarnations = 4;
  Traffic t(options);
  for (std::uint32_t i = 0; i < 6; ++i) t.reuse(kIssA + i * 0x1000000, kIssB + i * 0x1000000).handshake();
  CHECK(t.table().facts().incarnations_ended == 1);
  const auto flows = t.finish();
  REQUIRE(flows.size() == 6);
  for (const auto& flow : flows) CHECK(flow.ended_early == (flow.number == 0));
}

TEST_CASE("SYNs in more open connections than can wait are taken for new ones, which is counted") {
  Traffic t;
  const auto port = [](std::uint32_t i) { return static_cast<std::uint16_t>(1024 + i); };
  for (std::uint32_t i = 0; i < 4100; ++i) {
    const EndpointAddress from = end("10.0.0.7", port(i));
    t.feed(segment(from, server(), kAck, 1000, 2000, 10)).feed(segment(server(), from, kAck, 2000, 1010));
  }
  for (std::uint32_t i = 0; i < 4100; ++i)
    t.feed(segment(end("10.0.0.7", port(i)), server(), kSyn, 0x40000000U + i));
  CHECK(t.table().facts().syns_not_held == 4);
}
