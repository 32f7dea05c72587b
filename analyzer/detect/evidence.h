// What every detector needs to say what it found: a finding with its frames, evidence with names, and plain
// words for numbers.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/infer/resend_steps.h"
#include "analyzer/transfer/incidents.h"

namespace tcpautopsy {

// A finding of this flow with the doc's id, severity and scope; it has no frame and no time before the first
// cite().
Finding make_finding(const Doc& doc, const FlowFacts& flow, std::optional<Side> side);
// A finding about a host, or its service on that port; the caller sets its times.
Finding make_host_finding(const Doc& doc, const IpAddress& host, std::optional<std::uint16_t> port,
                          std::uint64_t flows, std::vector<std::uint64_t> sample_flows);

// Adds frames as proof. They are kept in order of time and each once; time_ns and end_ns become those of the
// first and the last.
void cite(Finding& finding, const FrameRef& frame);
void cite(Finding& finding, const Incidents& incidents);  // the frames kept of them; `count` is left alone
void cite(Finding& finding, const SegmentRef& segment);   // one that is not there adds nothing
void cite(Finding& finding, std::span<const SegmentRef> segments);
void cite(Finding& finding, const Sendings& sendings);

// One RST gets one warning, from the finding that names its cause (ResetCause); the others about it are info.
void yield_to_cause(Finding& finding, ResetCause its, ResetCause told_here);

// Adds one named value of any type that EvidenceValue can hold; the name is a literal in snake_case, with its
// unit: "wait_ns".
template <class T>
void prove(Finding& finding, std::string_view name, const T& value) {
  if (finding.evidence.empty()) finding.evidence.reserve(10);
  if constexpr (std::same_as<T, bool>) {
    finding.evidence.emplace_back(name, value);
  } else if constexpr (std::integral<T>) {
    finding.evidence.emplace_back(name, static_cast<std::int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    finding.evidence.emplace_back(name, static_cast<double>(value));
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    finding.evidence.emplace_back(name, std::string(std::string_view(value)));
  } else {
    finding.evidence.emplace_back(name, std::vector<std::int64_t>(value.begin(), value.end()));
  }
}

// Words for summaries; counts are grouped by thousands.
std::string duration_text(TimeNs duration);  // "12 min 05 s", "7.1 s", "230 ms", "0.4 ms", "12 us"
constexpr TimeNs kInMinutes = 120 * kSecond;
std::string long_duration_text(
    TimeNs duration);  // of kInMinutes or more: "12 min 05 s", "3 h 07 min", "4 d 02 h"
// What ended the time in which nothing more came: "the capture's end", or a pause of it.
std::string_view watch_end_text(const Verdicts& verdicts);
std::string durations_text(
    std::span<const TimeNs> durations);  // "1.0, 2.0, 4.0 s"; the middle of more than eight is left out
std::string rate_text(double bytes_per_second);                  // "144 kB/s", "27.2 MB/s", "2.7 GB/s"
std::string number_text(std::uint64_t number);                   // "1,234,567"
std::string times_text(std::uint64_t n);                         // "once", "twice", "4 times"
std::string count_text(std::uint64_t n, std::string_view noun);  // "1 octet", "5 octets"
std::string endpoint_text(const EndpointAddress& address);       // "10.0.0.2:80", "[2001:db8::1]:443"
std::string endpoint_text(const FlowFacts& flow, Side side);
std::string_view role(const FlowFacts& flow, Side side);  // "client" or "server"

// Time from each segment to the next one; one fewer than segments.
std::vector<TimeNs> intervals(std::span<const SegmentRef> segments);

}  // namespace tcpautopsy
