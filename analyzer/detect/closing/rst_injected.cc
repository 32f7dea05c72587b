#include <algorithm>
#include <utility>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "rst_injected",
    .title = "Injected RST",
    .severity = Severity::Warning,
    .phase = "Closing",
    .said_when =
        "a RST whose TTL, IP ID or sequence fits the endpoint's other segments badly, or the endpoint goes "
        "on after it",
    .what =
        "A RST in the name of an endpoint does not fit it: another TTL or a strange IP ID, a sequence number "
        "outside the window, sooner than the endpoint can have answered, or the endpoint goes on with the "
        "connection as if nothing had happened. "
        "Somebody between the hosts, or an attacker off the path, may have sent it.",
    .how_known =
        "Compared with the other segments of the same endpoint in this connection: their TTL is constant and "
        "the RST's differs; their IP IDs count up by small steps and the RST's is out of line (a RST with "
        "ACK only, since hosts number RSTs without a socket differently, Linux by 0). "
        "Or the RST lies outside the receiver's window though it answers no earlier segment. Or the endpoint "
        "sends new data, or acknowledges something new, more than a round trip after it. Or it answers a "
        "segment that passed less than a third of the least round trip to the endpoint before it (of round "
        "trips from 5 ms on; where only the handshake was measured, which may have been slow for once, it is "
        "told beside another cause). Two of them, one in the name of either end and in one moment, are one "
        "event and told together.\n\n"
        "Alone, a TTL that differs by just the distance of two usual initial values (64, 128, 255) can come "
        "from the host's own other code path, or from a proxy that answers for it: then only 'possible'. A "
        "careful injector copies TTL and ID; near the host's own interface a capture settles it, since an "
        "injected RST is not among the packets the host sent.",
    .causes =
        "A firewall, IPS, load balancer or parental filter that ends connections by RSTs in both directions "
        "(idle timeout, policy, a forbidden name in a TLS hello or an HTTP request). A carrier or national "
        "filter. A blind attack. A SYN proxy or transparent proxy with its own TTL. A NAT host or container "
        "node "
        "whose connection tracking takes a segment for invalid (data sent again that were acknowledged "
        "already): "
        "it does not translate it, and its own TCP, which has no such socket, answers it with RST. Rarely: a "
        "route that changed in that very moment.",
    .confirm =
        "Capture on the host in whose name it came (tcpdump 'tcp[tcpflags] & tcp-rst != 0'): it is injected "
        "if the host did not send it; nstat -az TcpOutRsts and TcpExtTCPAbort* there stay still. Compare the "
        "TTL with traceroute hop counts to place the device. Receiver's side: TcpExtTCPChallengeACK counts "
        "inexact RSTs.",
    .remedy =
        "Take the rule or the timer off the device that sends it. On a NAT host or container node: drop what "
        "connection tracking calls INVALID, or net.netfilter.nf_conntrack_tcp_be_liberal=1. Between own "
        "hosts TCP-AO (RFC 5925) or "
        "IPsec makes forged RSTs ineffective; TLS does not, since it is above TCP. RFC 5961 stacks (Linux "
        "since 3.6) already discard all but exact ones.",
    .bad_advice =
        "Dropping all RSTs with a given TTL by iptables also drops the legitimate ones of that path, and "
        "leaves connections hanging at both ends.",
    .rfc = "RFC 9293 3.5.3, 3.10.7.4 second check; RFC 5961 3",
    .wireshark = "none (plain [RST]); TCP ACKed unseen segment or TCP Retransmission after it",
};

constexpr Example kExamples[] = {
    {"Another TTL", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1     ttl 64
+.01  A < B  P. 1:201(200) ack 101   ttl 64
+.01  A > B  .  101:101(0) ack 201   ttl 64
+.01  A > B  P. 101:301(200) ack 201 ttl 64
+.002 A < B  R. 201:201(0) ack 301   ttl 47
finding rst_injected frame 8 endpoint server severity warning certainty likely
)"},
    {"The endpoint goes on after it", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.002 A < B  R  1:1(0)
+.02  A < B  P. 1:501(500) ack 101
+.20  A < B  P. 501:1001(500) ack 101
finding rst_injected frame 5 endpoint server
)"},
    {"Sooner than the endpoint can have answered", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.03   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.0001 A > B  P.  1:301(300) ack 1
+.028  A < B  P.  1:201(200) ack 301
+.0001 A > B  P.  301:601(300) ack 201
+.004  A < B  R.  201:201(0) ack 601
finding rst_injected frame 7 endpoint server severity warning certainty possible
)"},
    {"By the handshake alone, which may have been slow for once: both causes are told", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.03   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.0001 A > B  P.  1:301(300) ack 1
+.004  A < B  R.  1:1(0) ack 301
finding rst_injected frame 5 endpoint server severity info certainty possible
finding rst_unread_data frame 5 endpoint server severity warning
)"},
    {"A node that does not translate data sent again answers them itself, again and again", R"(
+0      A > B  S  0:0(0) <mss 1460>     ttl 63
+.02    A < B  S. 0:0(0) ack 1 <mss 1460>  ttl 52
+.001   A > B  .  1:1(0) ack 1          ttl 63
+.01    A > B  P. 1:101(100) ack 1      ttl 63
+.01    A < B  P. 1:201(200) ack 101    ttl 52
+.001   A > B  .  101:101(0) ack 201    ttl 63
+.30    A < B  P. 1:201(200) ack 101    ttl 52
+.00003 A > B  R  201:201(0)            ttl 64
+.10    A < B  P. 201:401(200) ack 101  ttl 52
+.001   A > B  .  101:101(0) ack 401    ttl 63
+.30    A < B  P. 201:401(200) ack 101  ttl 52
+.00003 A > B  R  401:401(0)            ttl 64
+.10    A < B  P. 401:601(200) ack 101  ttl 52
+.001   A > B  .  101:101(0) ack 601    ttl 63
finding rst_injected frame 8 frame 12 endpoint client severity warning certainty certain count 2
)"},
    {"Far outside the window", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+.10  A < B  R  900000000:900000000(0)
finding rst_injected frame 7 endpoint server certainty possible
)"},
    {"Begun in the middle: the only round trip is that of a delayed ACK", R"(
+0       A > B  P.  1:301(300) ack 1
+.0425   A < B  .   1:1(0) ack 301
+60      A > B  .   300:300(0) ack 1
+.0005   A < B  R   1:1(0)
no finding
)",
     true},
    {"A health check resets as soon as the greeting comes, which it does not acknowledge", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.0001 A < B  S.  0:0(0) ack 1  <mss 1460>
+.03   A > B  .   1:1(0) ack 1
+.0003 A < B  P.  1:21(20) ack 1
+.001  A > B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"An abort that answers nothing, sent before the request came", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.03   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.5    A > B  P.  1:301(300) ack 1
+.004  A < B  R.  1:1(0) ack 1
no finding
)",
     true},
    {"An answer just as soon as the path allows", R"(
+0     A > B  S   0:0(0)        <mss 1460>
+.03   A < B  S.  0:0(0) ack 1  <mss 1460>
+.0001 A > B  .   1:1(0) ack 1
+.0001 A > B  P.  1:301(300) ack 1
+.02   A < B  R.  1:1(0) ack 301
no finding
)",
     true},
    {"The endpoint's own abort", R"(
handshake
+.01  A > B  P. 1:101(100) ack 1
+.01  A < B  P. 1:201(200) ack 101
+.01  A > B  .  101:101(0) ack 201
+.30  A < B  R. 201:201(0) ack 101
no finding
)",
     true},
    {"Without a socket Linux sends it with IP ID 0", R"(
handshake
+.10  A < B  F. 1:1(0) ack 1
+.05  A > B  .  1:1(0) ack 2
+.10  A > B  P. 1:301(300) ack 2
+.01  A < B  R  2:2(0) id 0
no finding
)",
     true},
    {"Below the window, since it answers a segment that crossed later ACKs", R"(
handshake
+.10   A < B  P. 1:201(200) ack 1
+.002  A < B  F. 201:201(0) ack 1
+.004  A > B  P. 1:101(100) ack 1
+.004  A > B  .  101:101(0) ack 202
+.006  A < B  R  1:1(0)
+.004  A < B  R  202:202(0)
no finding
)",
     true},
    {"A device resets either end", R"(
+0     A > B  S   0:0(0)       <mss 1460> ttl 64
+.01   A < B  S.  0:0(0) ack 1 <mss 1460> ttl 52
+.01   A > B  .   1:1(0) ack 1 ttl 64
+.01   A > B  P. 1:101(100) ack 1 ttl 64
+.01   A < B  P. 1:301(300) ack 101 ttl 52
+.0001 A > B  .  101:101(0) ack 301 ttl 64
+5     A > B  P. 101:201(100) ack 301 ttl 64
+.0005 A < B  R. 301:301(0) ack 201 ttl 61
+.0001 A > B  R. 201:201(0) ack 301 ttl 61
finding rst_injected frame 8 frame 9 count 2 severity warning certainty likely
)"},
    {"A device resets either end, near the client, which the first has closed when the second passes", R"(
+0     A > B  S   0:0(0)        <mss 1460>    ttl 64
+.02   A < B  S.  0:0(0) ack 1  <mss 1460>    ttl 52
+.0001 A > B  .   1:1(0) ack 1                ttl 64
+.01   A > B  P.  1:101(100) ack 1            ttl 64
+.02   A < B  P.  1:301(300) ack 101          ttl 52
+.0001 A > B  .   101:101(0) ack 301          ttl 64
+5     A > B  P.  101:201(100) ack 301        ttl 64
+.0005 A < B  R.  301:301(0) ack 201          ttl 61
+.0001 A > B  R.  201:201(0) ack 301          ttl 61
finding rst_injected frame 8 frame 9 count 2 severity warning certainty likely
)"},
    {"The same three times over", R"(
+0     A > B  S   0:0(0)        <mss 1460>    ttl 64
+.02   A < B  S.  0:0(0) ack 1  <mss 1460>    ttl 52
+.0001 A > B  .   1:1(0) ack 1                ttl 64
+.01   A > B  P.  1:101(100) ack 1            ttl 64
+.02   A < B  P.  1:301(300) ack 101          ttl 52
+.0001 A > B  .   101:101(0) ack 301          ttl 64
+5     A > B  P.  101:201(100) ack 301        ttl 64
+.0005 A < B  R.  301:301(0) ack 201          ttl 61
+.0001 A > B  R.  201:201(0) ack 301          ttl 61
+.0001 A < B  R.  301:301(0) ack 201          ttl 61
+.0001 A > B  R.  201:201(0) ack 301          ttl 61
+.0001 A < B  R.  301:301(0) ack 201          ttl 61
+.0001 A > B  R.  201:201(0) ack 301          ttl 61
finding rst_injected count 6 severity warning certainty likely
)"},
    {"Two devices, half a second apart: told of each end", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1 ttl 64
+.01   A < B  P. 1:301(300) ack 101 ttl 52
+.0001 A > B  .  101:101(0) ack 301 ttl 64
+5     A > B  P. 101:201(100) ack 301 ttl 64
+.0005 A < B  R. 301:301(0) ack 201 ttl 61
+.5    A > B  R. 201:201(0) ack 301 ttl 60
finding rst_injected frame 8 endpoint server count 1
finding rst_injected frame 9 endpoint client count 1
)"},
    {"An abort in mid-download: each segment under way draws a RST with its own number", R"(
handshake
+.01   A > B  P. 1:101(100) ack 1
+.01   A < B  .  1:1461(1460) ack 101
+.001  A < B  .  1461:2921(1460) ack 101
+.001  A < B  R. 2921:2921(0) ack 101
+.006  A > B  .  101:101(0) ack 1461
+.001  A > B  .  101:101(0) ack 2921
+.009  A < B  R  1461:1461(0)
+.001  A < B  R  2921:2921(0)
no finding
)",
     true},
    {"A segment sent before the RST arrives after it (out of order)", R"(
handshake
+.01    A > B  P. 1:101(100) ack 1
+.01    A < B  R. 201:201(0) ack 101
+.0003  A < B  P. 1:201(200) ack 101
no finding
)",
     true},
};

bool fits_badly(const ResetVerdict& reset) { return reset.became == Became::Forged || reset.misfit.any(); }

Certainty certainty_of(const ResetVerdict& reset) {
  const HeaderMisfit& misfit = reset.misfit;
  const bool goes_on = static_cast<bool>(reset.goes_on);
  const int signs = (misfit.ttl ? 1 : 0) + (misfit.ip_id ? 1 : 0) + (misfit.too_soon ? 1 : 0) +
                    (reset.odd_sequence ? 1 : 0);
  if (goes_on && signs > 0) return Certainty::Certain;
  if (goes_on || signs > 1 || (misfit.ttl && !misfit.ttl_by_initial)) return Certainty::Likely;
  return Certainty::Possible;
}

std::string reasons(const ResetVerdict& reset) {
  std::string text;
  const auto add = [&text](const std::string& reason) { text += (text.empty() ? "" : ", ") + reason; };
  if (reset.misfit.ttl)
    add("its TTL is " + std::to_string(reset.ttl) + " where all others have " +
        std::to_string(reset.misfit.usual_ttl));
  if (reset.misfit.ip_id) add("its IP ID " + std::to_string(reset.ip_id) + " is out of line");
  if (reset.misfit.too_soon) add("it came sooner than the endpoint can have answered");
  if (reset.odd_sequence) add("its sequence number lies outside the receiver's window");
  if (reset.goes_on)
    add("the endpoint goes on " + duration_text(reset.goes_on.time_ns() - reset.segment.time_ns()) +
        " later");
  return text;
}

const ResetVerdict* first_misfit(const DetectContext& context, Side side) {
  const auto& resets = context.verdicts.closing.resets(side);
  const auto first = std::find_if(resets.begin(), resets.end(), fits_badly);
  return first == resets.end() ? nullptr : &*first;
}

// A device that ends a connection resets either end in the other's name, in one moment. Near one of them the
// first may have closed it before the second, in its name, passes the capture point; with nothing between
// them that the second could answer.
bool one_event(const ResetVerdict& first, const ResetVerdict& second) {
  constexpr TimeNs kAtOnce = 20 * kMillisecond;
  if (first.became != Became::Effective || second.became == Became::Forged) return false;
  if (second.segment.time_ns() - first.segment.time_ns() >= kAtOnce) return false;
  return second.became == Became::Effective || second.peer_before.record <= first.segment.record;
}

void cite_misfits(const DetectContext& context, Side side, Finding& finding) {
  for (const ResetVerdict& reset : context.verdicts.closing.resets(side)) {
    if (!fits_badly(reset)) continue;
    cite(finding, reset.segment);
    ++finding.count;
  }
}

void prove_misfit(const ResetVerdict& reset, Finding& finding) {
  prove(finding, "ttl", reset.ttl);
  prove(finding, "usual_ttl", reset.misfit.usual_ttl);
  prove(finding, "ttl_misfit", reset.misfit.ttl);
  prove(finding, "ip_id_misfit", reset.misfit.ip_id);
  prove(finding, "too_soon", reset.misfit.too_soon);
  prove(finding, "outside_window", reset.odd_sequence);
  prove(finding, "endpoint_goes_on", static_cast<bool>(reset.goes_on));
}

Finding of_one_end(const DetectContext& context, const ResetVerdict& first) {
  Finding finding = make_finding(kDoc, context.flow, first.side);
  finding.count = 0;
  cite_misfits(context, first.side, finding);
  cite(finding, first.goes_on);
  finding.certainty = certainty_of(first);
  const std::string name = " in the " + std::string(role(context.flow, first.side)) + "'s name ";
  finding.summary = finding.count == 1 ? "A RST" + name + "does not look like its own: " + reasons(first) +
                                             "; a device on the path may have sent it."
                                       : count_text(finding.count, "RST") + name +
                                             "do not look like its own (the first: " + reasons(first) +
                                             "); a device on the path may have sent them.";
  yield_to_cause(finding, first.cause, ResetCause::Misfit);
  prove_misfit(first, finding);
  return finding;
}

Finding of_both_ends(const DetectContext& context, const ResetVerdict& first, const ResetVerdict& second) {
  Finding finding = make_finding(kDoc, context.flow, std::nullopt);
  finding.count = 0;
  cite_misfits(context, first.side, finding);
  cite_misfits(context, second.side, finding);
  finding.certainty = Certainty::Likely;
  const TimeNs apart = second.segment.time_ns() - first.segment.time_ns();
  finding.summary =
      (finding.count == 2
           ? "Two RSTs, one in the name of either end, passed within "
           : count_text(finding.count, "RST") + " in the names of both ends, the first of either within ") +
      duration_text(apart) + (finding.count == 2 ? " and" : ",") + " do not look like theirs: the " +
      std::string(role(context.flow, first.side)) + "'s, " + reasons(first) + "; the " +
      std::string(role(context.flow, second.side)) + "'s, " + reasons(second) +
      "; a device on the path may have sent " + (finding.count == 2 ? "both." : "them.");
  const bool another = first.cause != ResetCause::Misfit && second.cause != ResetCause::Misfit;
  yield_to_cause(finding, another ? first.cause : ResetCause::Misfit, ResetCause::Misfit);
  prove_misfit(first, finding);
  return finding;
}

void examine(const DetectContext& context, Findings& out) {
  const ResetVerdict *first = first_misfit(context, Side::A), *second = first_misfit(context, Side::B);
  const bool both = first != nullptr && second != nullptr;
  if (both && second->segment.record < first->segment.record) std::swap(first, second);
  if (both && one_event(*first, *second)) {
    out.push_back(of_both_ends(context, *first, *second));
    return;
  }
  if (first != nullptr) out.push_back(of_one_end(context, *first));
  if (second != nullptr) out.push_back(of_one_end(context, *second));
}

}  // namespace

namespace detectors_in_files {
extern const Detector rst_injected{
    .doc = kDoc, .examples = kExamples, .examine = &examine, .needs = Needs::TwoEnds | Needs::Resets};
}

}  // namespace tcpautopsy
