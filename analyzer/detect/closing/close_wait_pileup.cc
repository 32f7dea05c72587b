#include <cmath>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "close_wait_pileup",
    .title = "CLOSE-WAIT pile-up",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Closing",
    .said_when = "20 or more flows of one host and port in CLOSE-WAIT at one time, each for 5 s or more",
    .what =
        "Twenty or more connections of one host to or from one port were in CLOSE-WAIT at one time, each "
        "for 5 s or more: their peers had closed, and the application did not.\n\n"
        "One such socket may be a slow answer (close_wait_stuck); twenty are a leak, or a process that "
        "hangs. Each holds a file descriptor and often a worker. When the descriptors run out, accept() "
        "or connect() fails with EMFILE; when the workers do, new connections wait in the accept queue "
        "until it overflows (accept_queue_overflow).",
    .how_known =
        "The peer's FIN was acknowledged, or what followed proves that it arrived, and for 5 s the "
        "endpoint sent no FIN of its own. Those are counted over time by the histories of all "
        "connections. Where the host is the client, its connections to one server address and port are "
        "counted together.\n\n"
        "Packets cannot tell whether the application is at fault or waits for something else, such as a "
        "backend that hangs; nor whether the process still lives.",
    .causes =
        "A missing close() in an error path or after end of file. A pool that keeps connections which the "
        "server has closed and looks at them only on next use. A process that hangs: a deadlock, a "
        "backend that does not answer, a stopped process (SIGSTOP, a debugger, garbage collection), a "
        "disk that blocks. Descriptors held by a child process.",
    .confirm =
        "ss -tanp state close-wait '( sport = :PORT )', or dport on a client: the process, and Recv-Q "
        "above 1 where it has not even read. lsof -p PID | grep -c CLOSE_WAIT, against ulimit -n. A stack "
        "trace (gdb -p PID, jstack, py-spy dump) shows what its threads wait for. If the number grows "
        "steadily it is a leak; if it came at once the process hangs.",
    .remedy =
        "Correct the application: close when read() returns 0; give pools an idle time shorter than the "
        "server's; time limits on calls to backends. Until then a restart frees the sockets and costs the "
        "connections it holds; a higher ulimit -n buys time.",
    .bad_advice =
        "No sysctl ends CLOSE-WAIT: not tcp_fin_timeout, tcp_tw_reuse nor tcp_max_orphans. Keep-alive "
        "finds peers that are gone, but the peer's kernel answers probes as long as it knows the "
        "connection.",
    .rfc = "RFC 9293 3.6 case 2, 3.3.2 (CLOSE-WAIT)",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"Twenty-five clients close; the server never does", R"(
times 25 every .1 {
handshake
+.1   A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+.1   A > B  F. 101:101(0) ack 1
+.01  A < B  .  1:1(0) ack 102
}
end +10
finding close_wait_pileup severity error count 25 flows 25
)"},
    {"A client's pool holds what the server has closed, and closes it at last", R"(
times 20 every .1 {
handshake
+.1   A < B  F. 1:1(0) ack 1
+.01  A > B  .  1:1(0) ack 2
+20   A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
}
finding close_wait_pileup count 20 flows 20
)"},
    {"Nineteen are too few", R"(
times 19 every .1 {
handshake
+.1   A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
}
end +10
no finding
)",
     true},
    {"Answers that take three seconds", R"(
times 30 every .1 {
handshake
+.1   A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+3    A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
no finding
)",
     true},
    {"Peers that closed their windows too: the FINs may wait behind data", R"(
times 25 every .1 {
handshake
+.1   A < B  P. 1:1001(1000) ack 1
+.01  A > B  .  1:1(0) ack 1001 win 0
+.1   A > B  F. 1:1(0) ack 1001 win 0
+.01  A < B  .  1001:1001(0) ack 2
}
end +10
no finding
)",
     true},
    {"Many answer late, but few at one time", R"(
times 60 every 1 {
handshake
+.1   A > B  F. 1:1(0) ack 1
+.01  A < B  .  1:1(0) ack 2
+12   A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
no finding
)",
     true},
};

constexpr Threshold kFlows{"min_flows", 20, "", "connections in CLOSE-WAIT for 5 s or more at one time"};
constexpr Threshold kThresholds[]{kFlows};

void tell(Finding f, const Excess& excess, const std::string& whose, std::uint64_t connections,
          Findings& out) {
  const auto peak = static_cast<std::uint64_t>(excess.peak.count);
  f.time_ns = excess.from_ns;
  f.end_ns = excess.until_ns;
  f.count = peak;
  f.summary = number_text(peak) + " of " + count_text(connections, "connection") + " " + whose +
              " were in CLOSE-WAIT at one time, each for 5 s or more" +
              (excess.to_end ? ", and the capture ends so" : "") +
              ": the peers closed, and the application did not.";
  prove(f, "peak", peak);
  prove(f, "peak_at_ns", excess.peak.at_ns);
  prove(f, "connections", connections);
  prove(f, "to_the_end", excess.to_end);
  out.push_back(std::move(f));
}

template <class Known>
Finding begin(const Known& known, const IpAddress& host, std::optional<std::uint16_t> port) {
  Finding f = make_host_finding(kDoc, host, port, known.flows, known.sample());
  if (known.share < 1) f.certainty = Certainty::Likely;
  return f;
}

void examine_hosts(const HostContext& context, Findings& out) {
  const auto least = std::max<std::int64_t>(1, std::llround(context.thresholds.of(kDoc.id, kFlows)));
  const auto found = [&](const EndpointCensus& r) {
    return excesses(r.lingering, TcpState::CloseWait, least, context.capture_end_ns);
  };
  const Census& census = context.book.census();
  for (const auto& known : census.services().known([](const auto& k) { return !k.value->lingering.empty(); }))
    for (const Excess& excess : found(*known.value))
      tell(begin(known, known.key.ip, known.key.port), excess, "of " + endpoint_text(known.key),
           known.value->connections, out);
  for (const auto& known :
       census.visits().known([](const auto& k) { return !k.value->client.lingering.empty(); }))
    for (const Excess& excess : found(known.value->client)) {
      Finding f = begin(known, known.key.client, {});
      prove(f, "server", endpoint_text(known.key.server));
      tell(std::move(f), excess,
           "of client " + to_string(known.key.client) + " to " + endpoint_text(known.key.server),
           known.value->client.connections, out);
    }
}

}  // namespace

namespace detectors_in_files {
extern const Detector close_wait_pileup{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
