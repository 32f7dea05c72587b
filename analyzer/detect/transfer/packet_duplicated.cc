#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "packet_duplicated",
    .title = "Packet duplicated in transit",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when =
        "a lone packet seen twice, alike to the IP ID or in seq, ack, TSval and checksum, and the sender "
        "did not send it twice. Most packets of an interface or host pair duplicated is a capture duplicate: "
        "said once, scope C, and dropped",
    .what =
        "The same packet passed the capture point twice, and its sender had sent it once: the network "
        "duplicated it. The receiver drops the second; with SACK it reports it (DSACK).\n\n"
        "If most packets of a host pair come twice, the capture duplicated them (a mirror port that sees "
        "both "
        "ways in and out, or a capture on several interfaces). That is said once for the capture, and the "
        "second packets are left out of everything.\n\n"
        "A capture on both sides of an address translation (NAT, a service address in front of containers) "
        "shows each connection twice under other addresses. The later one is named as a copy of the first: "
        "what is told of both counts once, as does the connection for its hosts and services. Where one "
        "side has packets that the other has not, what is told of that side only stands.",
    .how_known =
        "Both are alike in sequence number, acknowledgment, length, window and checksum, and to the IP ID, "
        "or where there is none to the TSval, which a sender that repeats itself would have moved on. Lone "
        "packets are taken for duplicated by the network. A NAT leaves all of these alone but the addresses "
        "and the checksum: SYN, SYN-ACK or the first data captured of two connections that have one end in "
        "common are alike within 10 ms, and of no others.",
    .causes =
        "Wi-Fi, whose lost acknowledgments make the link layer repeat a frame. A loop of bridges for a "
        "moment, or an unknown-unicast flood that reaches the capture twice. Redundancy protocols (PRP, "
        "HSR) without removal of duplicates. A mirror port that overlaps another one for some traffic.",
    .confirm =
        "nstat -az TcpExtTCPDSACKOldSent TcpExtTCPDSACKRecv. TTL: copies that took another way differ in it. "
        "Capture nearer to the sender and look whether the second is there.",
    .remedy = "None for single packets. For many: find the loop or the second mirror session.",
    .bad_advice = "These are no retransmissions: nothing was lost, and the sender need not be slowed down.",
    .rfc = "RFC 2883 4; RFC 9293 3.10.7.4",
    .wireshark = "TCP Retransmission, TCP Dup ACK, TCP Spurious Retransmission",
};

constexpr Example kExamples[] = {
    {"A data packet, duplicated within a millisecond", R"(
handshake
+.10    A > B  P. 1:101(100) ack 1 id 4711
+.0003  A > B  P. 1:101(100) ack 1 id 4711
+.01    A < B  P. 1:301(300) ack 101
+.01    A > B  P. 101:201(100) ack 301
+.01    A < B  P. 301:601(300) ack 201
+.01    A > B  .  201:201(0) ack 601
finding packet_duplicated frame 5 endpoint client severity info count 1
)"},
    {"A copy that comes 30 ms later by another way", R"(
handshake <mss 1460,sackOK,TS>
+.10  A > B  P. 1:101(100) ack 1 id 4711 <TS val 500 ecr 10>
+.01  A < B  .  1:1(0) ack 101
+.01  A > B  P. 101:201(100) ack 1 id 4712 <TS val 520 ecr 20>
+.01  A > B  P. 1:101(100) ack 1 id 4711 <TS val 500 ecr 10>
+.01  A < B  .  1:1(0) ack 201
finding packet_duplicated frame 7 endpoint client count 1
)"},
    {"Retransmitted by the timer", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1 id 4711  !lost
+.22  A > B  P. 1:101(100) ack 1 id 4712
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"Every packet is captured twice: told once for the capture", R"(
handshake
+.10     A > B  P. 1:101(100) ack 1 id 10
+.00001  A > B  P. 1:101(100) ack 1 id 10
+.01     A < B  .  1:1(0) ack 101 id 20
+.00001  A < B  .  1:1(0) ack 101 id 20
+.01     A > B  P. 101:201(100) ack 1 id 11
+.00001  A > B  P. 101:201(100) ack 1 id 11
+.01     A < B  .  1:1(0) ack 201 id 21
+.00001  A < B  .  1:1(0) ack 201 id 21
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& copies = context.verdicts.copies[index(side)];
  const Incidents* const duplicates =
      context.transfer != nullptr ? &context.transfer->retransmissions[index(side)].duplicates : nullptr;
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.count = copies.size();
  if (duplicates != nullptr && *duplicates) {
    cite(finding, *duplicates);
    finding.count += duplicates->count();
  }
  if (finding.count == 0) return;
  for (const FrameRef& copy : copies) cite(finding, copy);
  finding.summary = count_text(finding.count, "packet") + " of the " + std::string(role(context.flow, side)) +
                    " passed twice though sent once.";
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector packet_duplicated{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Disorder};
}

}  // namespace tcpautopsy
