// Which flows and findings are wanted: --flow, --host, --port, --finding, --severity, --since, --until.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/anonymize/address_cipher.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy::cli {

// An address, or a network by prefix length.
struct HostPattern {
  IpAddress address;
  unsigned bits = 128;  // of the 16 octets

  bool matches(const IpAddress& other) const;
};

class Selection {
 public:
  // Each false for text that is none of what it takes.
  bool add_flows(std::string_view text);  // "17", "3,5", "10-20"
  bool add_host(const std::string& text);
  // From now on the hosts are those that stand for the ones given.
  void replace_hosts(const AnonymizeKey& key);
  bool add_finding(std::string_view id);
  void add_port(std::uint16_t port) { ports_.push_back(port); }
  void set_severity(Severity least) { severity_ = least; }
  void set_since(TimeSpec since) { since_ = since; }
  void set_until(TimeSpec until) { until_ = until; }
  std::optional<TimeSpec>& since() { return since_; }
  std::optional<TimeSpec>& until() { return until_; }

  bool wants_all() const { return flows_.empty() && !more_than_numbers(); }
  bool names_flows() const { return !flows_.empty(); }
  bool wants_number(std::uint64_t flow) const;
  bool names_some_below(std::uint64_t flows) const;  // one of the first `flows` is named by number
  const std::vector<std::string>& findings() const { return findings_; }
  // Whether a number alone decides, so that nothing need be analysed to know what is wanted.
  bool by_number_only() const { return !flows_.empty() && !more_than_numbers(); }
  bool wants(const FlowResult& flow, TimeNs capture_start) const;
  // Of a wanted flow, or about a host or capture.
  bool wants(const Finding& finding, TimeNs capture_start) const {
    return wants(finding, finding.severity, capture_start);
  }
  // The same were it as grave as `severity`.
  bool wants(const Finding& finding, Severity severity, TimeNs capture_start) const;

 private:
  bool more_than_numbers() const;
  bool wants_ends(const FlowTrace& trace) const;
  bool within(TimeNs first, TimeNs last, TimeNs capture_start) const;
  bool wants_kind(std::string_view id, Severity severity) const;

  std::vector<std::pair<std::uint64_t, std::uint64_t>> flows_;
  std::vector<HostPattern> hosts_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::string> findings_;
  std::optional<Severity> severity_;
  std::optional<TimeSpec> since_, until_;
};

}  // namespace tcpautopsy::cli
