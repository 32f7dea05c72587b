#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "half_close",
    .title = "Half-close",
    .severity = Severity::Info,
    .phase = "Closing",
    .said_when = "data flows in one direction for longer than an RTT after the other direction's FIN",
    .what =
        "One endpoint sent its FIN and kept receiving: the peer, knowing of the FIN, went on sending data "
        "for longer than a round trip. TCP closes its two directions apart from each other, and this "
        "connection used that.\n\n"
        "It is a legitimate mode: 'I have sent my whole request, now answer' (shutdown(SHUT_WR)). It is "
        "worth knowing because proxies, NATs and some libraries treat the first FIN as the end of both "
        "directions.",
    .how_known =
        "The peer's data acknowledges the FIN, so its TCP knew; new data is still sent later than one round "
        "trip after the FIN passed; and the endpoint that had sent the FIN acknowledges it, so its socket "
        "was still read from or at least open.\n\n"
        "Data that crosses the FIN, data after a FIN that was lost on the way, and data that is answered by "
        "RST "
        "(rst_after_close) are not a half close.",
    .causes =
        "An application that calls shutdown(SHUT_WR): nc -N, rsh and ssh forwarding, HTTP clients that send "
        "a body of unknown length, database dump pipes, proxies that pass on one direction's end. "
        "Also a peer that ignores the end of file for as long as it has something to send.",
    .confirm =
        "While it lasts: ss -tn state fin-wait-2 with an owner process (-p) on the endpoint that closed, "
        "state close-wait on the peer. strace -e trace=network shows shutdown(..., SHUT_WR) instead of "
        "close().",
    .remedy =
        "None needed. If such transfers break off after a fixed time, a device on the path shortens its "
        "timer at the first FIN (Linux conntrack: nf_conntrack_tcp_timeout_fin_wait, _close_wait): lengthen "
        "it there, at the cost of table entries, or let the application delay its shutdown() until it has "
        "the answer.",
    .bad_advice =
        "This is no socket leak: FIN-WAIT-2 with an owner process is not bounded by "
        "net.ipv4.tcp_fin_timeout, and lowering that sysctl changes nothing for it.",
    .rfc = "RFC 9293 3.6.1",
    .wireshark = "none (TCP segments after [FIN, ACK] of the other side)",
};

constexpr Example kExamples[] = {
    {"The client ends its request with a FIN, the answer takes 220 ms", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.001  A > B  F. 101:101(0) ack 1
+.01   A < B  .  1:1(0) ack 102
+.10   A < B  P. 1:1001(1000) ack 102
+.01   A > B  .  102:102(0) ack 1001
+.10   A < B  P. 1001:2001(1000) ack 102
+.01   A > B  .  102:102(0) ack 2001
+.01   A < B  F. 2001:2001(0) ack 102
+.01   A > B  .  102:102(0) ack 2002
finding half_close endpoint client severity info certainty certain
)"},
    {"The server closes its direction, the client still uploads", R"(
handshake
+.01   A < B  F. 1:1(0) ack 1
+.01   A > B  .  1:1(0) ack 2
+.50   A > B  P. 1:1001(1000) ack 2
+.01   A < B  .  2:2(0) ack 1001
+.50   A > B  P. 1001:2001(1000) ack 2
+.01   A < B  .  2:2(0) ack 2001
+.50   A > B  F. 2001:2001(0) ack 2
+.01   A < B  .  2:2(0) ack 2002
finding half_close endpoint server severity info
)"},
    {"Normal close", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:1001(1000) ack 101
+.01   A > B  F. 101:101(0) ack 1001
+.01   A < B  F. 1001:1001(0) ack 102
+.01   A > B  .  102:102(0) ack 1002
no finding
)",
     true},
    {"Data that was under way when the FIN passed", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  P. 1:1001(1000) ack 101
+.001  A > B  F. 101:101(0) ack 1
+.002  A < B  P. 1001:2001(1000) ack 101
+.008  A < B  F. 2001:2001(0) ack 102
+.01   A > B  .  102:102(0) ack 2002
no finding
)",
     true},
    {"The FIN was lost: the peer sends on because it does not know", R"(
handshake
+.01   A > B  F. 1:1(0) ack 1  !lost
+.05   A < B  P. 1:1001(1000) ack 1
+.01   A > B  .  2:2(0) ack 1001
+.05   A < B  P. 1001:2001(1000) ack 1
+.01   A > B  .  2:2(0) ack 2001
+.09   A > B  F. 1:1(0) ack 2001
+.01   A < B  F. 2001:2001(0) ack 2
+.01   A > B  .  2:2(0) ack 2002
no finding
)",
     true},
    {"A full close: the data is answered by RST", R"(
handshake
+.01   A < B  F. 1:1(0) ack 1
+.01   A > B  .  1:1(0) ack 2
+.50   A > B  P. 1:301(300) ack 2
+.01   A < B  R  2:2(0)
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const ClosingVerdicts& closing = context.verdicts.closing;
  const auto& data = closing.of(other(side)).sent_after_peers_fin;
  if (!data) return;
  const FinVerdict& fin = *closing.fin(side);
  const auto way = context.flow.round_trip();
  const TimeNs lasted = data->last.time_ns() - fin.first.time_ns();
  if (lasted <= way.value_or(0)) return;
  const auto octets = static_cast<std::uint64_t>(data->octets);
  Finding finding = make_finding(kDoc, context.flow, side);
  cite(finding, fin.first);
  cite(finding, data->first);
  cite(finding, data->last);
  finding.summary = "The " + std::string(role(context.flow, side)) + " closed its direction; the " +
                    std::string(role(context.flow, other(side))) + " knew and sent " +
                    count_text(octets, "octet") + " more, the last " + duration_text(lasted) +
                    " after that FIN.";
  prove(finding, "octets_after_fin", octets);
  prove(finding, "lasted_ns", lasted);
  if (way) prove(finding, "round_trip_ns", *way);
  prove(finding, "sender_knew", true);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector half_close{.doc = kDoc,
                                 .examples = kExamples,
                                 .examine_end = &examine_end,
                                 .needs = Needs::TwoEnds | Needs::OddClose};
}

}  // namespace tcpautopsy
