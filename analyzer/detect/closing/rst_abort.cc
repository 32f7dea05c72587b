#include <algorithm>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/listener_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "rst_abort",
    .title = "Connection reset (abort)",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "RST from an endpoint in a synchronised state before both FINs: its state, bytes unacknowledged, "
        "idle time before, likely cause where packets tell: SO_LINGER 0, process death, timeout, middlebox",
    .what =
        "An endpoint ended a synchronised connection by RST, not by FIN, or before the other end had closed. "
        "The peer's next read or write fails (ECONNRESET, 'connection reset by peer'); whatever was queued "
        "in either direction and not yet read is dropped, acknowledged or not.",
    .how_known =
        "A RST from an endpoint in ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 or CLOSE-WAIT, with a sequence number "
        "that the peer accepts, before FINs of both ends had passed; or the server's first word after the "
        "client had completed the handshake. A RST that answers data after the "
        "endpoint's own FIN is told as rst_after_close; one that fits the endpoint badly, or after which the "
        "endpoint goes on, as rst_injected.\n\n"
        "Common stacks set ACK on a RST that a socket sends of its own accord, and send a RST without ACK, "
        "numbered by the segment it answers, where no socket exists. The cause is drawn from that form, from "
        "what was unanswered or unread before, and from the idle time. Where another finding names the "
        "cause (keepalive_reset, idle_timeout, request_unanswered, rst_unread_data and others), that one has "
        "the warning, and this one counts as info. "
        "A device on the path can send a RST that looks just like the endpoint's; only a capture at that "
        "host settles it.",
    .causes =
        "close() with SO_LINGER set to 0, on purpose (load balancers, health checks, connection pools) or by "
        "habit. close() or process exit with unread data in the receive buffer (rst_unread_data). "
        "Keep-alive or TCP_USER_TIMEOUT ran out. A restarted host or process that no longer knows the "
        "connection. A firewall, load balancer or IPS that ends the connection, often after idle time. "
        "Memory limits for orphans (net.ipv4.tcp_max_orphans).",
    .confirm =
        "On the host that reset: nstat -az TcpExtTCPAbortOnClose (unread data), TcpExtTCPAbortOnData "
        "(SO_LINGER 0, or data after close), TcpExtTCPAbortOnTimeout, TcpExtTCPAbortOnMemory, TcpOutRsts; on "
        "either TcpEstabResets. "
        "The tracepoint tcp:tcp_send_reset or bpftrace names the process and, in recent kernels, the reason. "
        "If none counts up there, a device on the path sent it: compare TTL and IP ID, capture at the host.",
    .remedy =
        "Let the application read to end of file and close with shutdown() and close(); drop SO_LINGER 0 "
        "unless TIME-WAIT is a proven problem. The cost is a TIME-WAIT entry of 60 s. For a middlebox, keep "
        "connections from idling longer than its timer, or lengthen it.",
    .bad_advice =
        "SO_LINGER 0 as a cure for TIME-WAIT gives up the guarantee that sent data arrives. Dropping RSTs in "
        "the host firewall leaves peers waiting for minutes.",
    .rfc = "RFC 9293 3.5.2, 3.5.3, 3.10.5 (ABORT), 3.10.7.4 second check",
    .wireshark = "none (plain [RST] or [RST, ACK])",
};

constexpr Example kExamples[] = {
    {"The answer lacks octets that do not come, and the client gives up after half a minute", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1461(1460) ack 101
+.01  A < B  .  1461:2921(1460) ack 101  !unseen !lost
+.01  A < B  .  2921:4381(1460) ack 101
+.01  A > B  .  101:101(0) ack 1461
+30   A > B  R. 101:101(0) ack 1461
finding rst_abort endpoint client severity warning likely data_missing
)"},
    {"The server resets after its answer was acknowledged (SO_LINGER 0)", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+.30  A < B  R. 201:201(0) ack 101
finding rst_abort frame 7 endpoint server severity warning count 1
)"},
    {"The client breaks off a download; what was in flight meets more RSTs", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1461(1460) ack 101
+.01   A > B  .  101:101(0) ack 1461
+.01   A < B  .  1461:2921(1460) ack 101
+.001  A < B  .  2921:4381(1460) ack 101
+.002  A > B  R. 101:101(0) ack 1461
+.007  A > B  R  101:101(0)
+.001  A > B  R  101:101(0)
finding rst_abort frame 9 frame 10 frame 11 endpoint client count 3
)"},
    {"Keep-alive probes stay unanswered, then the prober resets", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+60   A > B  .  100:100(0) ack 201  !lost
+10   A > B  .  100:100(0) ack 201  !lost
+10   A > B  .  100:100(0) ack 201  !lost
+10   A > B  R. 101:101(0) ack 201
finding rst_abort frame 10 endpoint client severity info
)"},
    {"A restarted host answers data by RST", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+20   A > B  P. 101:201(100) ack 201
+.01  A < B  R  201:201(0)
finding rst_abort frame 8 endpoint server
)"},
    {"The handshake's ACK and a request are answered by a bare RST", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.0001 A > B  P.  1:301(300) ack 1
+.01   A < B  R   1:1(0)
finding rst_abort frame 5 endpoint server severity warning
)"},
    {"So it is by a listener that serves others: accept_dropped has the warning", R"(
services 9
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.01   A < B  R   1:1(0)
finding rst_abort frame 4 endpoint server severity info
)"},
    {"A connection that was never used is reset after minutes", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+300   A < B  R   1:1(0)
finding rst_abort frame 4 endpoint server severity warning
)"},
    {"A bare RST to a handshake that the client never completed", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.01   A < B  S.  0:0(0) ack 1  <mss 1460>
+30    A < B  R   1:1(0)
no finding
)",
     true},
    {"A RST after both FINs", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
+.01  A > B  R. 2:2(0) ack 2
no finding
)",
     true},
    {"A RST outside the window, in the endpoint's name", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+.10  A < B  R  900000000:900000000(0)
+.10  A > B  P. 101:201(100) ack 201
+.01  A < B  .  201:201(0) ack 201
no finding
)",
     true},
    {"A refused connection", R"(
+0    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  R. 0:0(0) ack 1
no finding
)",
     true},
    {"Data after a close is answered by RST", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
+.10  A > B  P. 1:301(300) ack 2
+.01  A < B  R  2:2(0)
no finding
)",
     true},
};

struct Cause {
  std::string_view word, text;
};

Cause cause_of(ResetKind kind) {
  switch (kind) {
    case ResetKind::NoSocketAfterHandshake:
      return {"no_socket_after_handshake",
              "as a listener does whose accept queue is full (tcp_abort_on_overflow) or that the handshake's "
              "ACK did not reach (SYN cookies), a balancer that has no server behind it, or a filter that "
              "dislikes the request"};
    case ResetKind::NoSocketAfterIdle:
      return {"no_socket_after_idle",
              "as a host does that has forgotten the connection, or a device on the path"};
    case ResetKind::NoSocket: return {"no_socket", "as a host does that has no such connection"};
    case ResetKind::ProbesUnanswered:
      return {"keepalive_timeout", "after keep-alive probes that nobody answered"};
    case ResetKind::RepeatsUnanswered: return {"timeout", "after sending again without an answer"};
    case ResetKind::DataMissing:
      return {"data_missing", "after waiting in vain for data of its peer that did not arrive"};
    case ResetKind::Idle: return {"idle", "an idle timeout of the application or of a device on the path"};
    case ResetKind::AllAcknowledged: return {"linger", "probably SO_LINGER 0 or another deliberate abort"};
    case ResetKind::Abort: break;
  }
  return {"abort", "SO_LINGER 0, or its process or host gave up"};
}

// The likeliest reason.
Cause cause_of(const ResetVerdict& reset) {
  switch (reset.cause) {
    case ResetCause::ProbeRefused:
      return {"no_socket", "in answer to a keep-alive probe, as a host does that has no such connection"};
    case ResetCause::ForgottenWhileIdle: return cause_of(ResetKind::NoSocketAfterIdle);
    case ResetCause::ProbesUnanswered: return cause_of(ResetKind::ProbesUnanswered);
    case ResetCause::DataUnanswered: return cause_of(ResetKind::RepeatsUnanswered);
    case ResetCause::WindowClosed:
      return {"window_closed", "after waiting in vain for the peer's window to open"};
    case ResetCause::RequestUnanswered:
      return {"request_unanswered", "after it had waited in vain for an answer"};
    case ResetCause::Misfit:
      if (reset.misfit.too_soon)
        return {"middlebox", "sooner than the endpoint can have answered: perhaps a device on the path"};
      if (!reset.misfit.any())
        return {
            "middlebox",
            "in one moment with a RST in the other end's name that is not its own: perhaps a device on the "
            "path sent both"};
      return {"middlebox",
              "its IP header unlike the endpoint's other segments: perhaps a device on the path"};
    case ResetCause::Forgotten: return cause_of(ResetKind::NoSocket);
    case ResetCause::UnreadData: return {"unread_or_linger", "closed with data unread, or with SO_LINGER 0"};
    case ResetCause::None:
    case ResetCause::Abort: break;
  }
  return cause_of(reset.kind);
}

std::string unacknowledged_text(const ResetVerdict& reset) {
  const auto &own = reset.unacknowledged_own, &peers = reset.unacknowledged_peer;
  if (!own) return "";
  if (!peers) return *own == 0 ? "; all that it had sent was acknowledged" : "";
  if (*own == 0 && *peers == 0) return "; nothing was unacknowledged";
  return "; " + count_text(static_cast<std::uint64_t>(*own), "octet") + " of its own and " +
         std::to_string(*peers) + " of the peer's were unacknowledged";
}

std::string when_text(const ResetVerdict& reset) {
  if (!reset.answers) return ", " + duration_text(reset.idle_ns) + " after the last segment";
  return " in answer to a segment" + (reset.idle_ns >= kSecond
                                          ? " after " + duration_text(reset.idle_ns) + " of silence"
                                          : std::string());
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& resets = context.verdicts.closing.resets(side);
  const auto first =
      std::find_if(resets.begin(), resets.end(), [](const ResetVerdict& r) { return r.aborts(); });
  if (first == resets.end()) return;
  const ResetVerdict& reset = *first;
  Cause cause = cause_of(reset);
  if (reset.kind == ResetKind::ProbesUnanswered && context.flow.one_sided())
    cause.text = "after keep-alive probes whose answers were not captured, if any came";
  // What it had sent shows that it had read, not how much.
  if (cause.word == "abort" && reset.acknowledges && context.flow.facts(other(side)).payload_bytes > 0)
    cause.text = "SO_LINGER 0, a close with data unread, or its process or host gave up";
  Finding finding = make_finding(kDoc, context.flow, side);
  finding.certainty = reset.own_before && reset.peer_before ? Certainty::Certain : Certainty::Possible;
  finding.count = 0;
  for (auto k = first; k != resets.end(); ++k) {
    cite(finding, k->segment);
    ++finding.count;
  }
  yield_to_cause(finding, reset.cause, ResetCause::Abort);
  // accept_dropped tells it.
  if (reset.of_handshake && served_while_dropping(context) > 0) finding.severity = Severity::Info;
  const std::string state(name(reset.state));
  finding.summary =
      "The " + std::string(role(context.flow, side)) + " reset the connection" +
      (reset.state == TcpState::Unknown || reset.state == TcpState::Closed ? "" : " in " + state) +
      when_text(reset) + ", " + std::string(cause.text) + unacknowledged_text(reset) + ".";
  prove(finding, "state", state);
  prove(finding, "likely_cause", cause.word);
  if (reset.unacknowledged_own) prove(finding, "unacknowledged_own", *reset.unacknowledged_own);
  if (reset.unacknowledged_peer) prove(finding, "unacknowledged_peer", *reset.unacknowledged_peer);
  prove(finding, "idle_ns", reset.idle_ns);
  prove(finding, "answers_a_segment", reset.answers.has_value());
  prove(finding, "acknowledges", reset.acknowledges);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_abort{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::TwoEnds | Needs::Resets};
}

}  // namespace tcpautopsy
