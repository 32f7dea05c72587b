#include "cli/selection.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "analyzer/detect/detector.h"

namespace tcpautopsy::cli {
namespace {

template <class Number>
bool whole_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// Resolved against the end of the capture, "end" means no bound at all.
TimeNs bound(const TimeSpec& time, TimeNs capture_start) {
  return time.resolve(capture_start, std::numeric_limits<TimeNs>::max());
}

}  // namespace

bool HostPattern::matches(const IpAddress& other) const {
  for (unsigned bit = 0; bit < bits; bit += 8) {
    const unsigned left = std::min(8U, bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> left);
    if (((address.octets[bit / 8] ^ other.octets[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool Selection::add_flows(std::string_view text) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    std::uint64_t first = 0, last = 0;
    if (!whole_number(part.substr(0, dash), first)) return false;
    last = first;
    if (dash != std::string_view::npos && (!whole_number(part.substr(dash + 1), last) || last < first))
      return false;
    flows_.emplace_back(first, last);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

void Selection::replace_hosts(const AnonymizeKey& key) {
  AddressCipher cipher(key);
  for (HostPattern& host : hosts_) host.address = cipher.of(host.address);
}

bool Selection::add_host(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string ip = text.substr(0, slash);
  std::array<std::uint8_t, 16> octets{};
  HostPattern pattern;
  unsigned width = 0;
  if (inet_pton(AF_INET, ip.c_str(), octets.data()) == 1) {
    pattern.address = IpAddress::v4(octets.data());
    width = 32;
  } else if (inet_pton(AF_INET6, ip.c_str(), octets.data()) == 1) {
    pattern.address = IpAddress::v6(octets.data());
    width = 128;
  } else {
    return false;
  }
  if (slash != std::string::npos) {
    unsigned prefix = 0;
    if (!whole_number(std::string_view(text).substr(slash + 1), prefix) || prefix > width) return false;
    pattern.bits = 128 - width + prefix;
  }
  hosts_.push_back(pattern);
  return true;
}

bool Selection::add_finding(std::string_view id) {
  if (find_detector(id) == nullptr) return false;
  findings_.emplace_back(id);
  return true;
}

bool Selection::wants_number(std::uint64_t flow) const {
  if (flows_.empty()) return true;
  return std::any_of(flows_.begin(), flows_.end(),
                     [flow](const auto& f) { return f.first <= flow && flow <= f.second; });
}

bool Selection::names_some_below(std::uint64_t flows) const {
  return std::any_of(flows_.begin(), flows_.end(), [flows](const auto& f) { return f.first < flows; });
}

bool Selection::more_than_numbers() const {
  return !hosts_.empty() || !ports_.empty() || !findings_.empty() || severity_ || since_ || until_;
}

bool Selection::wants_ends(const FlowTrace& trace) const {
  const auto either = [&](auto matches) {
    return matches(trace.sides[0].address) || (!trace.self_connection && matches(trace.sides[1].address));
  };
  const bool host = hosts_.empty() || either([&](const EndpointAddress& end) {
                      return std::any_of(hosts_.begin(), hosts_.end(),
                                         [&](const HostPattern& h) { return h.matches(end.ip); });
                    });
  const bool port = ports_.empty() || either([&](const EndpointAddress& end) {
                      return std::find(ports_.begin(), ports_.end(), end.port) != ports_.end();
                    });
  return host && port;
}

bool Selection::within(TimeNs first, TimeNs last, TimeNs capture_start) const {
  if (since_ && last < bound(*since_, capture_start)) return false;
  return !until_ || first <= bound(*until_, capture_start);
}

bool Selection::wants_kind(std::string_view id, Severity severity) const {
  if (severity_ && severity < *severity_) return false;
  return findings_.empty() || std::find(findings_.begin(), findings_.end(), id) != findings_.end();
}

bool Selection::wants(const FlowResult& flow, TimeNs capture_start) const {
  const FlowTrace& trace = flow.history.trace;
  if (!wants_number(trace.number) || !wants_ends(trace)) return false;
  if (!within(trace.first.time_ns, trace.last.time_ns, capture_start)) return false;
  if (!severity_ && findings_.empty()) return true;
  return std::any_of(flow.findings.begin(), flow.findings.end(),
                     [&](const Finding& f) { return wants_kind(f.id, f.severity); });
}

bool Selection::wants(const Finding& finding, Severity severity, TimeNs capture_start) const {
  if (!wants_kind(finding.id, severity) || !within(finding.time_ns, finding.end_ns, capture_start))
    return false;
  if (finding.flow) return wants_number(*finding.flow);
  // About a host or the capture: left out where single flows or other hosts are asked for.
  if (!flows_.empty()) return false;
  if (!hosts_.empty() &&
      (!finding.host || std::none_of(hosts_.begin(), hosts_.end(),
                                     [&](const HostPattern& h) { return h.matches(*finding.host); }))) {
    return false;
  }
  return ports_.empty() ||
         (finding.port && std::find(ports_.begin(), ports_.end(), *finding.port) != ports_.end());
}

}  // namespace tcpautopsy::cli
