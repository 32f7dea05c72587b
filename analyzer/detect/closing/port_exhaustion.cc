#include <cmath>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "port_exhaustion",
    .title = "Ephemeral port exhaustion",
    .scope = Scope::Host,
    .severity = Severity::Error,
    .phase = "Closing",
    .said_when =
        "a client reuses ports within TIME-WAIT or its SYNs stop as the range toward one server is used up",
    .what =
        "Nearly every port of a client's range was taken by connections to one server address and port, "
        "most of them in TIME-WAIT; or the client used up the range and took ports again that it still "
        "held in TIME-WAIT.\n\n"
        "A connection is told from others by both addresses and both ports, so one client address can "
        "have as many connections to one service as its range has ports (28,232 by Linux's default). When "
        "all are taken connect() fails at once with EADDRNOTAVAIL, 'Cannot assign requested address'; "
        "before that it gets slow, since the kernel looks through ever more ports that are taken.",
    .how_known =
        "The client's ends that are in any state but CLOSED are counted over time, by server address and "
        "port, and compared with its range: Linux's default, or what the ports that it used show. Ports "
        "taken again within TIME-WAIT are SYNs on the ports of a connection whose client end closed first "
        "less than the profile's TIME-WAIT before.\n\n"
        "connect() that fails for want of a port sends nothing: what is missing cannot be counted. "
        "Whether the range is wider than thought cannot be seen either, unless the ports show it.",
    .causes =
        "A client (reverse proxy, load balancer, NAT, crawler, load test) that opens a connection for "
        "each request to one upstream and closes first, faster than range divided by 60 s. A narrow "
        "net.ipv4.ip_local_port_range. A leak of connections that stay open. Many clients behind one NAT "
        "address.",
    .confirm =
        "On the client: EADDRNOTAVAIL in the application's log; ss -tan dst SERVER:PORT | wc -l against "
        "sysctl net.ipv4.ip_local_port_range and net.ipv4.ip_local_reserved_ports; nstat -az "
        "TcpExtTWRecycled counts ports taken again from TIME-WAIT. perf top shows __inet_hash_connect or "
        "__inet_check_established busy. On a NAT gateway: conntrack -S (insert_failed) and its port range.",
    .remedy =
        "Persistent connections to the upstream: the only cure that also saves the handshakes; it costs "
        "idle sockets on the server. Meanwhile: net.ipv4.tcp_tw_reuse=1 on the client (needs timestamps "
        "at both ends; a port is free again after 1 s; 2, the default since Linux 4.19, does so for "
        "loopback only); a wider net.ipv4.ip_local_port_range (mind ip_local_reserved_ports for ports "
        "that services listen on); more upstream addresses or ports; more client addresses, bound with "
        "IP_BIND_ADDRESS_NO_PORT. Having the server close first moves TIME-WAIT to it, where it costs "
        "memory only.",
    .bad_advice =
        "net.ipv4.tcp_tw_recycle is gone since Linux 4.12 and broke clients behind NAT. SO_LINGER with 0 "
        "s resets instead of closing: data may be lost, and an old segment may reach the next connection. "
        "tcp_fin_timeout does not shorten TIME-WAIT. bind() to port 0 before connect() makes it worse: "
        "such a port is taken toward all servers at once (use IP_BIND_ADDRESS_NO_PORT).",
    .rfc = "RFC 9293 3.6.1; RFC 6056 3; RFC 6191",
    .wireshark = "Expert note \"TCP Port numbers reused\", one packet at a time",
};

constexpr Example kExamples[] = {
    {"All 200 ports in TIME-WAIT, and taken again before that is over", R"(
times 400 every .25 over 200 ports {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
finding port_exhaustion severity error certainty certain count 200 flows 400
)"},
    {"As many connections open as there are ports", R"(
times 200 every .1 over 200 ports {
handshake
+.01  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
}
times 200 every .1 over 200 ports {
handshake
}
end +10
finding port_exhaustion count 200 flows 400
)"},
    {"A port is free when its turn comes", R"(
times 400 every .4 over 200 ports {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
no finding
)",
     true},
    {"The server closes first: no port of the client waits", R"(
times 400 every .25 over 200 ports {
handshake
+.01  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
}
no finding
)",
     true},
    {"Two hundred of 28,232 ports", R"(
times 200 every .1 {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
no finding
)",
     true},
};

constexpr Threshold kInUse{"min_percent_in_use", 95, "%",
                           "of the client's range taken at one time toward one server address and port"};
constexpr Threshold kReuses{"min_reuses", 10, "", "ports taken again while they were in TIME-WAIT, and"};
constexpr Threshold kUsed{"min_percent_used", 80, "%", "of the range used in all, to count such reuse"};
constexpr Threshold kThresholds[]{kInUse, kReuses, kUsed};

using Known = BusyTable<VisitKey, Visits>::Known;

Finding begin(const Known& known, const PortRange& range) {
  Finding f = make_host_finding(kDoc, known.key.client, {}, known.flows, known.sample());
  f.certainty = known.share < 1 || !range.learnt ? Certainty::Likely : Certainty::Certain;
  prove(f, "server", endpoint_text(known.key.server));
  prove(f, "port_range", range.size);
  prove(f, "port_range_learnt", range.learnt);
  prove(f, "ports_used", known.value->ports.size());
  prove(f, "reused_in_time_wait", known.value->reused);
  return f;
}

void tell_use(const Known& known, const PortRange& range, const Excess& excess, Findings& out) {
  const auto peak = static_cast<std::uint64_t>(excess.peak.count);
  const auto waiting =
      static_cast<std::uint64_t>(known.value->client.states.at(TcpState::TimeWait, excess.peak.at_ns));
  Finding f = begin(known, range);
  f.time_ns = excess.from_ns;
  f.end_ns = excess.until_ns;
  f.count = peak;
  f.summary = to_string(known.key.client) + " had " + number_text(peak) + " of its " +
              number_text(range.size) + " ports taken toward " + endpoint_text(known.key.server) +
              " at one time, " + number_text(waiting) + " of them in TIME-WAIT" +
              (known.value->reused > 0
                   ? ", and took " + count_text(known.value->reused, "port") + " again before that was over."
                   : ": more connections than that cannot be made.");
  prove(f, "peak", peak);
  prove(f, "peak_at_ns", excess.peak.at_ns);
  prove(f, "in_time_wait", waiting);
  out.push_back(std::move(f));
}

void tell_reuse(const Known& known, const PortRange& range, Findings& out) {
  Finding f = begin(known, range);
  f.time_ns = known.value->first_reuse_ns;
  f.end_ns = known.value->client.last_ns;
  f.count = known.value->reused;
  f.summary = to_string(known.key.client) + " used " + number_text(known.value->ports.size()) + " of its " +
              number_text(range.size) + " ports toward " + endpoint_text(known.key.server) +
              " and took ports again that it still held in TIME-WAIT, " + times_text(known.value->reused) +
              ".";
  out.push_back(std::move(f));
}

void examine_hosts(const HostContext& context, Findings& out) {
  const double in_use_share = context.thresholds.of(kDoc.id, kInUse) / 100;
  const double used_share = context.thresholds.of(kDoc.id, kUsed) / 100;
  const double reuses = context.thresholds.of(kDoc.id, kReuses);
  const auto many = [](const Known& known) { return known.value->client.connections >= 100; };
  for (const Known& known : context.book.census().visits().known(many)) {
    const Visits& visits = *known.value;
    const PortRange range = port_range(context.book, known.key.client);
    const double used = static_cast<double>(visits.ports.size());
    if (used < used_share * range.size && used < in_use_share * range.size) continue;
    const auto least = std::max<std::int64_t>(1, std::llround(std::ceil(in_use_share * range.size)));
    const auto found = excesses(visits.client.states.moments(), least, context.capture_end_ns,
                                [](const Population::Moment& moment) { return in_use(moment); });
    for (const Excess& excess : found) tell_use(known, range, excess, out);
    if (found.empty() && static_cast<double>(visits.reused) >= reuses && used >= used_share * range.size)
      tell_reuse(known, range, out);
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector port_exhaustion{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
