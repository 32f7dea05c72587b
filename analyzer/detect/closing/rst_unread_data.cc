#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "rst_unread_data",
    .title = "Reset with unread data, or SO_LINGER 0",
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when =
        "RST in place of, or right after, a FIN while data the peer had sent was delivered but maybe not "
        "read; SO_LINGER 0 looks the same when all was acknowledged: both named, possible",
    .what =
        "An endpoint reset the connection where a FIN was to be expected, or right after its FIN, and the "
        "last data that its TCP had accepted from the peer may never have been read by its application. "
        "A TCP whose application closes a socket with unread data sends RST, to tell the peer that data was "
        "lost.\n\n"
        "The peer sees 'connection reset' although all its data was acknowledged; and the RST can overtake "
        "in effect what the endpoint had sent last: the peer's TCP discards what its application has not "
        "read yet, for example an error response.",
    .how_known =
        "A RST of the socket's own (with ACK) comes after the endpoint's TCP acknowledged data of the peer, "
        "and the endpoint sent no data since that could show that the application had read it. How many "
        "octets were read no packet shows; SO_LINGER 0 looks exactly the same. Hence 'possible' at best.",
    .causes =
        "A server that answers an error (413, 400, 401) and closes without reading the rest of the request "
        "body. A client that has what it wants and closes without reading on. A process killed while data "
        "waits in its receive buffer. A protocol message that nobody reads, such as a TLS close_notify or a "
        "QUIT. Or SO_LINGER with a time of 0.",
    .confirm =
        "On the host that reset: nstat -az TcpExtTCPAbortOnClose counts closes with unread data, "
        "TcpExtTCPAbortOnData those with SO_LINGER 0. ss -tn shows Recv-Q above 0 on such sockets before the "
        "close; strace -e trace=network,close shows the last recv() and a setsockopt(SO_LINGER).",
    .remedy =
        "Let the application send its answer, shutdown(SHUT_WR), read and discard until end of file or a "
        "short time limit, then close() ('lingering close'). That costs the socket for that time and the "
        "discarded octets' bandwidth; limit both.",
    .bad_advice =
        "A longer SO_LINGER time does not help: with unread data Linux sends the RST regardless of it. "
        "Larger receive buffers only hold more unread data.",
    .rfc = "RFC 9293 3.6.1 (SHLD-3); RFC 2525 2.17 (failure to RST on close with data pending)",
    .wireshark = "none (plain [RST, ACK])",
};

constexpr Example kExamples[] = {
    {"The server closes without reading the request", R"(
handshake
+.01  A > B  P. 1:1101(1100) ack 1
+.01  A < B  .  1:1(0) ack 1101
+.20  A < B  R. 1:1(0) ack 1101
finding rst_unread_data frame 6 endpoint server severity warning certainty possible
)"},
    {"A RST right after the FIN: the server answered an error and left the rest of the upload unread", R"(
handshake
+.01   A > B  .  1:1461(1460) ack 1
+.01   A < B  P. 1:201(200) ack 1461
+.002  A < B  F. 201:201(0) ack 1461
+.004  A > B  .  1461:2921(1460) ack 1
+.01   A < B  .  202:202(0) ack 2921
+.20   A < B  R. 202:202(0) ack 2921
finding rst_unread_data frame 9 endpoint server certainty possible
)"},
    {"The client leaves the end of an answer unread", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:1001(1000) ack 101
+.01  A > B  .  101:101(0) ack 1001
+.50  A > B  R. 101:101(0) ack 1001
finding rst_unread_data frame 7 endpoint client
)"},
    {"It answered the peer's last data: somebody had read it", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+.30  A < B  R. 201:201(0) ack 101
no finding
)",
     true},
    {"The peer never sent data", R"(
handshake
+.01  A < B  P. 1:201(200) ack 1
+.01  A > B  .  1:1(0) ack 201
+.30  A < B  R. 201:201(0) ack 1
no finding
)",
     true},
    {"The RST answers a segment for which there is no socket", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
+.10  A > B  P. 1:301(300) ack 2
+.01  A < B  R  2:2(0)
no finding
)",
     true},
    {"A RST after both FINs", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  F. 1:1(0) ack 101
+.01  A > B  F. 101:101(0) ack 2
+.01  A < B  .  2:2(0) ack 102
+.50  A < B  R. 2:2(0) ack 102
no finding
)",
     true},
    {"A keep-alive timeout after an exchange in which all was answered", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  P. 101:111(10) ack 201
+.01  A < B  .  201:201(0) ack 111
+60   A > B  .  110:110(0) ack 201  !lost
+10   A > B  .  110:110(0) ack 201  !lost
+10   A > B  R. 111:111(0) ack 201
no finding
)",
     true},
};

std::string why_unread(const DetectContext& context, Side side, const ResetVerdict& reset) {
  const std::string peer(role(context.flow, other(side)));
  const std::string octets = count_text(static_cast<std::uint64_t>(reset.maybe_unread), "octet");
  if (reset.answered_early)
    return " and had answered while the " + peer + " was still sending: of " + octets +
           " that it had taken some may be unread";
  return " and had sent no data since it took the " + peer + "'s last " + octets;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const auto& resets = context.verdicts.closing.resets(side);
  if (resets.empty()) return;
  const ResetVerdict& reset = resets.front();
  if (reset.cause != ResetCause::UnreadData) return;
  Finding finding = make_finding(kDoc, context.flow, side);
  // It has the RST's warning: rst_abort yields to it.
  finding.severity = Severity::Warning;
  finding.certainty = Certainty::Possible;
  cite(finding, reset.segment);
  finding.summary = "The " + std::string(role(context.flow, side)) + " sent RST " +
                    (reset.fin_sent ? "after its FIN" : "in place of a FIN") +
                    why_unread(context, side, reset) + ": closed with data unread, or with SO_LINGER 0.";
  prove(finding, "maybe_unread", reset.maybe_unread);
  prove(finding, "answered_early", reset.answered_early);
  prove(finding, "after_own_fin", reset.fin_sent);
  prove(finding, "state", name(reset.state));
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_unread_data{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::TwoEnds | Needs::Resets};
}

}  // namespace tcpautopsy
