#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "handshake_ack_missing",
    .title = "SYN-ACK retransmitted, no ACK seen",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when = "SYN-ACK repeated and no ACK ever passed T",
    .what =
        "The server answered the SYN and repeated its SYN-ACK; the client neither acknowledged it, nor "
        "reset it, nor retransmitted its SYN. The server holds a half-open entry meanwhile, one place of its "
        "SYN backlog.\n\n"
        "A client that had missed the SYN-ACK would retransmit its SYN (syn_ack_lost). One that had "
        "received it would answer each copy. Silence on both counts means that its answers do not come "
        "this way, or that there is no such client.",
    .how_known =
        "Two or more SYN-ACKs of one sequence number, no segment of the client after its SYN, and segments "
        "of the client do pass the capture point (its SYN did). One repeat that stays the only one is told "
        "by half_open_abandoned alone. Not said where only the server's direction was captured.\n\n"
        "Answers that take another route past the capture point, answers dropped before it, and a forged "
        "source address look the same here; a capture at the server tells the first from the others.",
    .causes =
        "Asymmetric routing: the client's ACK goes through another device than its SYN did. A firewall or "
        "NAT that passes the SYN and drops what follows. Forged source addresses (SYN flood, backscatter "
        "of a reflection). A client that lost power or address just after its SYN.",
    .confirm =
        "On the server: ss -tan state syn-recv, and whether the connection becomes ESTABLISHED there "
        "although no ACK shows here; nstat -az TcpExtTCPTimeouts TcpExtTCPReqQFullDoCookies "
        "TcpExtSyncookiesSent. Capture at the client for its ACK; compare TTLs of SYN and of other packets "
        "from that address.",
    .remedy =
        "Make both directions of a connection pass the same stateful device. For floods see syn_flood. "
        "net.ipv4.tcp_synack_retries of 2 or 3 in place of 5 frees half-open entries in 7 or 15 s in place "
        "of 63 s; clients on very lossy paths then fail to connect.",
    .bad_advice =
        "More backlog does not bring ACKs. SYN cookies protect the server from running out of entries; "
        "they repair no path.",
    .rfc = "RFC 9293 3.5, 3.8.3, 3.10.8; RFC 4987",
    .wireshark = "TCP Retransmission (on SYN, ACK)",
};

constexpr Example kExamples[] = {
    {"Repeated until the end of its tries", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+4    A < B  S.  0:0(0) ack 1  <mss 1460>
end +30
finding handshake_ack_missing frame 2 frame 5 endpoint server severity warning count 3
)"},
    {"The server resets it when its tries are over", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.05  A < B  S.  0:0(0) ack 1  <mss 1460>
+7    A < B  S.  0:0(0) ack 1  <mss 1460>
+14   A < B  S.  0:0(0) ack 1  <mss 1460>
+14   A < B  R.  1:1(0) ack 1
finding handshake_ack_missing frame 2 frame 4 endpoint server severity warning count 2
)"},
    {"Repeated once when the capture ends", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
end +1
finding handshake_ack_missing frame 2 frame 3 endpoint server count 1
)"},
    {"The ACK comes after the repeat", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
    {"The capture ends before the repeat could be answered", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
end +.02
no finding
)",
     true},
    {"The client retransmits its SYN: the SYN-ACK is what is lost", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
+.01  A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>  !lost
no finding
)",
     true},
    {"Only the server's direction was captured", R"(
+0    A > B  S   0:0(0)        <mss 1460>  !unseen
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
end +60
no finding
)",
     true},
    {"Reset by the client", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  R   1:1(0)
no finding
)",
     true},
};

// The ACK of a single repeat may be on its way when the capture ends.
constexpr TimeNs kAnswerDue = kSecond / 2;

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const Sendings& syn_acks = opening.syn_acks;
  if (syn_acks.again.empty() || opening.completing || opening.both) return;
  if (opening.client_rst || opening.server_knows || (opening.server_rst && !opening.abandoned)) return;
  if (!opening.ignored_syn_acks.syns.empty()) return;
  const std::size_t repeats = syn_acks.again.size();
  const TimeNs waited = context.verdicts.watched_until_ns - syn_acks.last().time_ns();
  if (repeats < 2 && (waited < kAnswerDue || opening.abandoned)) return;
  const auto steps = syn_acks.steps();
  Finding finding = make_finding(kDoc, flow, flow.server());
  cite(finding, syn_acks);
  finding.count = repeats;
  finding.summary =
      endpoint_text(flow, flow.server()) + " sent its SYN-ACK " + times_text(repeats + 1) + " in " +
      duration_text(syn_acks.span_ns()) + " (" + durations_text(steps) + " apart) and no ACK of " +
      endpoint_text(flow, flow.client) +
      " ever passed: it takes another way, is dropped before the capture point, or the source is forged.";
  prove(finding, "syn_acks", repeats + 1);
  prove(finding, "intervals_ns", steps);
  prove(finding, "steps", name(steps_of(steps)));
  prove(finding, "syns", opening.syns.count());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector handshake_ack_missing{.doc = kDoc,
                                            .examples = kExamples,
                                            .examine = &examine,
                                            .needs = Needs::BothDirections | Needs::OddOpening};
}

}  // namespace tcpautopsy
