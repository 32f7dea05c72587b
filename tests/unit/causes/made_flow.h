// Connections with findings, made by hand: what the causes are judged by, and nothing else.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/causes/cause_book.h"

namespace tcpautopsy::causes_test {

constexpr TimeNs kStart = 1'714'557'600 * kSecond;

inline IpAddress address(std::uint8_t last) {
  const std::uint8_t four[]{10, 0, 0, last};
  return IpAddress::v4(four);
}

// Of 10.0.0.1 to 10.0.0.2:80.
inline FlowResult made_flow(std::uint64_t number, Handshake handshake = Handshake::Complete) {
  FlowResult flow;
  FlowTrace& trace = flow.history.trace;
  trace.number = number;
  trace.client = Side::A;
  trace.sides[0].address = {address(1), static_cast<std::uint16_t>(50000 + number)};
  trace.sides[1].address = {address(2), 80};
  trace.first.time_ns = kStart;
  trace.last.time_ns = kStart + 5 * kSecond;
  flow.history.handshake = handshake;
  return flow;
}

inline Finding& tell(FlowResult& flow, std::string_view id, Severity severity, TimeNs after_ns = 0,
                     Side side = Side::B) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.flow = flow.history.trace.number;
  finding.side = side;
  finding.time_ns = finding.end_ns = kStart + after_ns;
  finding.summary = "Something happened.";
  return flow.findings.emplace_back(std::move(finding));
}

inline Finding of_host(std::string_view id, const IpAddress& host, std::optional<std::uint16_t> port,
                       TimeNs after_ns = 0) {
  Finding finding;
  finding.id = id;
  finding.severity = Severity::Error;
  finding.scope = Scope::Host;
  finding.host = host;
  finding.port = port;
  finding.time_ns = kStart + after_ns;
  finding.end_ns = finding.time_ns + kSecond;
  finding.summary = "Something happened at a host.";
  return finding;
}

}  // namespace tcpautopsy::causes_test
