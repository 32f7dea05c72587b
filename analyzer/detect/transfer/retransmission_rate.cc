#include <cmath>
#include <set>

#include "analyzer/detect/evidence.h"
#include "analyzer/detect/resident_facts.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "retransmission_rate",
    .title = "High retransmission rate",
    .scope = Scope::Host,
    .severity = Severity::Warning,
    .phase = "Transfer",
    .said_when =
        "2 % or more of 1,000 or more data segments of a host pair or service retransmitted; which side of T "
        "loses",
    .what =
        "Of a thousand data segments or more in one direction of a service, or between two hosts, 2 % or "
        "more were retransmitted.\n\n"
        "With loss-based congestion control the rate that TCP can hold falls with the square root of the "
        "loss: at 2 % and a round trip of 50 ms Reno holds some 2 Mbit/s whatever the link. Below 0.1 % "
        "is usual on wired paths; bursts of loss at the end of short answers show as waiting times "
        "instead.",
    .how_known =
        "Segments whose octets had all been sent before are counted, without keep-alives, window probes "
        "and packets captured twice, over all connections together. A segment retransmitted whose first "
        "sending never passed the capture point was lost between its sender and the capture point; the "
        "others were lost beyond it, or were not lost at all (spurious: a DSACK, an ACK or a timestamp "
        "shows that the receiver had them).\n\n"
        "What a capture misses itself looks like loss before the capture point only if the segment is "
        "retransmitted; capture_loss tells of those that are not.",
    .causes =
        "A link that loses: radio, a bad cable or optic, a duplex mismatch. A queue that overflows: a "
        "slower link on the way, a policer or shaper, a small switch buffer hit by bursts. Reordering "
        "that makes senders repeat too soon (spurious). An MTU that does not fit (pmtu_blackhole). A "
        "receiver that drops: ring buffer, netfilter, socket memory.",
    .confirm =
        "nstat -az TcpRetransSegs TcpOutSegs TcpExtTCPLostRetransmit TcpExtTCPDSACKRecv on the sender; ss "
        "-ti shows retrans and rtt by connection. ip -s link and ethtool -S for drops and CRC errors on "
        "both hosts and the switches between, tc -s qdisc for queue drops. mtr --tcp shows from which hop "
        "on loss begins. A second capture at the other end tells which side loses.",
    .remedy =
        "Mend the side that loses: the part before the capture point or the one after it, as the finding "
        "has it. Where a queue overflows: pacing and a fair queue (fq), a shaper in place of a policer, "
        "BBR on the sender (it holds its rate under random loss, at the cost of others in a shared "
        "queue), more link. Where it is spurious: see reordering.",
    .bad_advice =
        "Larger socket buffers (tcp_rmem, tcp_wmem) do not mend loss and make a full queue fuller. "
        "Turning SACK or timestamps off makes each loss dearer.",
    .rfc = "RFC 5681; RFC 6298; RFC 6675; RFC 8985",
    .wireshark = "\"TCP Retransmission\" and its kin, counted over all connections",
};

constexpr Example kExamples[] = {
    {"One segment in eleven retransmitted, lost behind the capture point", R"(
times 100 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A > B  P. 101:201(100) ack 1
+.001 A > B  P. 201:301(100) ack 1
+.001 A > B  P. 301:401(100) ack 1 !lost
repeat 6 {
+.001 A > B  P. 401:501(100) ack 1
}
+.01  A < B  .  1:1(0) ack 301 <sack 401:1001>
+.01  A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 1001
}
finding retransmission_rate severity warning count 100 flows 100 likely server_side
)"},
    {"Lost before it", R"(
times 100 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A > B  P. 101:201(100) ack 1
+.001 A > B  P. 201:301(100) ack 1
+.001 A > B  P. 301:401(100) ack 1 !unseen
repeat 6 {
+.001 A > B  P. 401:501(100) ack 1
}
+.01  A < B  .  1:1(0) ack 301 <sack 401:1001>
+.01  A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 1001
}
finding retransmission_rate count 100 flows 100 likely client_side
)"},
    {"What the service sends is lost before it", R"(
times 100 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A < B  P. 1:101(100) ack 101
+.001 A < B  P. 101:201(100) ack 101
+.001 A < B  P. 201:301(100) ack 101
+.001 A < B  P. 301:401(100) ack 101 !unseen
repeat 6 {
+.001 A < B  P. 401:501(100) ack 101
}
+.01  A > B  .  101:101(0) ack 301 <sack 401:1001>
+.01  A < B  P. 301:401(100) ack 101
+.01  A > B  .  101:101(0) ack 1001
}
finding retransmission_rate count 100 flows 100 likely server_side
)"},
    {"Once before it and once behind it: no side is named", R"(
times 100 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A > B  P. 101:201(100) ack 1 !unseen
+.001 A > B  P. 201:301(100) ack 1
+.001 A > B  P. 301:401(100) ack 1 !lost
repeat 6 {
+.001 A > B  P. 401:501(100) ack 1
}
+.01  A < B  .  1:1(0) ack 101 <sack 401:1001 201:301>
+.01  A > B  P. 101:201(100) ack 1
+.001 A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 1001
}
finding retransmission_rate count 200 flows 100 likely none
)"},
    {"Fewer than a thousand segments", R"(
times 90 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A > B  P. 101:201(100) ack 1
+.001 A > B  P. 201:301(100) ack 1
+.001 A > B  P. 301:401(100) ack 1 !lost
repeat 6 {
+.001 A > B  P. 401:501(100) ack 1
}
+.01  A < B  .  1:1(0) ack 301 <sack 401:1001>
+.01  A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 1001
}
no finding
)",
     true},
    {"One in a hundred", R"(
times 110 every .1 {
handshake
repeat 10 {
+.001 A > B  P. 1:101(100) ack 1
}
+.01  A < B  .  1:1(0) ack 1001
}
times 10 every .1 {
handshake
+.001 A > B  P. 1:101(100) ack 1
+.001 A > B  P. 101:201(100) ack 1
+.001 A > B  P. 201:301(100) ack 1
+.001 A > B  P. 301:401(100) ack 1 !lost
repeat 6 {
+.001 A > B  P. 401:501(100) ack 1
}
+.01  A < B  .  1:1(0) ack 301 <sack 401:1001>
+.01  A > B  P. 301:401(100) ack 1
+.01  A < B  .  1:1(0) ack 1001
}
no finding
)",
     true},
};

constexpr Threshold kPercent{"min_percent", 2, "%", "of data segments retransmitted"};
constexpr Threshold kSegments{"min_segments", 1000, "", "data segments in that direction"};
constexpr Threshold kThresholds[]{kPercent, kSegments};

struct Limits {
  double share = 0, segments = 0;
  bool met(const Sent& sent) const {
    return static_cast<double>(sent.segments) >= segments && sent.segments > 0 &&
           static_cast<double>(sent.resent) >= share * static_cast<double>(sent.segments);
  }
};

enum class LostAt : std::uint8_t { Nowhere, BesideSender, Beyond, BothSides };

LostAt where_lost(const Sent& sent) {
  const std::uint64_t beyond = sent.resent - std::min(sent.resent, sent.unseen + sent.spurious);
  if (2 * sent.spurious > sent.resent) return LostAt::Nowhere;
  if (4 * sent.unseen >= 3 * sent.resent) return LostAt::BesideSender;
  if (4 * beyond >= 3 * sent.resent) return LostAt::Beyond;
  return LostAt::BothSides;
}

std::string_view words(LostAt lost) {
  switch (lost) {
    case LostAt::Nowhere: return "most of it needlessly, since the receiver had it";
    case LostAt::BesideSender: return "lost between the sender and the capture point";
    case LostAt::Beyond: return "lost between the capture point and the receiver";
    case LostAt::BothSides: break;
  }
  return "lost on both sides of the capture point";
}

// On whose side of the capture point, where the direction has a client and a service.
std::string_view side_word(LostAt lost, bool by_clients) {
  if (lost == LostAt::BesideSender) return by_clients ? "client_side" : "server_side";
  if (lost == LostAt::Beyond) return by_clients ? "server_side" : "client_side";
  return "";
}

template <class Known>
Finding& tell(const Known& known, const Sent& sent, const IpAddress& host, std::optional<std::uint16_t> port,
              const std::string& who, Findings& out) {
  Finding f = make_host_finding(kDoc, host, port, known.flows, known.sample());
  if (known.share < 1) f.certainty = Certainty::Likely;
  f.time_ns = known.value->span.first_ns;
  f.end_ns = known.value->span.last_ns;
  f.count = sent.resent;
  const double share = static_cast<double>(sent.resent) / static_cast<double>(sent.segments);
  f.summary = who + " sent " + number_text(sent.resent) + " of " + number_text(sent.segments) +
              " data segments again (" + percent_text(share) + "), " + std::string(words(where_lost(sent))) +
              ".";
  prove(f, "segments", sent.segments);
  prove(f, "sent_again", sent.resent);
  prove(f, "percent", std::round(share * 1000) / 10);
  prove(f, "lost_before_capture_point", sent.unseen);
  prove(f, "spurious", sent.spurious);
  prove(f, "lost_beyond_capture_point", sent.resent - std::min(sent.resent, sent.unseen + sent.spurious));
  return out.emplace_back(std::move(f));
}

template <class Known>
void tell_of_service(const Known& known, Findings& out, const Limits& limits) {
  const EndpointAddress& service = known.key;
  for (const bool by_clients : {true, false}) {
    const Sent& sent = known.value->by[by_clients ? 0 : 1];
    if (!limits.met(sent)) continue;
    const std::string who = (by_clients ? "Clients of " : "") + endpoint_text(service);
    Finding& finding = tell(known, sent, service.ip, service.port, who, out);
    const std::string_view side = side_word(where_lost(sent), by_clients);
    if (!side.empty()) prove(finding, "likely_cause", side);
  }
}

void examine_hosts(const HostContext& context, Findings& out) {
  const Limits limits{context.thresholds.of(kDoc.id, kPercent) / 100,
                      context.thresholds.of(kDoc.id, kSegments)};
  std::set<IpAddress> told;  // hosts of services: what a pair adds to that says nothing new
  const auto met = [&](const auto& known) {
    return limits.met(known.value->by[0]) || limits.met(known.value->by[1]);
  };
  for (const auto& known : context.book.exchanges().services().known(met)) {
    tell_of_service(known, out, limits);
    told.insert(known.key.ip);
  }
  for (const auto& known : context.book.exchanges().pairs().known(met)) {
    const auto& [low, high] = known.key;
    if (told.contains(low) || told.contains(high)) continue;
    if (limits.met(known.value->by[0]))
      tell(known, known.value->by[0], low, {}, to_string(low) + " to " + to_string(high), out);
    if (limits.met(known.value->by[1]))
      tell(known, known.value->by[1], high, {}, to_string(high) + " to " + to_string(low), out);
  }
}

}  // namespace

namespace detectors_in_files {
extern const Detector retransmission_rate{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
