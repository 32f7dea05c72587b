#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

// One repeat may only mean that the answer is on its way or was lost once.
constexpr std::size_t kResendsNeeded = 2;

constexpr Doc kDoc{
    .id = "fin_unanswered",
    .title = "FIN never acknowledged",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when = "FIN repeated to the give-up, or to the end, and no ACK ever",
    .what =
        "An endpoint closed and retransmitted its FIN over and over; no ACK of it ever passed the capture "
        "point, "
        "until it gave up or the capture ended.\n\n"
        "The endpoint stays in FIN-WAIT-1 (or LAST-ACK, CLOSING) until its retries are used up, holding "
        "memory and what data was still queued. The peer, if it still exists, goes on believing in the "
        "connection: nobody tells it.",
    .how_known =
        "Two or more repeats of one FIN, the last one unanswered for at least a round trip, and no segment "
        "from the peer that covers it, a RST included. It is not said where only one direction was captured. "
        "Giving up sends nothing on Linux: it is taken from the step of the back-off that was due and did "
        "not come.\n\n"
        "Whether the FINs or all their ACKs are lost cannot be told unless something else from the peer "
        "still passes; the evidence tells when it was last heard.",
    .causes =
        "The peer host is gone (crash, power, cable, virtual machine moved or stopped). A firewall or NAT "
        "forgot the connection, often after idle time, and drops the FIN without a RST. The route back is "
        "broken. "
        "A firewall that deletes its entry when it sees the first FIN.",
    .confirm =
        "ss -tano state fin-wait-1 and state last-ack: timer:(on,...) with a growing count; sockets without "
        "an owner are orphans (ss -s, 'orphaned'; /proc/net/sockstat). "
        "nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout TcpExtTCPAbortOnMemory. sysctl "
        "net.ipv4.tcp_orphan_retries (0 means 8), net.ipv4.tcp_max_orphans. On the peer: is the host up, and "
        "does ss there still show the connection?",
    .remedy =
        "Find what makes the peer unreachable. If a middlebox forgets idle connections, let keep-alives run "
        "more often than its timer (net.ipv4.tcp_keepalive_time or TCP_KEEPIDLE); that costs a packet each "
        "way for each idle connection and period. "
        "If orphans pile up, lower net.ipv4.tcp_orphan_retries; that gives up undelivered data sooner on "
        "lossy paths.",
    .bad_advice =
        "net.ipv4.tcp_fin_timeout does not shorten FIN-WAIT-1: it counts only from FIN-WAIT-2, after the FIN "
        "was acknowledged.",
    .rfc = "RFC 9293 3.6 case 2 (abort after the user timeout), 3.8.3, 3.10.8",
    .wireshark = "TCP Retransmission (on FIN, ACK)",
};

constexpr Example kExamples[] = {
    {"Repeated until the endpoint gives up", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1  !lost
+.22   A > B  F. 1:1(0) ack 1  !lost
+.44   A > B  F. 1:1(0) ack 1  !lost
+.88   A > B  F. 1:1(0) ack 1  !lost
+1.76  A > B  F. 1:1(0) ack 1  !lost
+3.52  A > B  F. 1:1(0) ack 1  !lost
+7.04  A > B  F. 1:1(0) ack 1  !lost
+14.08 A > B  F. 1:1(0) ack 1  !lost
+28.16 A > B  F. 1:1(0) ack 1  !lost
end +120
finding fin_unanswered frame 4 frame 12 endpoint client severity warning count 8
)"},
    {"Repeated to the capture's end, after data was exchanged", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:501(500) ack 101
+.01   A > B  .  101:101(0) ack 501
+30    A < B  F. 501:501(0) ack 101  !lost
+.22   A < B  F. 501:501(0) ack 101  !lost
+.44   A < B  F. 501:501(0) ack 101  !lost
end +.5
finding fin_unanswered frame 7 frame 8 frame 9 endpoint server count 2
)"},
    {"Acknowledged in the end", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1  !lost
+.22   A > B  F. 1:1(0) ack 1  !lost
+.44   A > B  F. 1:1(0) ack 1  !lost
+.88   A > B  F. 1:1(0) ack 1
+.01   A < B  .  1:1(0) ack 2
end +10
no finding
)",
     true},
    {"Answered by a RST", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1  !lost
+.22   A > B  F. 1:1(0) ack 1  !lost
+.44   A > B  F. 1:1(0) ack 1
+.01   A < B  R  1:1(0)
end +10
no finding
)",
     true},
    {"The capture ends before an answer is due", R"(
handshake
+.10   A > B  F. 1:1(0) ack 1  !lost
+.22   A > B  F. 1:1(0) ack 1  !lost
+.44   A > B  F. 1:1(0) ack 1
end +.005
no finding
)",
     true},
    {"Only one direction was captured", R"(
+0     A > B  S  0:0(0)              <mss 1460>
+.01   A < B  S. 0:0(0) ack 1        <mss 1460>  !unseen
+.01   A > B  .  1:1(0) ack 1
+.10   A > B  F. 1:1(0) ack 1
+.01   A < B  .  1:1(0) ack 2  !unseen !lost
+.21   A > B  F. 1:1(0) ack 1
+.01   A < B  .  1:1(0) ack 2  !unseen !lost
+.43   A > B  F. 1:1(0) ack 1
end +60
no finding
)",
     true},
};

std::string what_came(const Verdicts& verdicts, const FinVerdict& fin, TimeNs silence) {
  const bool heard = fin.peer_heard && fin.peer_heard.record > fin.last().record;
  const std::string until =
      " in the " + duration_text(silence) + " to " + std::string(watch_end_text(verdicts));
  return heard ? "what its peer sent" + until + " does not cover it" : "nothing came" + until;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const Verdicts& verdicts = context.verdicts;
  const FinVerdict* const fin = verdicts.closing.fin(side);
  if (fin == nullptr || fin->acked_by || fin->resends.size() < kResendsNeeded || fin->met_reset) return;
  const TimeNs silence = verdicts.watched_until_ns - fin->last().time_ns();
  if (silence < context.flow.round_trip().value_or(verdicts.profile.minimum_rto)) return;
  const auto sendings = fin->sendings();
  const auto steps = intervals(sendings);
  const auto& give_up = verdicts.outcome(side).give_up;
  const bool gave_up = give_up && give_up->last >= fin->last().record;
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, sendings);
  finding.count = fin->resends.size();
  const TimeNs span = fin->last().time_ns() - fin->first.time_ns();
  finding.summary = "The " + std::string(role(context.flow, side)) + " repeated its FIN " +
                    times_text(fin->resends.size()) + " in " + duration_text(span) +
                    " and no ACK of it ever passed; " +
                    (gave_up ? "it gave up" : what_came(verdicts, *fin, silence)) + ".";
  prove(finding, "resends", fin->resends.size());
  prove(finding, "intervals_ns", steps);
  prove(finding, "gave_up", gave_up);
  prove(finding, "waited_ns", silence);
  if (fin->peer_heard && fin->peer_heard.record < fin->first.record)
    prove(finding, "peer_heard_before_fin_ns", fin->first.time_ns() - fin->peer_heard.time_ns());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector fin_unanswered{.doc = kDoc,
                                     .examples = kExamples,
                                     .examine_end = &examine_end,
                                     .needs = Needs::BothDirections | Needs::OddFins};
}

}  // namespace tcpautopsy
