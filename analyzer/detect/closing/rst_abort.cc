#include <algorithm>

#include "analyzer/detect/asked_of_flow.h"
#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

// Firewalls and NATs forget connections after such a time, and some say so by a RST in the endpoint's name.
constexpr TimeNs kLongIdle = 30 * kSecond;

constexpr Doc kDoc{
    .id = "rst_abort",
    .title = "A connection was reset before both ends had closed",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "RST from an endpoint in a synchronised state before both FINs: its state, bytes unacknowledged, "
        "idle time before, likely cause where packets tell: SO_LINGER 0, process death, timeout, middlebox",
    .what =
        "An endpoint ended a synchronised connection by RST, not by FIN, or before the other end had closed. "
        "The peer's next read or write fails (ECONNRESET, 'connection reset by peer'); whatever was queued "
        "in either direction and not yet read is thrown away, acknowledged or not.",
    .how_known =
        "A RST from an endpoint in ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2 or CLOSE-WAIT, with a sequence number "
        "that the peer accepts, before FINs of both ends had passed. A RST that answers data after the "
        "endpoint's own FIN is told as rst_after_close; one that fits the endpoint badly, or after which the "
        "endpoint goes on, as rst_injected.\n\n"
        "Common stacks set ACK on a RST that a socket sends of its own accord, and send a RST without ACK, "
        "numbered by the segment it answers, where no socket exists. The cause is drawn from that form, from "
        "what was unanswered or unread before, and from the idle time. "
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
finding rst_abort frame 10 endpoint client severity warning
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
    {"Data after a close meets a RST", R"(
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

// The likeliest reason, as far as packets tell.
Cause cause_of(const FlowHistory& flow, const ResetFacts& reset, TimeNs idle) {
  const auto& rst = flow.records()[reset.record];
  const Side peer = other(reset.side);
  const auto any = [](const SegmentRecord&) { return true; };
  const RecordIndex heard = last_before(flow, reset.record, peer, any);
  const RecordIndex asked = last_before(flow, reset.record, reset.side, [](const SegmentRecord& r) {
    return r.standing.keepalive || r.sequence_length() > 0;
  });
  const bool unanswered = asked != kNoRecord && (heard == kNoRecord || heard < asked);
  if (reset.is_reply())
    return idle >= kLongIdle
               ? Cause{"no_socket_after_idle",
                       "as a host does that has forgotten the connection, or a device on the path"}
               : Cause{"no_socket", "as a host does that has no such connection"};
  if (unanswered && flow.records()[asked].standing.keepalive)
    return {"keepalive_timeout", "after keep-alive probes that nobody answered"};
  if (unanswered && flow.records()[asked].standing.retransmission)
    return {"timeout", "after sending again without an answer"};
  if (header_misfit(flow, reset.record).any())
    return {"middlebox", "its IP header unlike the endpoint's other segments: perhaps a device on the path"};
  if (idle >= kLongIdle) return {"idle", "an idle timeout of the application or of a device on the path"};
  if (maybe_unread(flow, reset) > 0)
    return {"unread_or_linger", "closed with data unread, or with SO_LINGER 0"};
  const bool all_acked = flow.trace.facts(peer).acked_max >= rst.sent_max;
  return all_acked ? Cause{"linger", "probably SO_LINGER 0 or another deliberate abort"}
                   : Cause{"abort", "SO_LINGER 0, or its process or host gave up"};
}

StreamOffset unacknowledged(const FlowHistory& flow, RecordIndex reset, Side sender) {
  const RecordIndex last =
      last_before(flow, reset, sender, [](const SegmentRecord& r) { return r.sequence_length() > 0; });
  if (last == kNoRecord) return 0;
  const auto& record = flow.records()[last];
  const StreamOffset acked = acked_before(flow, reset, other(sender));
  return std::max<StreamOffset>(0,
                                std::max(record.sent_max, record.end()) - std::max<StreamOffset>(acked, 1));
}

std::string unacknowledged_text(StreamOffset own, StreamOffset peers) {
  if (own == 0 && peers == 0) return "nothing was unacknowledged";
  return count_text(static_cast<std::uint64_t>(own), "octet") + " of its own and " + std::to_string(peers) +
         " of the peer's were unacknowledged";
}

std::string when_text(const ResetFacts& reset, TimeNs idle) {
  if (!reset.is_reply()) return ", " + duration_text(idle) + " after the last segment";
  return " in answer to a segment" +
         (idle >= kSecond ? " after " + duration_text(idle) + " of silence" : std::string());
}

Finding tell(const FlowHistory& flow, const std::vector<ResetFacts>& resets, std::size_t first) {
  const ResetFacts& reset = resets[first];
  const auto any = [](const SegmentRecord&) { return true; };
  const RecordIndex mine = last_before(flow, reset.record, reset.side, any);
  const RecordIndex theirs = last_before(flow, reset.record, other(reset.side), any);
  // A segment that the RST answers ends the idle time, it is not part of it.
  RecordIndex until = reset.is_reply() ? reset.answers : reset.record;
  RecordIndex from = kNoRecord;
  for (RecordIndex k = until; k-- > 0 && from == kNoRecord;)
    if (!flow.records()[k].copy) from = k;
  const TimeNs idle = from == kNoRecord ? 0 : time_of(flow, until) - time_of(flow, from);
  const Cause cause = cause_of(flow, reset, idle);
  const StreamOffset own = unacknowledged(flow, reset.record, reset.side);
  const StreamOffset peers = unacknowledged(flow, reset.record, other(reset.side));
  Finding finding = make_finding(kDoc, flow, reset.side);
  finding.certainty = mine == kNoRecord || theirs == kNoRecord ? Certainty::Possible : Certainty::Certain;
  finding.count = 0;
  for (std::size_t k = first; k < resets.size(); ++k) {
    cite(finding, flow, resets[k].record);
    ++finding.count;
  }
  const std::string state(name(reset.state));
  finding.summary = "The " + std::string(role(flow, reset.side)) + " reset the connection" +
                    (reset.state == TcpState::Unknown ? "" : " in " + state) + when_text(reset, idle) + ", " +
                    std::string(cause.text) + "; " + unacknowledged_text(own, peers) + ".";
  prove(finding, "state", state);
  prove(finding, "likely_cause", cause.word);
  prove(finding, "unacknowledged_own", own);
  prove(finding, "unacknowledged_peer", peers);
  prove(finding, "idle_ns", idle);
  prove(finding, "answers_a_segment", reset.is_reply());
  prove(finding, "acknowledges", flow.records()[reset.record].has(kAck));
  return finding;
}

void examine(const DetectContext& context, Findings& out) {
  const auto& flow = context.history;
  if (flow.trace.self_connection) return;
  for (const Side side : {Side::A, Side::B}) {
    const auto& resets = context.asked.resets(side);
    const auto first =
        std::find_if(resets.begin(), resets.end(), [&](const ResetFacts& r) { return is_abort(flow, r); });
    if (first != resets.end())
      out.push_back(tell(flow, resets, static_cast<std::size_t>(first - resets.begin())));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_abort{.doc = kDoc, .examples = kExamples, .examine = &examine};
}

}  // namespace tcpautopsy
