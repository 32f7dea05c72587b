#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_reuse",
    .title = "Port reuse in TIME-WAIT",
    .severity = Severity::Info,
    .phase = "Closing",
    .said_when =
        "a SYN on a 4-tuple whose last incarnation is still in TIME-WAIT by the profile; accepted, "
        "challenged or dropped; told on the new incarnation",
    .what =
        "A SYN came on the same addresses and ports as a connection that one end still held in TIME-WAIT. "
        "TIME-WAIT keeps late segments of the old connection from harming a new one; RFC 9293 lets "
        "it end early for a SYN with a higher sequence number, RFC 6191 for one with a newer timestamp.\n\n"
        "Accepted, this is what busy client hosts rely on. Challenged or dropped, it costs the client a "
        "second or more.",
    .how_known =
        "The earlier connection of the 4-tuple was closed in this capture, by the profile its TIME-WAIT had "
        "not run out, and a SYN with a new initial sequence number passed. The answer tells what came of it: "
        "SYN-ACK (accepted), an ACK that does not cover the SYN (challenged), RST (refused), nothing "
        "(dropped).\n\n"
        "The time a host really keeps TIME-WAIT is not on the wire; with another time than the profile's the "
        "old state may have been gone already.",
    .causes =
        "A client that opens connections to one service at a rate that uses up its port range within the "
        "TIME-WAIT time. net.ipv4.tcp_tw_reuse on the client, where the client holds TIME-WAIT. A client "
        "that binds a fixed source port. A NAT with a small pool of ports.",
    .confirm =
        "ss -tan state time-wait | wc -l on both hosts; sysctl net.ipv4.ip_local_port_range and "
        "net.ipv4.tcp_tw_reuse on the client; nstat -az TcpExtTW TcpExtTWRecycled, TcpExtPAWSEstab and "
        "TcpExtTCPTimeWaitOverflow.",
    .remedy =
        "None while it is accepted. To reuse less: keep connections open, widen "
        "net.ipv4.ip_local_port_range, use more addresses. These cost descriptors, the room of listening "
        "ports in that range, and addresses.",
    .bad_advice =
        "net.ipv4.tcp_tw_recycle broke clients behind NAT and has been gone since Linux 4.12. Turning off "
        "timestamps takes away what makes the reuse safe.",
    .rfc = "RFC 9293 3.6.1 (MAY-2, SHLD-4), 3.10.7.4 (first and fourth checks); RFC 6191",
    .wireshark = "TCP Port numbers reused",
};

constexpr Example kExamples[] = {
    {"The server held TIME-WAIT and accepts the new SYN", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 100000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
finding time_wait_reuse frame 7 frame 8 endpoint server severity info
)"},
    {"The client held TIME-WAIT and uses the port again (tcp_tw_reuse)", R"(
handshake
+.10  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
reuse A 100000 B 200000
+1.5  A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
finding time_wait_reuse frame 7 frame 8 endpoint client
)"},
    {"After 2 MSL", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
reuse A 100000 B 200000
+70   A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
    {"The last connection was reset: nobody holds TIME-WAIT", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  R. 1:1(0) ack 101
reuse A 100000 B 200000
+5    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
    {"The same SYN again is no reuse", R"(
+0    A > B  S  0:0(0)  <mss 1460>  !lost
+1    A > B  S  0:0(0)  <mss 1460>
+.01  A < B  S. 0:0(0) ack 1  <mss 1460>
+.01  A > B  .  1:1(0) ack 1
no finding
)",
     true},
};

struct Answer {
  std::string_view word, text;
};

Answer answer_of(SynMet met) {
  switch (met) {
    case SynMet::Nothing: return {"dropped", "it was not answered"};
    case SynMet::SynAck: return {"accepted", "it was accepted"};
    case SynMet::Reset: return {"refused", "it was answered by RST"};
    case SynMet::Challenge: return {"challenged", "it was answered by a challenge ACK"};
  }
  return {};
}

void examine(const DetectContext& context, Findings& out) {
  const auto& reuse = context.verdicts.closing.reuse;
  if (!reuse) return;
  const std::uint64_t previous = context.verdicts.previous->flow;
  const TimeNs time_wait = context.verdicts.profile.time_wait;
  const Answer answer = answer_of(reuse->met);
  Finding finding = make_finding(kDoc, context.flow, reuse->holder);
  finding.certainty = Certainty::Likely;
  cite(finding, reuse->syn);
  cite(finding, reuse->answer);
  finding.summary = "A SYN on ports whose last connection (flow " + std::to_string(previous) + ") the " +
                    std::string(role(context.flow, reuse->holder)) + " had held in TIME-WAIT for " +
                    duration_text(reuse->age_ns) + " of " + duration_text(time_wait) + "; " +
                    std::string(answer.text) + ".";
  prove(finding, "previous_flow", previous);
  prove(finding, "time_wait_age_ns", reuse->age_ns);
  prove(finding, "profile_time_wait_ns", time_wait);
  prove(finding, "outcome", answer.word);
  prove(finding, "opened_by_holder", reuse->opener == reuse->holder);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_reuse{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::TwoEnds | Needs::OddOpening};
}

}  // namespace tcpautopsy
