#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "keepalive",
    .title = "Keep-alive probes",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when =
        "probes (one byte or none, at SND.NXT-1, idle before, and the peer's window was not 0) that are "
        "answered; interval told",
    .what =
        "An endpoint had SO_KEEPALIVE on and probed its idle peer. As long as the peer answers nothing is "
        "wrong: the probes show that both hosts and the path between them still know the connection, and "
        "keep middleboxes from forgetting it.",
    .how_known =
        "A segment of one octet or none at SND.NXT-1, an octet that the peer has acknowledged already, after "
        "idle time, while the peer's window is not 0. Any host that knows the connection must answer it with "
        "an ACK.\n\n"
        "With the window at 0 the same segment is a window probe. An octet that was a segment of its own and "
        "is retransmitted before it is acknowledged, or within the time of a retransmission timeout, is a "
        "retransmission. After a keep-alive of one octet sent long after such a segment these cannot be told "
        "apart for certain.",
    .causes =
        "Applications that set SO_KEEPALIVE (databases, SSH, message brokers, load balancers, HTTP clients "
        "with connection pools), with the host's times or their own.",
    .confirm =
        "ss -to shows timer:(keepalive,time,count). sysctl net.ipv4.tcp_keepalive_time "
        "net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes are the host's times (7200 s, 75 s, 9); "
        "TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT replace them for one socket. nstat -az "
        "TcpExtTCPKeepAlive counts probes sent.",
    .remedy =
        "None needed. Where many thousand idle connections probe every few seconds, a longer idle time saves "
        "packets and the batteries of mobile peers; it must stay below the shortest idle timeout on the "
        "path.",
    .bad_advice =
        "A keep-alive is not a retransmission, and none has to be 'fixed'. It is not the Keep-Alive of HTTP "
        "either, which only says that a connection is used more than once.",
    .rfc = "RFC 9293 3.8.4; RFC 1122 4.2.3.6",
    .wireshark = "TCP Keep-Alive, TCP Keep-Alive ACK",
};

constexpr Example kExamples[] = {
    {"Probes without an octet, answered", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+10   A > B  .  100:100(0) ack 101
+.01  A < B  .  101:101(0) ack 101
+10   A > B  .  100:100(0) ack 101
+.01  A < B  .  101:101(0) ack 101
finding keepalive frame 7 frame 9 endpoint client severity info count 2
)"},
    {"Probes with one octet", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+30   A > B  .  100:101(1) ack 1
+.01  A < B  .  1:1(0) ack 101
finding keepalive frame 6 endpoint client count 1
)"},
    {"An octet written alone is retransmitted", R"(
handshake
+.10  A > B  P. 1:2(1) ack 1  !lost
+.25  A > B  P. 1:2(1) ack 1  !lost
+.50  A > B  P. 1:2(1) ack 1  !lost
+1    A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
no finding
)",
     true},
    {"The ACK of an octet written alone is lost", R"(
handshake
+.10  A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2  !lost
+.90  A > B  P. 1:2(1) ack 1
+.01  A < B  .  1:1(0) ack 2
no finding
)",
     true},
    {"A probe into a closed window", R"(
handshake <mss 1460>
+.10  A > B  .  1:1461(1460) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
+2    A > B  .  1460:1460(0) ack 1
+.01  A < B  .  1:1(0) ack 1461 win 0
no finding
)",
     true},
    {"Probes of one direction that back off: of a window that may be closed", R"(
+0    A > B  .  1:1449(1448) ack 1
+.40  A > B  .  1448:1448(0) ack 1
+.80  A > B  .  1448:1448(0) ack 1
+1.6  A > B  .  1448:1448(0) ack 1
+3.2  A > B  .  1448:1448(0) ack 1
no finding
)",
     true},
    {"An ACK that comes after the octet it preceded", R"(
handshake
+.10   A < B  P. 1:101(100) ack 1
+.01   A > B  P. 1:2(1) ack 101
+.0001 A > B  .  1:1(0) ack 101
+.01   A < B  .  101:101(0) ack 2
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const ProbeResults& facts = context.transfer->probes[index(side)];
  const std::uint64_t sent = facts.keepalives.count();
  if (sent == 0) return;
  const bool steady = facts.longest_step_ns - facts.shortest_step_ns < facts.longest_step_ns / 10;
  // Probes of a closed window back off; whether it was closed only the other direction tells.
  if (flow.one_sided() && !steady) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.keepalives);
  finding.count = sent;
  finding.summary = "The " + std::string(role(flow, side)) + " sent " + count_text(sent, "keep-alive probe") +
                    " after " + duration_text(facts.idle_ns) + " of idle time";
  if (facts.longest_step_ns > 0) {
    finding.summary += steady ? ", " + duration_text(facts.longest_step_ns) + " apart"
                              : ", " + duration_text(facts.shortest_step_ns) + " to " +
                                    duration_text(facts.longest_step_ns) + " apart";
  }
  finding.summary += flow.one_sided()         ? "; the direction of the answers was not captured."
                     : facts.answered == sent ? "; all were answered."
                     : facts.answered == 0 ? facts.reset_by_peer ? "; it met a RST." : "; none was answered."
                                           : "; " + std::to_string(facts.answered) + " were answered.";
  prove(finding, "probes", sent);
  prove(finding, "answered", facts.answered);
  prove(finding, "idle_ns", facts.idle_ns);
  if (facts.longest_step_ns > 0) {
    prove(finding, "shortest_interval_ns", facts.shortest_step_ns);
    prove(finding, "longest_interval_ns", facts.longest_step_ns);
  }
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector keepalive{.doc = kDoc,
                                .examples = kExamples,
                                .examine_end = &examine_end,
                                .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
