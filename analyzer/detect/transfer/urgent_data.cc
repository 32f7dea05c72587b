#include "analyzer/detect/evidence.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "urgent_data",
    .title = "Urgent data",
    .severity = Severity::Info,
    .phase = "Transfer",
    .said_when = "URG with a pointer",
    .what =
        "The endpoint set URG with an urgent pointer: it asked its peer to read up to that point soon. On "
        "most systems the last octet of it is taken out of the stream and handed over as out-of-band data "
        "(MSG_OOB).",
    .how_known =
        "A segment has the flag URG and a pointer other than 0. The pointer is relative to the segment's "
        "sequence number; RFC 9293 has it point behind the last urgent octet.",
    .causes =
        "Telnet and rlogin (interrupt and abort output), some FTP clients (ABOR), old database protocols "
        "that cancel a query by MSG_OOB. Seldom else: a device or tool that probes stacks, or an attempt to "
        "hide octets from an inspection system, which may read the stream otherwise than the host.",
    .confirm =
        "strace -e trace=sendto,sendmsg,recvfrom,recvmsg on the hosts shows MSG_OOB; setsockopt SO_OOBINLINE "
        "on the receiver leaves the octet in the stream.",
    .remedy =
        "None where the protocol means it. New applications should not use it (RFC 6093): send the signal on "
        "a connection of its own. A firewall that clears the flag (many do by default) changes the meaning "
        "of the stream for protocols that need it.",
    .bad_advice =
        "Counting on urgent data to overtake: it takes its place in the stream like all data, and waits for "
        "the same windows.",
    .rfc = "RFC 9293 3.8.5; RFC 6093",
    .wireshark = "tcp.urgent_pointer",
};

constexpr Example kExamples[] = {
    {"Telnet: interrupt process, with the data mark urgent", R"(
handshake
+.10   A > B  PU. 1:4(3) ack 1 urg 3
+.01   A < B  .  1:1(0) ack 4
finding urgent_data frame 4 endpoint client severity info certainty certain count 1
)"},
    {"The server sends urgent data twice", R"(
handshake
+.10   A < B  PU. 1:2(1) ack 1 urg 1
+.01   A > B  .  1:1(0) ack 2
+.10   A < B  PU. 2:3(1) ack 1 urg 1
+.01   A > B  .  1:1(0) ack 3
finding urgent_data frame 4 frame 6 endpoint server count 2
)"},
    {"No urgent data", R"(
handshake
+.10   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1(0) ack 101
no finding
)",
     true},
    {"The flag with a pointer of 0 says nothing", R"(
handshake
+.10   A > B  PU. 1:101(100) ack 1 urg 0
+.01   A < B  .  1:1(0) ack 101
no finding
)",
     true},
};

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const Incidents& urgent = context.transfer->marks[index(side)].urgent;
  if (!urgent) return;
  Finding finding = make_finding(kDoc, flow, side);
  cite(finding, urgent);
  finding.count = urgent.count();
  finding.summary =
      "The " + std::string(role(flow, side)) + " sent urgent data " + times_text(urgent.count()) + ".";
  prove(finding, "segments", urgent.count());
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector urgent_data{
    .doc = kDoc, .examples = kExamples, .examine_end = &examine_end, .needs = Needs::Transfer | Needs::Marks};
}

}  // namespace tcpautopsy
