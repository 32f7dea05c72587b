#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kFewest = 2;

constexpr Doc kDoc{
    .id = "paws_rejected",
    .title = "Segments refused for old timestamps (PAWS)",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "two or more segments of one end bear timestamps behind one that the other end had taken, and it "
        "answers by an ACK that echoes the later one and takes nothing of them",
    .what =
        "With TCP timestamps a receiver remembers the latest one that it took in order, and drops whatever "
        "bears an older one as a leftover of the past (PAWS, protection against wrapped sequence numbers). "
        "It answers by an ACK. Here what it drops is new: the sender's timestamps went back, so all that it "
        "sends is thrown away on arrival, and it sends it again until its clock has caught up or somebody "
        "gives up. It looks like loss and is none: the segments arrive.",
    .how_known =
        "The answer echoes, in TSecr, a timestamp that is ahead of the segment's own by two ticks or more "
        "and "
        "that this sender had sent before; it does not acknowledge the segment's data, or its sender goes on "
        "sending what the segment acknowledges. RFC 7323 says that such a segment must be dropped. Segments "
        "that had been acknowledged before, as late duplicates are, do not count.",
    .causes =
        "A middlebox that writes timestamps of its own and was restarted, or gave the connection to its "
        "other half of a cluster. A virtual machine or container moved or resumed from a snapshot with its "
        "connections. A proxy or NAT that lets several hosts into one connection. A forged segment with a "
        "timestamp far ahead.",
    .confirm =
        "On the receiver, nstat -az TcpExtPAWSEstab grows with each segment dropped. ss -tino on the sender "
        "shows retransmissions and backoff. Compare TSval at the sender and at the receiver: if they differ, "
        "something on the way rewrites them.",
    .remedy =
        "Update or bypass the device that sets timestamps back. As a way round, "
        "net.ipv4.tcp_timestamps=0 on one end for new connections: it costs round-trip measurement during "
        "loss and PAWS itself, which fast transfers need.",
    .bad_advice =
        "Looking for packet loss, or tuning the retransmission timer: nothing is lost on the way. "
        "net.ipv4.tcp_tw_recycle: it made such trouble, and is gone since Linux 4.12.",
    .rfc = "RFC 7323 5.3, 5.5",
    .wireshark = "TCP Retransmission and TCP Dup ACK",
};

constexpr Example kExamples[] = {
    {"The client's clock goes back, and none of its resends is taken", R"(
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
finding paws_rejected frame 7 frame 8 frame 11 frame 12 endpoint client severity warning certainty certain count 3
)"},
    {"Acknowledgments are refused, and the server sends all again", R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1        <TS val 900100 ecr 500000>
+.01  A < B  .  1:1449(1448) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 1449     <TS val 900120 ecr 500100>
+.01  A < B  .  1449:2897(1448) ack 101 <TS val 500120 ecr 900120>
+.01  A > B  .  101:101(0) ack 2897     <TS val 700 ecr 500120>
+.22  A < B  .  1449:2897(1448) ack 101 <TS val 500340 ecr 900120>
+.01  A > B  .  101:101(0) ack 2897     <TS val 930 ecr 500340>
+.44  A < B  .  1449:2897(1448) ack 101 <TS val 500780 ecr 900120>
finding paws_rejected frame 8 frame 10 endpoint client count 2
)"},
    {"A late duplicate of what was taken long ago", R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 101        <TS val 500100 ecr 900100>
+.10  A > B  P. 101:201(100) ack 1    <TS val 900210 ecr 500100> id 12
+.01  A < B  .  1:1(0) ack 201        <TS val 500210 ecr 900210>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 201        <TS val 500320 ecr 900210>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000> id 11
+.01  A < B  .  1:1(0) ack 201        <TS val 500430 ecr 900210>
no finding
)",
     true},
    {"Loss: the answers echo what came before the hole", R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10   A > B  .  1:1449(1448) ack 1    <TS val 900100 ecr 500000>
+.0001 A > B  .  1449:2897(1448) ack 1 <TS val 900100 ecr 500000> !lost
+.0001 A > B  .  2897:4345(1448) ack 1 <TS val 900101 ecr 500000>
+.01   A < B  .  1:1(0) ack 1449       <TS val 500110 ecr 900100>
+.0001 A < B  .  1:1(0) ack 1449       <TS val 500110 ecr 900100>
+.25   A > B  .  1449:2897(1448) ack 1 <TS val 900360 ecr 500110> !lost
+.50   A > B  .  1449:2897(1448) ack 1 <TS val 900860 ecr 500110>
+.01   A < B  .  1:1(0) ack 4345       <TS val 500880 ecr 900860>
no finding
)",
     true},
    {"A device rewrites the sender's timestamps, and not the echo", R"(
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
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const PawsFacts& paws = context.transfer->marks[index(side)].paws;
  if (paws.refused.count() < kFewest) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, paws.refused);
  finding.count = paws.refused.count();
  const std::string who(role(context.flow, side)), peer(role(context.flow, other(side)));
  finding.summary = "The " + peer + " refused " + count_text(paws.refused.count(), "segment") + " of the " +
                    who + " for old timestamps (PAWS): they lie up to " + number_text(paws.most_behind) +
                    " ticks behind the one it had taken. They did arrive; nothing is lost on the way.";
  prove(finding, "most_ticks_behind", paws.most_behind);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector paws_rejected{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
