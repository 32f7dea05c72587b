#include <algorithm>

#include "analyzer/detect/retransmission_words.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "retransmission_timeout",
    .title = "Retransmission after a timeout (RTO)",
    .severity = Severity::Note,
    .phase = "Transfer",
    .said_when =
        "SND.UNA retransmitted without duplicate-ACK or SACK evidence, at least SRTT + minimum RTO (profile; "
        "Linux 200 ms) after it was last sent, and not a tail loss probe; then doubling. A warning when one "
        "stall is 1 s or more, or two back-offs or more",
    .what =
        "An endpoint retransmitted its oldest unacknowledged data because the retransmission timer ran out: "
        "nothing came back in time, neither an ACK nor a report that later data had arrived.\n\n"
        "This is the slow way to recover. On Linux it costs at least 200 ms, each further timeout in a row "
        "doubles the wait, and afterwards the sender starts again from a congestion window of one segment. "
        "For an application this is a stall; a stall of a second or more, or three timeouts in a row, is "
        "told as a warning.",
    .how_known =
        "The first unacknowledged segment passed again, at least the smoothed round trip and 200 ms (less a "
        "tenth) after it was last sent, with no ACK just before that could have asked for it, and it was no "
        "tail loss probe. What the sender repeats until the losses before the timeout are made good is "
        "counted with it. If the only segment under way is repeated, the next interval decides: it doubles "
        "after a timeout and starts anew after a probe.\n\n"
        "`spurious` counts those of which the peer had all already, by later ACKs, DSACK or timestamps: if "
        "that is all of them, the path delayed the data or their ACKs, and lost nothing.\n\n"
        "Where the first sending never passed the capture point it was lost before it; `first_unseen` says "
        "how often. Where it passed, it or its ACK was lost behind the capture point; where its ACK passed "
        "too, "
        "that was lost or late on the way back. `likely_cause` names the side if it was one of them each "
        "time. A SYN or a FIN alone "
        "is told by other findings and only counted in `rto_retransmissions`; so is a SYN-ACK, but where "
        "the client's ACK comes only after the server has repeated it twice or more.",
    .causes =
        "Loss of the last segments of a burst or of a whole window, so that no duplicate ACKs come. Loss of "
        "the retransmission itself. ACKs lost, or a path that stopped (a failover, Wi-Fi roaming, a paused "
        "virtual machine). Large packets dropped by a path MTU black hole. A peer that has vanished. Delay "
        "that grew suddenly beyond the timer: then the timeout is spurious, and told so too. Timestamps that "
        "went back, set by a middlebox that was restarted or by a host that was moved or resumed from a "
        "snapshot: the receiver answers such segments by an ACK that echoes a later timestamp, takes nothing "
        "of them (PAWS, RFC 7323 5.3), and the summary says so; nothing is lost on the way.",
    .confirm =
        "nstat -az TcpRetransSegs TcpExtTCPTimeouts TcpExtTCPLossProbes TcpExtTCPSpuriousRTOs on the sender. "
        "ss -ti shows rto, backoff, retrans and lost of the socket while it lasts. Interface and queue "
        "drops: ip -s link, ethtool -S, tc -s qdisc. A second capture behind the suspected hop shows on "
        "which side the segment vanished.",
    .remedy =
        "Find and mend the loss. On the hosts, keep SACK and RACK with tail loss probes on "
        "(net.ipv4.tcp_sack=1, tcp_recovery=1, tcp_early_retrans=3, all defaults): they turn most timeouts "
        "into fast recovery. Inside one data centre a lower minimum (ip route ... rto_min 20ms) shortens "
        "stalls; it costs spurious timeouts wherever ACKs are delayed for longer.",
    .bad_advice =
        "Larger socket buffers do not help a sender that waits for its timer. Raising tcp_retries2 only "
        "makes a dead connection take longer to be given up. Turning SACK off to save CPU makes timeouts "
        "more frequent.",
    .rfc = "RFC 6298 2, 5; RFC 9293 3.8.1; RFC 5681 3.1; RFC 8985 7",
    .wireshark =
        "TCP Retransmission (or TCP Out-Of-Order, where it came within the round trip of the handshake)",
};

constexpr Example kExamples[] = {
    {"A lone request is lost twice; the interval doubles", R"(
handshake <mss 1460>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:101(100) ack 1  !lost
+.44  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
finding retransmission_timeout frame 5 frame 6 endpoint client severity note count 2 likely server_side
)"},
    {"What was lost goes out with new data behind it, as soon as a tail loss probe would", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 1:101(100) ack 1  !lost
+.22  A > B  P. 1:601(600) ack 1
+.01  A < B  .  1:1(0) ack 601
finding retransmission_timeout frame 5 endpoint client severity note count 1
)"},
    {"What is sent again never passed before: lost on the client's side of the capture", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 1  <sack 101:201>
+.30  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 201
finding retransmission_timeout endpoint client likely client_side
)"},
    {"Joined with what had passed when it is sent again", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 1  <sack 101:201>
+.30  A > B  P. 1:201(200) ack 1
+.01  A < B  .  1:1(0) ack 201
finding retransmission_timeout endpoint client likely client_side
)"},
    {"Once before the capture point and once behind it: no side is named", R"(
handshake <mss 1460,sackOK>
+.10  A > B  P. 101:201(100) ack 1
+.01  A < B  .  1:1(0) ack 1  <sack 101:201>
+.30  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 201
+1    A > B  P. 201:301(100) ack 1  !lost
+.30  A > B  P. 201:301(100) ack 1
+.01  A < B  .  1:1(0) ack 301
finding retransmission_timeout endpoint client likely none
)"},
    {"Three timeouts in a row stall the transfer for more than a second", R"(
handshake
+.10  A < B  P. 1:1461(1460) ack 1  !lost
+0    A < B  P. 1461:2921(1460) ack 1  !lost
+.22  A < B  .  1:1461(1460) ack 1  !lost
+.44  A < B  .  1:1461(1460) ack 1  !lost
+.88  A < B  .  1:1461(1460) ack 1
+.01  A > B  .  1:1(0) ack 1461
+.01  A < B  P. 1461:2921(1460) ack 1
+.01  A > B  .  1:1(0) ack 2921
finding retransmission_timeout frame 6 frame 7 frame 8 endpoint server severity warning count 4
)"},
    {"The ACK of the SYN-ACK passes only after three repeats of that", R"(
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
+2    A < B  S.  0:0(0) ack 1  <mss 1460>
+4    A < B  S.  0:0(0) ack 1  <mss 1460>
+.05  A > B  .   1:1(0) ack 1
finding retransmission_timeout frame 3 frame 5 endpoint server severity warning count 3 likely client_side
)"},
    {"A tail loss probe is no timeout", R"(
handshake <mss 1460,sackOK>
+.10   A < B  .  1:1461(1460) ack 1
+0     A < B  P. 1461:2921(1460) ack 1  !lost
+.01   A > B  .  1:1(0) ack 1461
+.025  A < B  P. 1461:2921(1460) ack 1
+.01   A > B  .  1:1(0) ack 2921
no finding
)",
     true},
    {"Three duplicate ACKs ask for it", R"(
handshake <mss 1460>
+.10   A < B  .  1:1461(1460) ack 1  !lost
+0     A < B  .  1461:2921(1460) ack 1
+0     A < B  .  2921:4381(1460) ack 1
+0     A < B  .  4381:5841(1460) ack 1
+.01   A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1
+0     A > B  .  1:1(0) ack 1
+.01   A < B  .  1:1461(1460) ack 1
+.01   A > B  .  1:1(0) ack 5841
no finding
)",
     true},
    {"Of one direction alone: the timer's own doubling tells", R"(
+0    A > B  P. 1:501(500) ack 1
+.22  A > B  P. 1:501(500) ack 1
+.44  A > B  P. 1:501(500) ack 1
+.88  A > B  P. 1:501(500) ack 1
+1.8  A > B  P. 1:501(500) ack 1
finding retransmission_timeout frame 2 frame 3 frame 4 frame 5 endpoint client severity warning likely never_answered
)"},
    {"Of one direction alone: new data after the doubling, so it was acknowledged in the end", R"(
+0    A > B  P. 1:501(500) ack 1
+.22  A > B  P. 1:501(500) ack 1
+.44  A > B  P. 1:501(500) ack 1
+.88  A > B  P. 1:501(500) ack 1
+.01  A > B  P. 501:1001(500) ack 1
finding retransmission_timeout endpoint client likely none
)"},
    {"Of one direction alone, each sent again once: by a timer, duplicate ACKs or a probe, nothing tells", R"(
+0    A > B  P. 1:501(500) ack 1
+.22  A > B  P. 1:501(500) ack 1
+.01  A > B  P. 501:1001(500) ack 1
+.22  A > B  P. 501:1001(500) ack 1
no finding
)",
     true},
    {"Keep-alives of one octet a second apart, of whose sender the capture has nothing before", R"(
+0    A < B  P. 1:301(300) ack 2
+.01  A > B  .  2:2(0) ack 301
+61   A > B  .  1:2(1) ack 301  !lost
+1    A > B  .  1:2(1) ack 301  !lost
+1    A > B  .  1:2(1) ack 301  !lost
+1    A > B  .  1:2(1) ack 301  !lost
+1    A > B  .  1:2(1) ack 301  !lost
+1    A > B  R. 2:2(0) ack 301  !lost
finding keepalive_timeout endpoint client
no finding retransmission_timeout
)",
     true},
    {"The client's clock goes back, and none of its resends is taken (PAWS)", R"(
handshake <mss 1460,sackOK,TS val 900000 ecr 0,wscale 7>
+.10  A > B  P. 1:101(100) ack 1      <TS val 900100 ecr 500000>
+.01  A < B  P. 1:301(300) ack 101    <TS val 500100 ecr 900100>
+.01  A > B  .  101:101(0) ack 301    <TS val 900120 ecr 500100>
+1    A > B  P. 101:201(100) ack 301  <TS val 1100 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501200 ecr 900120>
+.25  A > B  P. 101:201(100) ack 301  <TS val 1350 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501460 ecr 900120>
+.50  A > B  P. 101:201(100) ack 301  <TS val 1850 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 501960 ecr 900120>
+1    A > B  P. 101:201(100) ack 301  <TS val 2850 ecr 500100>
+.01  A < B  .  301:301(0) ack 101    <TS val 502970 ecr 900120>
finding retransmission_timeout endpoint client
)"},
    {"A keep-alive repeats an octet that was acknowledged", R"(
handshake
+.10  A > B  P. 1:101(100) ack 1
+.01  A < B  .  1:1(0) ack 101
+60   A > B  .  100:101(1) ack 1
+.01  A < B  .  1:1(0) ack 101
no finding
)",
     true},
};

constexpr TimeNs kLongStall = kSecond;
constexpr std::uint32_t kLongSeries = 3;  // two back-offs
constexpr std::uint64_t kFewestRefused = 2;

// Nothing of the peer was captured, and the sender gets no further to the end: whether the peer is silent or
// its direction is missing, no ACK reached the sender.
bool never_answered(const FlowFacts& flow, Side side, const RetransmissionResults& facts) {
  return flow.facts(other(side)).packets == 0 && facts.longest_series >= kLongSeries &&
         facts.timeouts.last().number == flow.last.number && facts.timeouts.last().file == flow.last.file;
}

std::string_view side_word(const FlowFacts& flow, std::optional<Side> side) {
  if (!side || flow.one_sided()) return "";
  return *side == flow.client ? "client_side" : "server_side";
}

// Toward which end of the capture point the segments or their ACKs were lost, if all of them were there: a
// segment that never passed was lost beside its sender; one that passed and was needed again behind the
// capture point, or its ACK was. Where it had come, nothing tells delay from the loss of its ACK.
std::optional<Side> lost_beside(Side sender, const RetransmissionResults& facts) {
  const std::uint64_t resent =
      facts.timeouts.count() + facts.fast.count() + facts.probes.count() + facts.prompt.count();
  if (facts.first_unseen >= resent) return sender;
  if (facts.first_unseen == 0 && facts.timeouts_spurious == 0) return other(sender);
  return std::nullopt;
}

// Between the capture point and the client, since it did not repeat its SYN either: the SYN-ACKs or the
// client's ACKs of them.
Finding tell_handshake(const DetectContext& context, Side server) {
  const Opening& opening = context.verdicts.opening;
  const auto& repeats = opening.late_completion;
  Finding finding = make_finding(kDoc, context.flow, server);
  cite(finding, opening.syn_acks.first);
  cite(finding, repeats);
  cite(finding, opening.completing);
  finding.count = repeats.size();
  const TimeNs stall = opening.completing.time_ns() - opening.syn_acks.first.time_ns();
  if (stall >= kLongStall || repeats.size() >= kLongSeries) finding.severity = Severity::Warning;
  const std::string client(role(context.flow, other(server)));
  finding.summary =
      "The " + std::string(role(context.flow, server)) +
      "'s retransmission timer ran out: it sent its SYN-ACK again " + times_text(repeats.size()) +
      " before an ACK of the " + client + " passed, " + duration_text(stall) +
      " after the first: SYN-ACKs or ACKs were lost or late between the capture point and the " + client +
      ".";
  prove(finding, "longest_stall_ns", stall);
  prove(finding, "longest_series", repeats.size());
  prove(finding, "likely_cause", side_word(context.flow, other(server)));
  return finding;
}

void examine_end(const DetectContext& context, Side side, Findings& out) {
  const FlowFacts& flow = context.flow;
  const RetransmissionResults& facts = context.transfer->retransmissions[index(side)];
  if (!facts.timeouts) {
    if (side == flow.server() && !context.verdicts.opening.late_completion.empty())
      out.push_back(tell_handshake(context, side));
    return;
  }
  Finding finding = make_finding(kDoc, flow, side);
  tell(finding, facts.timeouts);
  const TimeNs stall = std::max(facts.longest_stall_ns, facts.timeouts.longest_ns());
  if (stall >= kLongStall || facts.longest_series >= kLongSeries) finding.severity = Severity::Warning;
  finding.summary = "The " + std::string(role(flow, side)) + "'s retransmission timer ran out: it sent " +
                    count_text(finding.count, "data segment") + " again; the longest stall took " +
                    duration_text(stall);
  if (facts.longest_series > 1)
    finding.summary += " with " + count_text(facts.longest_series, "timeout") + " in a row";
  const PawsFacts& paws = context.transfer->marks[index(side)].paws;
  const bool refused = paws.refused.count() >= kFewestRefused;
  const bool needless = facts.timeouts_acked < finding.count && facts.timeouts_spurious >= finding.count;
  if (refused)
    finding.summary += "; the " + std::string(role(flow, other(side))) + " refused " +
                       count_text(paws.refused.count(), "segment") + " for timestamps up to " +
                       number_text(paws.most_behind) + " ticks too old (PAWS): they did arrive";
  else if (facts.timeouts_acked >= finding.count)
    finding.summary +=
        "; ACKs of all of it had passed the capture point before: lost or late on their way to the " +
        std::string(role(flow, side));
  else if (needless)
    finding.summary += "; the peer had all of it already: it or its ACKs came late, or the ACKs were lost";
  finding.summary += ".";
  prove(finding, "longest_stall_ns", stall);
  prove(finding, "longest_series", facts.longest_series);
  prove(finding, "waited_ns", facts.timeouts_waited_ns);
  prove(finding, "first_unseen", facts.first_unseen);
  prove(finding, "spurious", facts.timeouts_spurious);
  if (refused) prove(finding, "paws_refused", paws.refused.count());
  const std::string_view likely = refused                             ? "old_timestamps"
                                  : never_answered(flow, side, facts) ? "never_answered"
                                  : needless                          ? "needless"
                                             : side_word(flow, lost_beside(side, facts));
  if (!likely.empty()) prove(finding, "likely_cause", likely);
  out.push_back(std::move(finding));
}

}  // namespace

namespace detectors_in_files {
extern const Detector retransmission_timeout{.doc = kDoc,
                                             .examples = kExamples,
                                             .examine_end = &examine_end,
                                             .needs = Needs::Transfer | Needs::Resends};
}

}  // namespace tcpautopsy
