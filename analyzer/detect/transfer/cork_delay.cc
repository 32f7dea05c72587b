#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kFewest = 2;

constexpr Doc kDoc{
    .id = "cork_delay",
    .title = "Delay by TCP_CORK or MSG_MORE",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "a partial segment sent about 200 ms after its predecessor with nothing unacknowledged (TCP_CORK, "
        "MSG_MORE), twice or more",
    .what =
        "After full segments the endpoint sent a partial one about 200 ms late, though nothing was "
        "unacknowledged and the window was open. So the segment was held back by the sender's own TCP: the "
        "application had said that more would come (TCP_CORK, MSG_MORE), and never said that it was all.",
    .how_known =
        "A full segment is sent and acknowledged; nothing comes from the peer; the next segment is a partial "
        "one, 190 to 240 ms (and a round trip) after its sender could have sent it: Linux sends a corked "
        "remainder when its timer of one retransmission timeout, at least 200 ms, runs out. A full segment "
        "would have fitted into the window. Said of two or more, if no more partial segments follow full "
        "ones "
        "at another pace.\n\n"
        "An application that pauses for 200 ms before the last part of each message looks the same.",
    .causes =
        "TCP_CORK set and not taken off at the end of a message. MSG_MORE or splice with SPLICE_F_MORE on "
        "the "
        "last write. sendfile() after a corked header, where the uncork is missing on one code path. A web "
        "server with tcp_nopush and a backend or filter that does not flush.",
    .confirm =
        "strace -tt -e trace=setsockopt,sendto,sendmsg,sendfile,splice -p PID on the sender: TCP_CORK "
        "without "
        "a later TCP_CORK 0, or MSG_MORE in the last call before a pause. ss -tnm shows octets in the send "
        "queue meanwhile, though nothing is unacknowledged.",
    .remedy =
        "Take TCP_CORK off as soon as the message is complete, and leave MSG_MORE out of the last write. It "
        "costs one system call. Setting TCP_NODELAY on the corked socket also pushes what is held, once.",
    .bad_advice =
        "Setting TCP_NODELAY once at the start: TCP_CORK goes before it, and the remainder waits all the "
        "same. "
        "Lowering the retransmission timeout (ip route ... rto_min) shortens the wait and brings needless "
        "resends to every connection of that route.",
    .rfc = "RFC 9293 3.8.6.2.1 (a sender may send a partial segment after a timeout); Linux tcp(7), send(2)",
};

constexpr Example kExamples[] = {
    {"Two answers whose last part comes 200 ms late", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1461(1460) ack 101
+.0001 A < B  .  1461:2921(1460) ack 101
+.0001 A > B  .  101:101(0) ack 2921
+.215  A < B  P. 2921:3221(300) ack 101
+.0001 A > B  P. 101:201(100) ack 3221
+.01   A < B  .  3221:4681(1460) ack 201
+.0001 A < B  .  4681:6141(1460) ack 201
+.0001 A > B  .  201:201(0) ack 6141
+.216  A < B  P. 6141:6441(300) ack 201
+.0001 A > B  .  201:201(0) ack 6441
finding cork_delay frame 6 frame 8 frame 11 frame 13 endpoint server severity note certainty likely count 2
)"},
    {"Captured at the sender of the corked data", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.030  A < B  S. 0:0(0) ack 1 win 64000 <mss 1460,sackOK>
+.0001 A > B  .  1:1(0) ack 1
+.10   A > B  .  1:1461(1460) ack 1
+.0300 A < B  .  1:1(0) ack 1461
+.231  A > B  P. 1461:1961(500) ack 1
+.0300 A < B  .  1:1(0) ack 1961
+.10   A > B  .  1961:3421(1460) ack 1
+.0300 A < B  .  1:1(0) ack 3421
+.232  A > B  P. 3421:3521(100) ack 1
finding cork_delay frame 4 frame 6 frame 8 frame 10 endpoint client count 2
)"},
    {"Small messages every 200 ms", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.0203 A < B  .  1:1(0) ack 101
+.1797 A > B  P. 101:201(100) ack 1
+.0203 A < B  .  1:1(0) ack 201
+.1797 A > B  P. 201:301(100) ack 1
+.0203 A < B  .  1:1(0) ack 301
+.1797 A > B  P. 301:401(100) ack 1
no finding
)",
     true},
    {"The remainder waits for the window, not for its application", R"(
+0     A > B  S  0:0(0) win 64000 <mss 1460,sackOK>
+.01   A < B  S. 0:0(0) ack 1 win 1960 <mss 1460,sackOK>
+.01   A > B  .  1:1(0) ack 1
+.10   A > B  .  1:1461(1460) ack 1
+.020  A < B  .  1:1(0) ack 1461 win 500
+.222  A > B  P. 1461:1961(500) ack 1
+.020  A < B  .  1:1(0) ack 1961 win 1960
+.10   A > B  .  1961:3421(1460) ack 1
+.020  A < B  .  1:1(0) ack 3421 win 500
+.222  A > B  P. 3421:3921(500) ack 1
no finding
)",
     true},
    {"One pause of 200 ms, others of any length", R"(
handshake
+.10   A > B  .  1:1461(1460) ack 1
+.020  A < B  .  1:1(0) ack 1461
+.212  A > B  P. 1461:1561(100) ack 1
+.020  A < B  .  1:1(0) ack 1561
+.10   A > B  .  1561:3021(1460) ack 1
+.020  A < B  .  1:1(0) ack 3021
+.480  A > B  P. 3021:3121(100) ack 1
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SmallSendResults& facts = context.transfer->small_sends[index(side)];
  const Incidents& corked = facts.corked;
  if (corked.count() < kFewest || corked.count() < facts.not_corked) return;
  Finding finding = make_finding(kDoc, flow, side);
  finding.certainty = Certainty::Likely;
  cite(finding, corked);
  finding.count = corked.count();
  finding.summary = "The " + std::string(role(flow, side)) + " sent the partial last segment of a message " +
                    times_text(corked.count()) + " about 200 ms late with nothing unacknowledged; " +
                    duration_text(corked.total_ns()) + " lost in all.";
  prove(finding, "delays", corked.count());
  prove(finding, "lost_ns", corked.total_ns());
  prove(finding, "longest_ns", corked.longest_ns());
  prove(finding, "partial_segments_at_another_pace", facts.not_corked);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector cork_delay{.doc = kDoc,
                                 .examples = kExamples,
                                 .examine_end = &examine_end,
                                 .needs = Needs::Transfer | Needs::SmallSends};
}

}  // namespace tcpautopsy
