#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "self_connect",
    .title = "Self-connection",
    .severity = Severity::Warning,
    .phase = "Opening",
    .said_when = "source and destination address and port are the same",
    .what =
        "Source and destination address and port are the same. A program connected to a port of its own "
        "host on which nothing listened, from the ephemeral range, and the kernel happened to choose that "
        "very port as the source: the SYN met the connecting socket, a simultaneous open with itself. "
        "connect() succeeds, and the program reads back whatever it writes.\n\n"
        "While it lasts the real server cannot bind its port (EADDRINUSE).",
    .how_known =
        "The addresses in the headers. With a SYN-ACK after the SYN the connection is real. A lone SYN "
        "with equal ends on a wire, not on loopback, is forged (the LAND attack), or the work of a NAT.",
    .causes =
        "A client that retries in a loop against a local service that is down, on a port inside "
        "net.ipv4.ip_local_port_range: sooner or later the ports coincide (1 in 28,232 for each try). "
        "Health checks and sidecars on localhost.",
    .confirm =
        "ss -tan shows one line with equal local and peer address; ss -tanp names the process. sysctl "
        "net.ipv4.ip_local_port_range: does the service's port lie in it?",
    .remedy =
        "Move the service's port out of the ephemeral range, or reserve it: sysctl "
        "net.ipv4.ip_local_reserved_ports=PORT, which costs nothing but one port. In the client compare "
        "getsockname() with getpeername() after connect and close if they are equal.",
    .bad_advice = "SO_REUSEADDR on the server does not free a port held by an ESTABLISHED self-connection.",
    .rfc = "RFC 9293 3.5 (figure 7), 3.10.7.3",
};

constexpr Example kExamples[] = {
    {"A client meets itself on loopback", R"(
ends A 127.0.0.1:47809 B 127.0.0.1:47809
+0     A > A  S   0:0(0)          <mss 65495>
+.0001 A > A  S.  0:0(0) ack 1    <mss 65495>
+.0001 A > A  .   1:1(0) ack 1
+.0001 A > A  P.  1:14(13) ack 1
+.0001 A > A  .   14:14(0) ack 14
finding self_connect frame 1 frame 2 endpoint client severity warning certainty certain
)"},
    {"A forged SYN with equal ends (LAND)", R"(
ends A 192.0.2.7:80 B 192.0.2.7:80
+0     A > A  S   0:0(0)
finding self_connect frame 1 endpoint client severity warning
)"},
    {"Equal ports, different addresses", R"(
ends A 10.0.0.1:179 B 10.0.0.2:179
handshake
no finding
)",
     true},
    {"Equal addresses, different ports", R"(
ends A 127.0.0.1:40000 B 127.0.0.1:80
handshake
no finding
)",
     true},
};

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Opening& opening = context.verdicts.opening;
  if (!flow.self_connection) return;
  const bool open = !opening.syn_acks.empty() || opening.completing;
  Finding finding = make_finding(kDoc, flow, flow.client);
  cite(finding, opening.syns);
  cite(finding, opening.syn_acks);
  if (finding.frames.empty()) cite(finding, flow.first);
  const SideFacts& end = flow.facts(flow.client);
  finding.summary =
      endpoint_text(end.address) +
      (open ? " is connected to itself: the connecting socket met its own SYN (" +
                  count_text(end.packets, "packet") + ", " + count_text(end.payload_bytes, "octet") + ")."
            : " is both source and destination of " + count_text(end.packets, "packet") +
                  " that nothing acknowledged: forged (LAND), or a connect that did not open.");
  prove(finding, "connected", open);
  prove(finding, "packets", end.packets);
  prove(finding, "payload_bytes", end.payload_bytes);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector self_connect{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OneEnd};
}

}  // namespace tcpautopsy
