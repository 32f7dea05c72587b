#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "analyzer/detect/evidence.h"
#include "analyzer/hosts/host_book.h"

namespace tcpautopsy {
namespace {

constexpr Doc kDoc{
    .id = "weak_isn",
    .title = "Predictable initial sequence numbers",
    .scope = Scope::Host,
    .severity = Severity::Note,
    .phase = "Opening",
    .said_when =
        "ISNs of a host that repeat, are constant, or step by a fixed amount; or port reuse with a lower "
        "ISN and no timestamps",
    .what =
        "A host's initial sequence numbers repeat, go on by a fixed step, or one was lower than where the "
        "connection before it on the same ports had ended. Who can guess the next number can open a "
        "connection in another's name, or reset or feed one that is not his; and a number below the last "
        "connection's makes the server take the SYN for an old duplicate while it is in TIME-WAIT, and an "
        "old segment for a new one after it.",
    .how_known =
        "The numbers of up to 32 connections are compared, earliest first: a client's of connections that "
        "opened, a server's of all its SYN-ACKs. RFC 6528 adds a keyed hash of addresses and ports to a "
        "clock, so that neither equal numbers (once in 2^32) nor equal steps occur. The same number twice "
        "within a second is left out: that is one SYN seen at two places. For steps, connections not "
        "captured in between are allowed for: all differences are multiples of one large number.\n\n"
        "A lower number on ports used again within a minute is told only without timestamps, which would "
        "tell old from new. Behind one address there may be several hosts (NAT): then neither's numbers "
        "need be weak, hence `possible`. What a middlebox rewrites is its own choice, not the host's.",
    .causes =
        "Embedded systems, printers, controllers, and operating systems of the nineties (steps of 64,000 "
        "or 128,000); a firewall, load balancer or proxy that chooses the numbers itself; traffic that was "
        "generated: test tools, scanners, load generators with a stack of their own. For lower numbers: "
        "NAT that gives one port to another host.",
    .confirm =
        "nmap -O -v ADDRESS tells of the difficulty of prediction of a host that one may probe; capture at "
        "the host itself to rule middleboxes out. On Linux no sysctl weakens the numbers. For NAT: "
        "conntrack -L -p tcp on the gateway, and its timeout for closed connections.",
    .remedy =
        "Update the firmware or the stack; keep such a host behind a firewall that randomises sequence "
        "numbers, which breaks SACK where the firewall forgets to rewrite it, and TCP-AO and TCP MD5. "
        "Encrypt and authenticate what it carries: TLS makes a spoofed connection worthless, though not "
        "its reset. A gateway should keep a closed port longer than TIME-WAIT.",
    .bad_advice =
        "Timestamps or a larger window do not make numbers harder to guess. Filtering RST segments breaks "
        "more than it protects.",
    .rfc = "RFC 6528; RFC 9293 3.4.1, 3.6.1; RFC 5961; RFC 1948",
};

constexpr Example kExamples[] = {
    {"A server whose numbers go on by 64,000 a connection", R"(
times 10 every .5 isn B 64000 {
handshake
}
finding weak_isn severity note certainty certain
)"},
    {"A client that always begins with the same number", R"(
times 6 every 2 isn A 0 {
handshake
}
finding weak_isn certainty certain count 6
)"},
    {"Numbers as they should be", R"(
times 30 every .5 {
handshake
}
no finding
)",
     true},
    {"A scanner's own numbers tell nothing of its host", R"(
times 20 every .5 isn A 0 to ports {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  R.  0:0(0) ack 1
}
no finding
)",
     true},
    {"Ports used again with higher numbers", R"(
handshake
+.1   A > B  F.  1:1(0) ack 1
+.01  A < B  F.  1:1(0) ack 2
+.01  A > B  .   2:2(0) ack 2
reuse A 500000 B 500000
+2    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+.01  A > B  .   1:1(0) ack 1
no finding
)",
     true},
};

constexpr Threshold kThresholds[] = {
    {"min_steps", 4, "", "steps from one connection to the next that are alike"},
    {"min_step", 1000, "", "least common divisor of steps that counts as one"},
};

using Chosen = std::vector<Isns::Chosen>;

// Numbers of which the host chose each more than once, with how often the most frequent one came.
struct Repeats {
  std::size_t connections = 0, most = 0;
  std::uint32_t isn = 0;
};

Repeats repeats_of(const Chosen& chosen) {
  std::map<std::uint32_t, std::size_t> times;
  for (const Isns::Chosen& one : chosen) ++times[one.isn];
  Repeats found;
  for (const auto& [isn, count] : times) {
    if (count < 2) continue;
    found.connections += count;
    if (count > found.most) {
      found.most = count;
      found.isn = isn;
    }
  }
  return found;
}

// The greatest number that divides all differences; 0 for none to divide.
std::uint32_t common_step(const Chosen& chosen) {
  std::uint32_t step = 0;
  for (std::size_t i = 1; i < chosen.size(); ++i) {
    const auto difference = static_cast<std::int32_t>(chosen[i].isn - chosen[i - 1].isn);
    step =
        std::gcd(step, static_cast<std::uint32_t>(difference < 0 ? -std::int64_t{difference} : difference));
  }
  return step;
}

void cite(Finding& finding, const Chosen& chosen) {
  constexpr std::size_t kSamples = 20;
  for (const Isns::Chosen& one : chosen) {
    tcpautopsy::cite(finding, one.syn);
    if (finding.sample_flows.size() < kSamples) finding.sample_flows.push_back(one.flow);
  }
  std::sort(finding.sample_flows.begin(), finding.sample_flows.end());
  finding.flows = finding.count = chosen.size();
}

void tell_pattern(const IpAddress& host, Chosen chosen, std::string_view pattern, std::string told,
                  std::uint32_t step, Findings& out) {
  Finding finding = make_host_finding(kDoc, host, std::nullopt, 0, {});
  cite(finding, chosen);
  finding.summary = fmt::format("{} {}.", to_string(host), told);
  prove(finding, "pattern", pattern);
  if (step != 0) prove(finding, "step", step);
  std::vector<std::int64_t> numbers;
  for (const Isns::Chosen& one : chosen) numbers.push_back(one.isn);
  prove(finding, "isns", numbers);
  out.push_back(std::move(finding));
}

void tell_lower(const IpAddress& host, const Isns& isns, Findings& out) {
  Finding finding = make_host_finding(kDoc, host, std::nullopt, 0, {});
  finding.certainty = Certainty::Possible;
  cite(finding, isns.lower_first());
  finding.flows = finding.count = isns.lower();
  finding.frames_left_out = isns.lower() - isns.lower_first().size();
  finding.summary = fmt::format(
      "{} used ports again less than a minute later with a lower initial sequence number and no timestamps, "
      "{}: its numbers do not grow by a clock, or several hosts share the address (NAT).",
      to_string(host), times_text(isns.lower()));
  prove(finding, "pattern", "lower");
  out.push_back(std::move(finding));
}

void examine_host(const IpAddress& host, const Isns& isns, const HostContext& context, Findings& out) {
  const auto least_steps = static_cast<std::size_t>(context.thresholds.of(kDoc.id, kThresholds[0]));
  const auto least_step = static_cast<std::uint32_t>(context.thresholds.of(kDoc.id, kThresholds[1]));
  const Chosen chosen = isns.chosen();
  const Repeats repeats = repeats_of(chosen);
  const std::uint32_t step = common_step(chosen);
  if (repeats.most == chosen.size() && repeats.most >= 2) {
    tell_pattern(host, chosen, "constant",
                 fmt::format("began all {} connections with the number {}", chosen.size(), repeats.isn), 0,
                 out);
  } else if (repeats.connections > 0) {
    tell_pattern(host, chosen, "repeated",
                 fmt::format("began {} of {} connections with numbers that it had used before, {} {}",
                             repeats.connections, chosen.size(), repeats.isn, times_text(repeats.most)),
                 0, out);
  } else if (chosen.size() > least_steps && step >= least_step) {
    tell_pattern(host, chosen, "fixed_step",
                 fmt::format("chose initial sequence numbers that are multiples of {} apart, in all of {} "
                             "connections",
                             step, chosen.size()),
                 step, out);
  } else if (isns.lower() > 0) {
    tell_lower(host, isns, out);
  }
}

void examine_hosts(const HostContext& context, Findings& out) {
  context.book.attempts().each_host(
      [&](const IpAddress& host, const Isns& isns) { examine_host(host, isns, context, out); });
}

}  // namespace

namespace detectors_in_files {
extern const Detector weak_isn{
    .doc = kDoc, .examples = kExamples, .examine_hosts = &examine_hosts, .thresholds = kThresholds};
}

}  // namespace tcpautopsy
