#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "tiny_segments",
    .title = "Tinygrams: small segments back to back",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "50 or more data segments of under 100 bytes sent back to back inside one RTT: many small writes "
        "with TCP_NODELAY",
    .what =
        "The endpoint sent 50 or more segments of under 100 octets each within one round trip: the "
        "application "
        "writes in small pieces with TCP_NODELAY, and each piece becomes a packet with 40 octets or more of "
        "headers. Both hosts pay for every packet, and the path's packet rate is used up long before its "
        "bandwidth.",
    .how_known =
        "Fifty or more new data segments of one endpoint, each under 100 octets, none larger between them, "
        "no "
        "pause between two of them over an eighth of the round trip, and all inside one round trip between "
        "both hosts as measured on this connection. With Nagle's algorithm only one of them could have been "
        "unacknowledged at a time.",
    .causes =
        "A program that writes field by field, or character by character, on a socket with TCP_NODELAY: "
        "unbuffered output, a serializer on top of the bare socket, a logging or telemetry client that "
        "flushes "
        "after each record. A relay that passes on each small read at once.",
    .confirm =
        "strace -c -e trace=write,send,sendto,sendmsg -p PID on the sender: many calls with few octets. ss "
        "-tino: data_segs_out against bytes_sent gives the octets of a segment.",
    .remedy =
        "Gather the pieces before they are written: a buffered stream with a flush at the end of the "
        "message, "
        "writev(), or MSG_MORE on all parts but the last (which must then be sent). It costs a buffer, and "
        "delays nothing if the flush comes at the message's end. Keep TCP_NODELAY.",
    .bad_advice =
        "Only taking TCP_NODELAY off: Nagle's algorithm then holds the second piece until the first is "
        "acknowledged, and with delayed ACKs that is 40 to 200 ms (nagle_delay). A larger MTU does nothing "
        "for "
        "segments that are not full.",
    .rfc = "RFC 9293 3.7.4; RFC 896 (the small-packet problem)",
};

constexpr Example kExamples[] = {
    {"Sixty writes of ten octets in a few milliseconds, on a path of 40 ms", R"(
+0    A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.040 A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+0    A > B  .  1:1(0) ack 1
+.10    A > B  P. 1:11(10) ack 1
repeat 59 {
+.0002  A > B  P. 11:21(10) ack 1
}
+.040  A < B  .  1:1(0) ack 601
finding tiny_segments frame 4 frame 63 endpoint client severity note certainty certain count 60
)"},
    {"Fifty octets, one at a time", R"(
handshake
+.10    A > B  P. 1:2(1) ack 1
repeat 49 {
+.0001  A > B  P. 2:3(1) ack 1
}
+.020  A < B  .  1:1(0) ack 51
finding tiny_segments frame 4 frame 53 endpoint client count 50
)"},
    {"Forty-nine of them", R"(
handshake
+.10    A > B  P. 1:11(10) ack 1
repeat 48 {
+.0001  A > B  P. 11:21(10) ack 1
}
+.020  A < B  .  1:1(0) ack 491
no finding
)",
     true},
    {"Sixty small segments spread over several round trips", R"(
handshake
+.10    A > B  P. 1:11(10) ack 1
repeat 59 {
+.0018  A > B  P. 11:21(10) ack 1
}
+.020  A < B  .  1:1(0) ack 601
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SmallSendResults& facts = context.transfer->small_sends[index(side)];
  const Incidents& bursts = facts.tiny_bursts;
  if (!bursts) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, bursts);
  finding.count = facts.tiny_segments;
  finding.summary = "The " + std::string(role(flow, side)) + " sent " +
                    count_text(facts.tiny_segments, "segment") + " of " +
                    std::to_string(facts.tiny_bytes / facts.tiny_segments) +
                    " octets on average back to back, in " + count_text(bursts.count(), "burst") +
                    " of a round trip or less.";
  prove(finding, "segments", facts.tiny_segments);
  prove(finding, "octets", facts.tiny_bytes);
  prove(finding, "bursts", bursts.count());
  prove(finding, "longest_burst_ns", bursts.longest_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector tiny_segments{.doc = kDoc,
                                    .examples = kExamples,
                                    .examine_end = &examine_end,
                                    .needs = Needs::Transfer | Needs::SmallSends};
}

}  // namespace tcpautopsy
