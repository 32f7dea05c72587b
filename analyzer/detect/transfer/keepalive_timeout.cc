#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "keepalive_timeout",
    .title = "Keep-alive timeout",
    .severity = Severity::Error,
    .phase = "Transfer",
    .said_when = "probes unanswered until RST or silence",
    .what =
        "An endpoint probed its idle peer and got no answer, until it gave up the connection. Its "
        "application gets an error (ETIMEDOUT); the peer, if it still lives, hears nothing of it unless the "
        "RST arrives.\n\n"
        "The connection was dead before: the probes only found it out.",
    .how_known =
        "Keep-alive probes (an octet or none at SND.NXT-1 after idle time) with nothing from the peer after "
        "them, and then either a RST from the prober an interval after the last one, as Linux sends when it "
        "gives up, or no further probe although one was due.\n\n"
        "Whether the probes or all their answers were lost one capture point does not tell. It is not said "
        "where only one direction was captured.",
    .causes =
        "The peer's host went away without closing: power, crash, a virtual machine stopped or moved, a "
        "laptop asleep, a mobile that changed its network. A firewall or NAT forgot the connection and drops "
        "what it does not know; if so, the idle time before the first probe is longer than its timeout. A "
        "route or cable broke.",
    .confirm =
        "On the prober: nstat -az TcpExtTCPKeepAlive TcpExtTCPAbortOnTimeout. On the peer: does ss still "
        "show the connection, and how long has the host been up? On the path: the firewall's idle timeout "
        "(conntrack -L; sysctl net.netfilter.nf_conntrack_tcp_timeout_established) and its log of packets "
        "without state. A capture at the peer shows whether the probes arrive.",
    .remedy =
        "If a middlebox forgets: probe sooner than it does (TCP_KEEPIDLE on the socket, or "
        "net.ipv4.tcp_keepalive_time), at the price of a packet each way for each idle connection and "
        "period, or raise the timeout there. If hosts go away, the probes did their work: reconnect.",
    .bad_advice =
        "Switching keep-alives off does not save the connection: it only takes longer until somebody "
        "notices, for ever if nothing is sent. More probes help only against loss, not against a peer that "
        "is gone.",
    .rfc = "RFC 9293 3.8.4; RFC 1122 4.2.3.6; RFC 5482",
    .wireshark = "TCP Keep-Alive",
};

constexpr Example kExamples[] = {
    {"Two probes unanswered, then RST", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+10   A > B  .  100:100(0) ack 101  !lost
+5    A > B  .  100:100(0) ack 101  !lost
+5    A > B  R. 101:101(0) ack 101  !lost
end +10
finding keepalive_timeout frame 7 frame 8 frame 9 endpoint client severity error certainty certain count 2
)"},
    {"Three probes, then silence", R"(
handshake
+.10  A < B  P. 1:101(100) ack 1
+.01  A > B  .  1:1(0) ack 101
+10   A < B  .  100:101(1) ack 1
+.01  A > B  .  1:1(0) ack 101
+10   A < B  .  100:101(1) ack 1  !lost
+5    A < B  .  100:101(1) ack 1  !lost
+5    A < B  .  100:101(1) ack 1  !lost
end +30
finding keepalive_timeout frame 8 frame 9 frame 10 endpoint server count 3
no finding peer_unresponsive
)"},
    {"A lost probe, the next is answered", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  .  100:100(0) ack 1  !lost
+5    A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101
end +30
no finding
)",
     true},
    {"The capture ends before the next probe is due", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  .  100:100(0) ack 1  !lost
+5    A > B  .  100:100(0) ack 1  !lost
end +2
no finding
)",
     true},
    {"Only the prober's direction was captured", R"(
+0    A > B  S  0:0(0)        <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>  !unseen
+.01  A > B  .  1:1(0) ack 1
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101  !unseen
+10   A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101  !unseen
+10   A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101  !unseen
end +30
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const auto& met = context.verdicts.silences[index(side)].probes;
  if (!met) return;
  const ProbeResults& facts = context.transfer->probes[index(side)];
  const std::uint64_t count = facts.unanswered.count();
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, facts.unanswered);
  if (met->by_reset) cite(finding, facts.reset);
  finding.count = count;
  if (count < 2) finding.certainty = Certainty::Likely;
  finding.summary = "The " + std::string(role(flow, side)) + " sent " +
                    count_text(count, "keep-alive probe") + " that nothing answered";
  if (met->by_reset) {
    finding.summary += ", and reset the connection " + duration_text(met->waited_ns) + " after the first.";
  } else {
    finding.summary += ", and then fell silent; " + duration_text(met->waited_ns) + " from the first to " +
                       std::string(watch_end_text(context.verdicts)) + ".";
  }
  prove(finding, "unanswered", count);
  prove(finding, "answered_before", facts.answered);
  prove(finding, "waited_ns", met->waited_ns);
  prove(finding, "idle_ns", facts.idle_ns);
  prove(finding, "reset", met->by_reset);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector keepalive_timeout{.doc = kDoc,
                                        .examples = kExamples,
                                        .examine_end = &examine_end,
                                        .needs = Needs::Transfer | Needs::Silence};
}

}  // namespace tcpautopsy
