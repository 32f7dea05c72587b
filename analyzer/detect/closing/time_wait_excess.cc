#include <cmath>
#include <set>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "time_wait_excess",
    .title = "TIME-WAIT accumulation",
    .scope = Scope::Host,
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "endpoints in TIME-WAIT: 1,000 or more at one address, or 10 % or more of the client's port range "
        "(default 28,232 ports; the range learnt from ports seen) held by a client toward one server "
        "address and port; peak, when, who closes first, churn, predicted time to exhaustion",
    .what =
        "At one address a thousand endpoints or more were in TIME-WAIT at one time, or a client held a "
        "tenth or more of its ports in TIME-WAIT toward one server address and port.\n\n"
        "The end that closes first keeps the connection in TIME-WAIT for 2MSL (60 s on Linux), so that "
        "the last ACK can be repeated and old segments die. So the number is simply the rate of "
        "connections times 60 s. It costs little by itself: on Linux some 250 octets each, no descriptor, "
        "no buffers, hardly any CPU. What can run out is ports, and only at the client: each connection "
        "to the same server address and port needs another one, and those in TIME-WAIT are taken. With "
        "28,232 ports (Linux's default range) and 60 s, 470 connections a second to one service use up "
        "the range; then connect() fails with EADDRNOTAVAIL (see port_exhaustion).",
    .how_known =
        "Each connection's history says when an end entered TIME-WAIT and, by the profile's time, when it "
        "left; the count is of all ends at the address at one time, by each end's own time of change. "
        "Ends that were in TIME-WAIT before the capture began are not counted. The rate is that of the "
        "2MSL before the peak. The client's range is Linux's default, unless the ports that it used show "
        "another.\n\n"
        "The capture cannot show sockets that a host dropped in silence: Linux ends TIME-WAIT at once "
        "when there are more than net.ipv4.tcp_max_tw_buckets. Connections of this host that passed "
        "elsewhere are not counted.",
    .causes =
        "A connection for each request: clients without keep-alive or pooling, a proxy that speaks "
        "HTTP/1.0 or 'Connection: close' to its upstream, health checks, a database client that connects "
        "for each query. Which end has them says who closes first: a client in TIME-WAIT often is a "
        "proxy, load balancer or batch job that is done with its request; a server in TIME-WAIT often has "
        "keep-alive turned off or a very short idle timeout.",
    .confirm =
        "ss -s tells the total (timewait); ss -tan state time-wait | awk '{print $4}' | sort | uniq -c | "
        "sort -n by local or ($5) peer address. nstat -az TcpExtTW TcpExtTWRecycled "
        "TcpExtTCPTimeWaitOverflow: how many ended, were reused, were dropped. sysctl "
        "net.ipv4.ip_local_port_range net.ipv4.tcp_max_tw_buckets net.ipv4.tcp_tw_reuse.",
    .remedy =
        "First: fewer connections. Persistent connections and pools at the application (HTTP keep-alive, "
        "upstream keepalive in a proxy) remove the cause and the handshakes too; they cost idle sockets "
        "at the server and a retry when a pooled connection proves dead.\n\n"
        "A client that runs short of ports: net.ipv4.tcp_tw_reuse=1 lets connect() take a port in "
        "TIME-WAIT after 1 s if both ends use timestamps; safe by RFC 6191, of no use to servers, and "
        "void where a middlebox strips timestamps. A wider net.ipv4.ip_local_port_range (1024 65535) "
        "gives 2.3 times as many; keep the ports that services listen on out by ip_local_reserved_ports. "
        "More server addresses or ports, or more client addresses (with IP_BIND_ADDRESS_NO_PORT), "
        "multiply the number of pairs.\n\n"
        "A server: let clients close first, or do nothing: its own port is shared by all, and TIME-WAIT "
        "there only costs memory. Raise net.ipv4.tcp_max_tw_buckets if TcpExtTCPTimeWaitOverflow grows; "
        "each costs some 250 octets.",
    .bad_advice =
        "net.ipv4.tcp_tw_recycle: it dropped connections of clients behind NAT and is gone since Linux "
        "4.12. SO_LINGER with 0 s avoids TIME-WAIT by a RST, which discards data not yet acknowledged "
        "and leaves old segments to disturb the next connection on these ports. tcp_fin_timeout concerns "
        "FIN-WAIT-2, not TIME-WAIT, whose 60 s are fixed in Linux. Lowering tcp_max_tw_buckets ends "
        "TIME-WAIT early, with the same dangers (RFC 1337). SO_REUSEADDR lets a server bind again; it "
        "frees no port for connect().",
    .rfc = "RFC 9293 3.6.1, 3.10.7.8; RFC 6191; RFC 6056 3",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"A thousand connections closed by their client", R"(
times 1000 every .02 {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
finding time_wait_excess severity warning count 1000 flows 1000
)"},
    {"A thousand clients, the server closes first", R"(
times 1000 every .02 from 10.1.0.0/16 {
handshake
+.01  A < B  F. 1:1(0) ack 1
+.01  A > B  F. 1:1(0) ack 2
+.01  A < B  .  2:2(0) ack 2
}
end +100
finding time_wait_excess count 1000 flows 1000
)"},
    {"A client that has 200 ports and holds most of them in TIME-WAIT", R"(
times 320 every .35 over 200 ports {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
finding time_wait_excess flows 320
)"},
    {"One less than a thousand", R"(
times 999 every .02 {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
end +100
no finding
)",
     true},
    {"Twelve hundred, but never more than 600 at one time", R"(
times 1200 every .1 {
handshake
+.01  A > B  F. 1:1(0) ack 1
+.01  A < B  F. 1:1(0) ack 2
+.01  A > B  .  2:2(0) ack 2
}
no finding
)",
     true},
    {"Closed by RST: nobody waits", R"(
times 1000 every .02 {
handshake
+.01  A > B  R. 1:1(0) ack 1
}
no finding
)",
     true},
};

constexpr Threshold kAtAddress{"min_at_address", 1000, "", "endpoints in TIME-WAIT at one address"};
constexpr Threshold kOfRange{"min_percent_of_ports", 10, "%",
                             "of a client's port range in TIME-WAIT toward one server address and port"};
constexpr Threshold kThresholds[]{kAtAddress, kOfRange};

// Who has these endpoints, and toward whom, as far as it is one service.
struct Holder {
  const EndpointCensus* residents = nullptr;
  IpAddress host;
  std::optional<EndpointAddress> service;  // at which most of them are, or toward which
  bool is_client = false;
  std::optional<PortRange> range;  // of a client with most of them toward one service
  std::uint64_t flows = 0;
  std::vector<std::uint64_t> sample;
  double share = 1;
};

void tell_growth(Finding& f, const Holder& holder, const Excess& excess, const HostContext& context) {
  const TimeNs time_wait = context.profile.time_wait;
  const auto rate = entries_per_second(holder.residents->states, excess.peak, time_wait);
  if (!rate) return;
  const double steady = *rate * static_cast<double>(time_wait) / static_cast<double>(kSecond);
  prove(f, "entries_per_second", std::round(*rate * 10) / 10);
  prove(f, "levels_off_at", std::llround(steady));
  f.summary += "; " + number_text(static_cast<std::uint64_t>(std::llround(*rate))) + " a second came in";
  if (!holder.range) return;
  const double range = holder.range->size;
  if (steady <= range) {
    prove(f, "ports_run_out", false);
    f.summary += ", which at that rate levels off at " + percent_text(steady / range) + " of its ports";
    return;
  }
  const double left = std::max(0.0, range - static_cast<double>(excess.peak.count)) / *rate;
  const auto left_ns = static_cast<TimeNs>(left * static_cast<double>(kSecond));
  prove(f, "ports_run_out", true);
  prove(f, "ports_run_out_after_peak_ns", left_ns);
  f.summary += ", and at that rate its ports are used up " + duration_text(left_ns) + " after the peak";
}

void tell_place(Finding& f, const Holder& holder, const Excess& excess) {
  const auto peak = static_cast<std::uint64_t>(excess.peak.count);
  const std::string host = to_string(holder.host);
  f.summary = host + " had " + number_text(peak) + " endpoints in TIME-WAIT at once";
  if (holder.service && holder.is_client) {
    f.summary += ", most of them as client of " + endpoint_text(*holder.service);
    prove(f, "server", endpoint_text(*holder.service));
  } else if (holder.service) {
    f.summary += ", most of them of its service on port " + std::to_string(holder.service->port);
  }
  prove(f, "peak", peak);
  prove(f, "peak_at_ns", excess.peak.at_ns);
  if (!holder.range) return;
  const double share = static_cast<double>(peak) / holder.range->size;
  prove(f, "port_range", holder.range->size);
  prove(f, "port_range_learnt", holder.range->learnt);
  prove(f, "percent_of_ports", std::round(share * 1000) / 10);
  f.summary += " (" + percent_text(share) + " of its " + number_text(holder.range->size) + " ports)";
}

void tell_closing(Finding& f, const Holder& holder) {
  const EndpointCensus& r = *holder.residents;
  const std::uint64_t closed = r.closed_here + r.closed_there + r.closed_both;
  prove(f, "closed_first_here", r.closed_here);
  prove(f, "closed_first_by_peer", r.closed_there);
  prove(f, "connections", r.connections);
  if (closed == 0) return;
  f.summary += ". It closes first in " + share_text(r.closed_here, closed) + " connections.";
}

void tell(const Holder& holder, const Excess& excess, const HostContext& context, Findings& out) {
  std::optional<std::uint16_t> port;
  if (holder.service && !holder.is_client) port = holder.service->port;
  Finding f = make_host_finding(kDoc, holder.host, port, holder.flows, holder.sample);
  f.time_ns = excess.from_ns;
  f.end_ns = excess.until_ns;
  f.count = static_cast<std::uint64_t>(excess.peak.count);
  if (holder.share < 1) f.certainty = Certainty::Likely;
  tell_place(f, holder, excess);
  tell_growth(f, holder, excess, context);
  tell_closing(f, holder);
  out.push_back(std::move(f));
}

// Most of the host's endpoints in TIME-WAIT are at one service of it, or toward one.
void find_service(Holder& holder, const Excess& excess, const HostBook& book) {
  const auto most = [&](const EndpointCensus& r) {
    return 2 * r.time_waits > static_cast<std::uint64_t>(excess.peak.count) &&
           2 * r.states.peak(TcpState::TimeWait).count > excess.peak.count;
  };
  const auto at_host = [&](const auto& known) { return known.key.ip == holder.host && most(*known.value); };
  for (const auto& known : book.census().services().known(at_host)) holder.service = known.key;
  const auto from_host = [&](const auto& known) {
    return known.key.client == holder.host && most(known.value->client);
  };
  for (const auto& known : book.census().visits().known(from_host)) {
    holder.service = known.key.server;
    holder.is_client = true;
    holder.range = port_range(book, holder.host);
  }
}

void examine_hosts(const HostContext& context, Findings& out) {
  const Census& census = context.book.census();
  const auto at_address = std::max<std::int64_t>(1, std::llround(context.thresholds.of(kDoc.id, kAtAddress)));
  const double of_range = context.thresholds.of(kDoc.id, kOfRange) / 100;
  std::set<IpAddress> told;
  const auto many = [&](const auto& known) {
    return known.value->time_waits >= static_cast<std::uint64_t>(at_address);
  };
  for (const auto& known : census.hosts().known(many)) {
    for (const Excess& excess :
         excesses(known.value->states, TcpState::TimeWait, at_address, context.capture_end_ns)) {
      Holder holder{known.value, known.key, {}, false, {}, known.flows, known.sample(), known.share};
      find_service(holder, excess, context.book);
      tell(holder, excess, context, out);
      told.insert(known.key);
    }
  }
  const auto busy = [&](const auto& known) {
    const std::uint64_t time_waits = known.value->client.time_waits;
    // No range is smaller than the ports that were used.
    const double ports = static_cast<double>(known.value->ports.size());
    return time_waits >= 100 && static_cast<double>(time_waits) >= of_range * ports &&
           !told.contains(known.key.client);
  };
  for (const auto& known : census.visits().known(busy)) {
    const EndpointCensus& client = known.value->client;
    const PortRange range = port_range(context.book, known.key.client);
    const auto least = std::max<std::int64_t>(1, std::llround(std::ceil(of_range * range.size)));
    for (const Excess& excess : excesses(client.states, TcpState::TimeWait, least, context.capture_end_ns))
      tell({&client, known.key.client, known.key.server, true, range, known.flows, known.sample(),
            known.share},
           excess, context, out);
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector time_wait_excess{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
