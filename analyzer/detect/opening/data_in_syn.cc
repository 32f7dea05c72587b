#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "data_in_syn",
    .title = "Data in the SYN (TCP Fast Open)",
    .severity = Severity::Info,
    .phase = "Opening",
    .said_when = "payload in a SYN or SYN-ACK (TCP Fast Open); with whether it was accepted",
    .what =
        "The client sent its first data in the SYN (TCP Fast Open, or a stack that always may). If the "
        "server holds a valid cookie it takes the data and can answer before the handshake is complete: "
        "one round trip saved. If not, it acknowledges only the SYN and the client retransmits the data.",
    .how_known =
        "A SYN with payload. Accepted is read off the SYN-ACK: an acknowledgment beyond SYN+1 covers that "
        "much of the data. A SYN-ACK that did not pass the capture point leaves it unknown. The Fast Open "
        "option in the SYN, with or without a cookie, tells Fast Open from other uses.",
    .causes =
        "MSG_FASTOPEN, TCP_FASTOPEN_CONNECT or a library that uses them (some DNS, TLS and browser "
        "stacks). Port scanners and old T/TCP, without the option.",
    .confirm =
        "sysctl net.ipv4.tcp_fastopen (1 client, 2 server); nstat -az TcpExtTCPFastOpenActive "
        "TcpExtTCPFastOpenActiveFail TcpExtTCPFastOpenPassive TcpExtTCPFastOpenPassiveFail "
        "TcpExtTCPFastOpenListenOverflow TcpExtTCPFastOpenCookieReqd TcpExtTCPFastOpenBlackhole; ss -tie "
        "shows fastopen.",
    .remedy =
        "None needed. If data in the SYN is refused again and again: enable bit 2 on the server and "
        "TCP_FASTOPEN on the listener, and share net.ipv4.tcp_fastopen_key among servers behind one "
        "address. The data may be delivered twice (RFC 7413 6.1): only for requests that may be repeated.",
    .bad_advice = "Data in a SYN is not an attack by itself; RFC 9293 says that it is to be permitted.",
    .rfc = "RFC 9293 3.10.7.2, 3.10.7.3; RFC 7413 4.2",
    .wireshark = "TCP SYN with TFO Cookie, TCP SYN-ACK accepting (ignoring) TFO data",
};

constexpr Example kExamples[] = {
    {"Accepted in full", R"(
+0    A > B  S   0:100(100)      <mss 1460,tfo 8>
+.01  A < B  S.  0:0(0) ack 101  <mss 1460>
+.01  A > B  .   101:101(0) ack 1
+.01  A < B  P.  1:51(50) ack 101
finding data_in_syn frame 1 frame 2 endpoint client severity info certainty certain
)"},
    {"Not accepted, retransmitted after the handshake", R"(
+0    A > B  S   0:100(100)    <mss 1460,tfo 8>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1(0) ack 101
finding data_in_syn frame 1 frame 2 endpoint client severity info
)"},
    {"Dropped on the way; the SYN sent again is empty", R"(
+0    A > B  S   0:100(100)    <mss 1460,tfo 8>
+1    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  P.  1:101(100) ack 1
+.01  A < B  .   1:1(0) ack 101
finding data_in_syn frame 1 frame 3 endpoint client severity info
)"},
    {"Data right behind an empty SYN", R"(
handshake
+.0001 A > B  P.  1:101(100) ack 1
+.01   A < B  .   1:1(0) ack 101
no finding
)",
     true},
    {"A cookie is asked for, no data sent", R"(
+0    A > B  S   0:0(0)        <mss 1460,tfo>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460,tfo>
+.01  A > B  P.  1:101(100) ack 1
no finding
)",
     true},
};

std::string what_was_accepted(const SynData& data) {
  if (data.accepted == data.octets) return ", and the SYN-ACK accepted them all.";
  if (data.accepted > 0) return ", and the SYN-ACK accepted " + std::to_string(data.accepted) + ".";
  if (data.without)
    return "; it was sent again without them before a SYN-ACK came, which accepts none: they must be "
           "retransmitted.";
  return ", and the SYN-ACK accepted none: they must be retransmitted.";
}

void examine(const DetectContext& context, Findings& out) {
  const FlowFacts& flow = context.flow;
  const SynData& data = context.verdicts.syn_offers.data;
  if (data.syns.empty()) return;
  Finding finding = make_finding(kDoc, flow, data.sender);
  cite(finding, data.syns);
  finding.count = data.syns.size();
  finding.summary = "The SYN of " + endpoint_text(flow, data.sender) + " carried " +
                    count_text(data.octets, "octet") +
                    (data.fast_open ? " with the Fast Open option" : " without the Fast Open option");
  prove(finding, "octets", data.octets);
  prove(finding, "fast_open_option", data.fast_open);
  prove(finding, "cookie_length", flow.facts(data.sender).syn_options.fast_open_cookie_length);
  if (!data.answer) {
    finding.summary += "; no SYN-ACK to it passed, so whether it was accepted is not known.";
  } else {
    cite(finding, data.answer);
    finding.summary += what_was_accepted(data);
    prove(finding, "accepted_octets", data.accepted);
    prove(finding, "sent_again_without", static_cast<bool>(data.without));
  }
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector data_in_syn{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::OddOpening};
}

}  // namespace tcpautopsy
