#include "analyzer/detect/evidence.h"
#include "analyzer/detect/listener_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "handshake_ack_lost",
    .title = "Handshake ACK lost before the server",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when =
        "an ACK that completes the handshake passed T, then the server repeats its SYN-ACK: lost between T "
        "and the server; TCP_DEFER_ACCEPT and a full accept queue look alike until later packets tell",
    .what =
        "The client's ACK of the SYN-ACK passed the capture point, and the server repeated its SYN-ACK all "
        "the same. From here on the ends disagree: the client is ESTABLISHED, the server still in "
        "SYN-RECEIVED, and accept() has not returned.\n\n"
        "If the client speaks first its data carries the same acknowledgment and repairs the loss at once. "
        "If the server speaks first (SMTP, SSH, MySQL) both wait until the server's SYN-ACK timer runs "
        "out, 1 s or more.",
    .how_known =
        "A SYN-ACK that comes again although an ACK of it passed at least the round trip to the server "
        "earlier; a SYN-ACK that answers a SYN still under way is not counted.\n\n"
        "Three things look alike: the ACK was lost between the capture point and the server; the listener "
        "waits for data by TCP_DEFER_ACCEPT; its accept queue is full and Linux dropped the ACK. Later "
        "packets may tell. Bare ACKs ignored again and again, then the first data accepted, point to "
        "TCP_DEFER_ACCEPT: `possible`. Data ignored as well while other connections open is told as "
        "accept_dropped, and this is not said. A capture at the server's own network card leaves little "
        "room for loss: `possible` too.",
    .causes =
        "Loss between the capture point and the server. A stateful firewall that saw only one direction. "
        "TCP_DEFER_ACCEPT (nginx `deferred`, Apache AcceptFilter, Go and others by option) with a client "
        "that connects and stays silent. A short overflow of the accept queue.",
    .confirm =
        "On the server: ss -tan state syn-recv with timer:(on,...); nstat -az TcpExtTCPDeferAcceptDrop "
        "(TCP_DEFER_ACCEPT), TcpExtListenOverflows TcpExtListenDrops (full queue), TcpExtTCPReqQFullDrop; "
        "if all three stand still, the ACK was lost. ss -ltn: Recv-Q above Send-Q is a full accept queue.",
    .remedy =
        "For loss: repair the path; a rate of one in a thousand handshakes is ordinary. For "
        "TCP_DEFER_ACCEPT and protocols where the server speaks first, or pre-opened idle connections, "
        "take the option off the listener; that wakes the server for clients that never send.",
    .bad_advice =
        "Do not read this as a slow server: the application has not seen the connection yet. Raising "
        "net.ipv4.tcp_synack_retries changes how long the server tries, not whether the ACK arrives.",
    .rfc = "RFC 9293 3.5, 3.8.1, 3.10.7.4 (SYN-RECEIVED, fifth: ACK)",
    .wireshark = "TCP Retransmission (on SYN, ACK), TCP Dup ACK",
};

constexpr Example kExamples[] = {
    {"Lost once on an idle connection", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1  !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.5   A > B  P.  1:101(100) ack 1
+.02  A < B  .   1:1(0) ack 101
finding handshake_ack_lost frame 2 frame 3 frame 4 endpoint server severity warning certainty likely count 1
)"},
    {"Two bare ACKs ignored, then data accepted: TCP_DEFER_ACCEPT or loss", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1  !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1  !lost
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1  !lost
+.5   A > B  P.  1:101(100) ack 1
+.02  A < B  .   1:1(0) ack 101
finding handshake_ack_lost frame 3 frame 4 frame 6 endpoint server certainty possible count 2
)"},
    {"The SYN-ACK answers a SYN that was retransmitted: it crossed the ACK", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+1     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.001  A > B  .   1:1(0) ack 1
+.018  A < B  S.  0:0(0) ack 1  <mss 1460>
+.001  A > B  .   1:1(0) ack 1
+.01   A > B  P.  1:101(100) ack 1
+.03   A < B  .   1:1(0) ack 101
no finding
)",
     true},
    {"The second SYN-ACK answers a second SYN, and comes just after a round trip", R"(
+0      A > B  S   0:0(0)        <mss 1460>
+.010   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0345  A > B  S   0:0(0)        <mss 1460>
+.0004  A > B  .   1:1(0) ack 1
+.0105  A < B  S.  0:0(0) ack 1  <mss 1460>
+.011   A > B  P.  1:101(100) ack 1
+.010   A < B  .   1:1(0) ack 101
no finding
)",
     true},
    {"The ACK was lost before the capture point", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.02  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1  !unseen !lost
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
+.1   A > B  P.  1:101(100) ack 1
+.02  A < B  .   1:1(0) ack 101
no finding
)",
     true},
    {"A SYN-ACK captured twice", R"(
+0      A > B  S   0:0(0)        <mss 1460>  id 1
+.02    A < B  S.  0:0(0) ack 1  <mss 1460>  id 9
+.00001 A < B  S.  0:0(0) ack 1  <mss 1460>  id 9
+.01    A > B  .   1:1(0) ack 1  id 2
+.1     A > B  P.  1:101(100) ack 1  id 3
+.02    A < B  .   1:1(0) ack 101  id 10
no finding
)",
     true},
};

// A capture point this close to the server leaves hardly a path on which to lose the ACK.
constexpr TimeNs kAtServer = kMillisecond / 2;

bool at_server(const FlowFacts& flow) {
  const auto near = flow.rtt(flow.server()), far = flow.rtt(flow.client);
  return near && *near <= kAtServer && far && *far >= 10 * *near;
}

// The server took the client's first data, having ignored two bare ACKs or more.
bool looks_deferred(const Opening& opening) {
  return opening.ignored_acks.ignored.size() >= 2 && opening.ignored_acks.with_data == 0 &&
         opening.server_took_data;
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  const IgnoredAcks& acks = opening.ignored_acks;
  if (acks.repeats.empty() || served_while_dropping(context) > 0) return;
  const bool deferred = looks_deferred(opening), near = at_server(flow);
  Finding finding = make_finding(kDoc, flow, flow.server());
  finding.certainty = deferred || near ? Certainty::Possible : Certainty::Likely;
  cite(finding, opening.syn_acks.first);
  cite(finding, acks.ignored);
  cite(finding, acks.repeats);
  finding.count = acks.repeats.size();
  const TimeNs span = acks.repeats.back().time_ns() - acks.ignored.front().time_ns();
  finding.summary = endpoint_text(flow, flow.server()) + " repeated its SYN-ACK " +
                    times_text(acks.repeats.size()) + ", up to " + duration_text(span) +
                    " after the client's ACK of it had passed: ";
  if (deferred)
    finding.summary += "the listener waits for data (TCP_DEFER_ACCEPT), its accept queue was full, or " +
                       count_text(acks.ignored.size(), "ACK") + " got lost.";
  else
    finding.summary +=
        std::string("the ACK was lost between the capture point and the server") +
        (near ? " (which is next to it), or dropped there: TCP_DEFER_ACCEPT or a full accept queue."
              : ", unless TCP_DEFER_ACCEPT or a full accept queue dropped it.");
  prove(finding, "syn_ack_repeats", acks.repeats.size());
  prove(finding, "ignored_segments", acks.ignored.size());
  prove(finding, "ignored_with_data", acks.with_data);
  prove(finding, "delay_ns", span);
  prove(finding, "server_knew_later", static_cast<bool>(opening.server_knows));
  if (const auto rtt = flow.rtt(flow.server())) prove(finding, "rtt_to_server_ns", *rtt);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector handshake_ack_lost{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
