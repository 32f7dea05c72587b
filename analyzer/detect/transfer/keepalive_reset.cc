#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "keepalive_reset",
    .title = "Keep-alive answered by RST",
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when = "a probe answered by RST: the peer restarted or lost the connection",
    .what =
        "An endpoint probed its idle peer, and a RST came back: whoever answered no longer knows the "
        "connection. The prober's application gets an error (ECONNRESET) at its next call.\n\n"
        "The connection was lost some time before, while it was idle. Without the probe it would have come "
        "out at the next request.",
    .how_known =
        "A RST follows a keep-alive probe (an octet or none at SND.NXT-1 after idle time) before anything "
        "else from the peer; a RST without ACK takes its sequence number from the probe's ACK field, which "
        "shows what it answers.\n\n"
        "It may come from the peer's host or from a middlebox that answers in its name; a TTL that differs "
        "from the peer's other segments speaks for a middlebox.",
    .causes =
        "The peer's host was restarted, or the service moved to another host behind the same address. The "
        "peer closed or gave up and its FIN or RST was lost while the prober was away (asleep, suspended, "
        "unplugged). A load balancer or firewall forgot the idle connection and rejects what it does not "
        "know.",
    .confirm =
        "On the peer: uptime, restarts of the service, nstat -az TcpOutRsts. At the load balancer: its idle "
        "timeout (for example 350 s or 60 s) against the idle time told here. A capture at the peer shows "
        "whether the probe arrives and who sends the RST.",
    .remedy =
        "Reconnect; a connection pool should take a dead connection out when the probe fails. If a "
        "middlebox's idle timeout is the cause, let the first probe come sooner than that (TCP_KEEPIDLE), "
        "which costs a packet each way for each period.",
    .bad_advice =
        "Blocking RSTs in a firewall only turns a quick error into a long timeout. Switching keep-alives off "
        "moves the error to the next request.",
    .rfc = "RFC 9293 3.8.4, 3.5.1, 3.5.2",
    .wireshark = "TCP Keep-Alive, followed by RST",
};

constexpr Example kExamples[] = {
    {"The peer was restarted", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  .  101:101(0) ack 101
+10   A > B  .  100:100(0) ack 101
+.01  A < B  R  101:101(0)
finding keepalive_reset frame 7 frame 8 endpoint client severity warning certainty certain
)"},
    {"The second probe is answered by RST, with ACK", R"(
handshake
+.10  A < B  P. 1:101(100) ack 1
+.01  A > B  .  1:1(0) ack 101
+10   A < B  .  100:101(1) ack 1
+.01  A > B  .  1:1(0) ack 101
+10   A < B  .  100:101(1) ack 1
+.01  A > B  R. 1:1(0) ack 101
finding keepalive_reset frame 8 frame 9 endpoint server
)"},
    {"The end that was probed had closed a minute before", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:101(100) ack 101
+.01  A > B  F. 101:101(0) ack 101
+.04  A < B  .  101:101(0) ack 102
+75   A < B  .  100:100(0) ack 102
+.01  A > B  R  102:102(0)
no finding
finding fin_wait_2_timeout
)",
     true},
    {"A RST to data", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  P. 101:201(100) ack 1
+.01  A < B  R  1:1(0)
no finding
)",
     true},
    {"The probe is answered, and a RST comes later", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  .  100:100(0) ack 1
+.01  A < B  .  1:1(0) ack 101
+2    A < B  R. 1:1(0) ack 101
no finding
)",
     true},
    {"The prober itself gives up", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+10   A > B  .  100:100(0) ack 1  !lost
+5    A > B  .  100:100(0) ack 1  !lost
+5    A > B  R. 101:101(0) ack 1  !lost
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& resets = context.verdicts.closing.resets(other(side));
  if (std::none_of(resets.begin(), resets.end(),
                   [](const ResetVerdict& r) { return r.cause == ResetCause::ProbeRefused; }))
    return;
  const ProbeResults& facts = context.transfer->probes[index(side)];
  const FrameRef probe = facts.keepalives.last();
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, probe);
  cite(finding, facts.reset);
  const TimeNs answer = facts.reset.time_ns - probe.time_ns;
  finding.summary = "The " + std::string(role(context.flow, side)) + "'s keep-alive probe after " +
                    duration_text(facts.idle_ns) + " of idle time was answered by RST from the " +
                    std::string(role(context.flow, other(side))) +
                    "'s address: that host, or a middlebox, no longer knows the connection.";
  prove(finding, "idle_ns", facts.idle_ns);
  prove(finding, "answered_before", facts.answered);
  prove(finding, "answer_ns", answer);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector keepalive_reset{.doc = kDoc,
                                      .examples = kExamples,
                                      .examine_end = &examine_end,
                                      .needs = Needs::Transfer | Needs::Resets};
}

}  // namespace tcpautopsy
