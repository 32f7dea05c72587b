#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "ack_loop",
    .title = "ACK storm (ACK loop)",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "both ends answer each other's empty ACKs with empty ACKs, 20 or more at round-trip pace, since each "
        "holds the other's numbers for wrong",
    .what =
        "Neither end sends data, yet each answers every ACK of the other with one of its own, and none says "
        "anything new. Each takes the other's segment for unacceptable, since its sequence number lies "
        "outside "
        "the window, and must answer with an ACK of what it expects (RFC 9293 3.10.7.4); the other end finds "
        "that one unacceptable in turn.\n\n"
        "The loop runs as fast as the path allows, takes processor time at both ends and on all between "
        "them, "
        "and ends only when a packet is lost or a host gives up. The connection is dead: the two ends "
        "disagree "
        "about what was sent.",
    .how_known =
        "Twenty or more empty ACKs in a row, each from the other end than the one before and at most 300 ms "
        "after it, and each with the same sequence and acknowledgment number as the one before from that "
        "end. "
        "Keep-alives and their answers are seconds apart; duplicate ACKs come from one end.",
    .causes =
        "A middlebox that rewrote the sequence numbers and lost its state, or a failover of a load balancer, "
        "a "
        "NAT or a virtual address in the middle of the connection. An end restored from a snapshot or a "
        "checkpoint, or moved (live migration, TCP_REPAIR) with old numbers. A forged segment that one end "
        "believed (RFC 5961). A faulty stack: keep-alives and their answers that each take for out of "
        "window.",
    .confirm =
        "nstat -az TcpExtTCPACKSkippedSeq TcpExtTCPACKSkippedChallenge TcpExtTCPChallengeACK grow at a Linux "
        "end. ss -tino at both ends and compare bytes_acked of one with bytes_received of the other. "
        "Captures "
        "at both ends show whether the numbers are changed on the way.",
    .remedy =
        "Close the connection at one end (ss -K), then find what moved or rewrote it: switch off sequence "
        "number randomisation on the firewall, or keep its state over a failover. Linux answers at most once "
        "in net.ipv4.tcp_invalid_ratelimit milliseconds (500), which ends such loops: keep it above 0; it "
        "costs nothing but delayed answers to stray packets.",
    .bad_advice =
        "Keep-alives and longer timeouts keep such a connection alive, they do not mend it. It is no flood: "
        "blocking either address stops all its other connections too.",
    .rfc = "RFC 9293 3.10.7.4; RFC 5961 5, 7",
    .wireshark = "TCP Dup ACK",
};

constexpr Example kExamples[] = {
    {"Each finds the other's numbers out of window", R"(
repeat 12 {
+.001  A > B  .  1:1(0) ack 1
+.001  A < B  .  90001:90001(0) ack 2
}
finding ack_loop frame 1 frame 24 severity warning count 1
)"},
    {"After a transfer, over IPv6 and a path of 40 ms", R"(
ends A [2001:db8::1]:40000 B [2001:db8::2]:80
handshake
+.10   A > B  P. 1:101(100) ack 1
+.02   A < B  .  1:1(0) ack 101
repeat 15 {
+.02   A > B  .  101:101(0) ack 1
+.02   A < B  .  5000:5000(0) ack 101
}
finding ack_loop
)"},
    {"Each ACK captured twice, before and behind a router, over IPv6", R"(
ends A [2001:db8::1]:40000 B [2001:db8::2]:80
repeat 12 {
+.001    A > B  .  1:1(0) ack 1          ttl 64
+.00002  A > B  .  1:1(0) ack 1          ttl 63
+.001    A < B  .  90001:90001(0) ack 2  ttl 60
+.00002  A < B  .  90001:90001(0) ack 2  ttl 59
}
finding ack_loop severity warning count 1
)"},
    {"Keep-alives and their answers, a second apart", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.02   A < B  .  1:1(0) ack 101
repeat 15 {
+1     A > B  .  100:100(0) ack 1
+.02   A < B  .  1:1(0) ack 101
}
no finding
)",
     true},
    {"Duplicate ACKs of one end", R"(
handshake
+.10   A < B  .  1:1461(1460) ack 1  !lost
repeat 25 {
+.001  A > B  .  1:1(0) ack 1
}
no finding
)",
     true},
    {"Window updates both ways", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
repeat 12 {
+.01   A < B  P. 1:11(10) ack 101
+.01   A > B  .  101:101(0) ack 11
}
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const Incidents& loops = context.transfer->ack_loops;
  if (!loops) return;
  Finding finding = make_finding(kDoc, context.flow, std::nullopt);
  cite(finding, loops);
  finding.count = loops.count();
  finding.summary = "Both ends answered each other's empty ACKs with empty ACKs, " +
                    std::to_string(context.transfer->looped_acks) + " in " + duration_text(loops.total_ns()) +
                    ": each holds the other's numbers for wrong.";
  prove(finding, "acks", context.transfer->looped_acks);
  prove(finding, "loop_ns", loops.total_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector ack_loop{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
