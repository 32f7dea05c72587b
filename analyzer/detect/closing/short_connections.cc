#include <cmath>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "short_connections",
    .title = "Short connections: one per request",
    .scope = Scope::Host,
    .severity = Severity::Note,
    .phase = "Closing",
    .said_when =
        "100 or more connections of one client and service, each with one exchange and closed: a candidate "
        "for persistent connections; share of time spent in handshakes",
    .what =
        "One client opened a hundred connections or more to one service, nearly all of which carried one "
        "request and one answer and were closed. Nothing is wrong with any of them; together they are a "
        "candidate for persistent connections.\n\n"
        "Each pays a round trip for the handshake before the request can be sent (two or three with TLS), "
        "begins with a small congestion window, costs a port and a socket in TIME-WAIT for a minute, and "
        "a wake-up of the accepting process.",
    .how_known =
        "A connection counts if its handshake completed, each end spoke once, the client first, and it "
        "was closed by FIN or RST. Four in five of the client's connections to the service with data must "
        "be of this kind. The time spent in handshakes is the round trip of each, compared with the time "
        "from its first packet to its last.\n\n"
        "TCP has no messages: a turn is all data of one end until the other sends some. With TLS the "
        "handshake's own messages take several turns, so such connections are not counted.",
    .causes =
        "HTTP keep-alive turned off on either side, or not used by the client library (a new client "
        "object for each request); a proxy without keep-alive to its upstream (nginx without "
        "proxy_http_version 1.1 and keepalive); scripts that call curl once for each URL; health checks; "
        "protocols made so, such as DNS over TCP or whois.",
    .confirm =
        "On the server ss -s (timewait) and nstat TcpPassiveOpens, on the client TcpActiveOpens, against "
        "the application's count of requests: near 1 means one connection each. Look for 'Connection: "
        "close' or HTTP/1.0 in the application's data, if it is readable.",
    .remedy =
        "Persistent connections: keep-alive and a pool at the client, upstream keepalive in the proxy, an "
        "idle time at the server longer than the pool's. It costs idle sockets and memory on the server, "
        "and a client must be ready to repeat a request on a connection that was closed just then. Where "
        "that cannot be, TCP Fast Open saves the round trip (net.ipv4.tcp_fastopen; requests may then "
        "arrive twice, and some middleboxes drop it).",
    .bad_advice =
        "Raising somaxconn, tcp_max_syn_backlog or tcp_max_tw_buckets makes room for the handshakes but "
        "saves none. SO_LINGER 0 to be rid of TIME-WAIT loses data; tcp_tw_recycle is gone from Linux.",
    .rfc = "RFC 9293 3.5, 3.6; RFC 9112 9.3; RFC 7413",
    .wireshark = "none",
};

constexpr Example kExamples[] = {
    {"A hundred requests, a hundred connections", R"(
times 100 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  F. 101:101(0) ack 201
+.01  A < B  F. 201:201(0) ack 102
+.01  A > B  .  102:102(0) ack 202
}
finding short_connections severity note count 100 flows 100
)"},
    {"Ended by RST it is one exchange too; some connections carry two", R"(
times 100 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  R. 101:101(0) ack 201
}
times 20 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  P. 101:201(100) ack 201
+.01  A < B  P. 201:401(200) ack 201
+.01  A > B  R. 201:201(0) ack 401
}
finding short_connections count 100 flows 120
)"},
    {"Ninety-nine are too few", R"(
times 99 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  F. 101:101(0) ack 201
+.01  A < B  F. 201:201(0) ack 102
+.01  A > B  .  102:102(0) ack 202
}
no finding
)",
     true},
    {"Two exchanges each", R"(
times 150 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  P. 101:201(100) ack 201
+.01  A < B  P. 201:401(200) ack 201
+.01  A > B  R. 201:201(0) ack 401
}
no finding
)",
     true},
    {"They stay open", R"(
times 150 every .1 {
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
}
end +10
no finding
)",
     true},
};

constexpr Threshold kConnections{"min_connections", 100, "",
                                 "connections of one client and service with one exchange each"};
constexpr Threshold kShare{"min_percent", 80, "%", "of that client's connections to the service"};
constexpr Threshold kThresholds[]{kConnections, kShare};

void examine_hosts(const HostContext& context, Findings& out) {
  const double least = context.thresholds.of(kDoc.id, kConnections);
  const double least_share = context.thresholds.of(kDoc.id, kShare) / 100;
  const auto many = [&](const auto& known) {
    const double single = static_cast<double>(known.value->single);
    return single >= least && single / static_cast<double>(known.value->connections) >= least_share;
  };
  for (const auto& known : context.book.exchanges().visitors().known(many)) {
    const Visitors& v = *known.value;
    Finding f =
        make_host_finding(kDoc, known.key.server.ip, known.key.server.port, known.flows, known.sample());
    if (known.share < 1) f.certainty = Certainty::Likely;
    f.time_ns = v.span.first_ns;
    f.end_ns = v.span.last_ns;
    f.count = v.single;
    const double handshakes =
        v.duration_ns > 0 ? static_cast<double>(v.handshake_ns) / static_cast<double>(v.duration_ns) : 0;
    f.summary = to_string(known.key.client) + " made " + share_text(v.single, v.connections) +
                " connections to " + endpoint_text(known.key.server) + " for one exchange each, in " +
                duration_text(f.end_ns - f.time_ns) + "; their handshakes took " +
                duration_text(v.handshake_ns / static_cast<TimeNs>(v.single)) + " each, " +
                percent_text(handshakes) + " of the time that they lasted.";
    prove(f, "client", to_string(known.key.client));
    prove(f, "connections", v.connections);
    prove(f, "with_one_exchange", v.single);
    prove(f, "handshakes_ns", v.handshake_ns);
    prove(f, "durations_ns", v.duration_ns);
    prove(f, "percent_in_handshakes", std::round(handshakes * 1000) / 10);
    out.push_back(std::move(f));
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector short_connections{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
