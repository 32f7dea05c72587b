#include "analyzer/detect/evidence.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kDurationsShown = 8;

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, digits);
  return {text.begin(), written.ptr};
}

// What printf makes of the quotient, with no digit behind the point or one.
std::string in_units(TimeNs duration, TimeNs unit, int digits) {
  constexpr TimeNs kExact = 1'000'000 * kSecond;
  const TimeNs part = digits == 0 ? unit : unit / 10;
  const TimeNs rest = duration % part;
  // A double is near enough to tell on which side of the middle it lies, unless it is there.
  if (duration < 0 || duration > kExact || 2 * rest == part)
    return fixed(static_cast<double>(duration) / static_cast<double>(unit), digits);
  const TimeNs rounded = duration / part + (2 * rest > part ? 1 : 0);
  if (digits == 0) return std::to_string(rounded);
  std::string text = std::to_string(rounded / 10) + '.';
  text += static_cast<char>('0' + rounded % 10);
  return text;
}

std::string seconds_text(TimeNs duration) {
  return in_units(duration, kSecond, duration < 100 * kSecond ? 1 : 0);
}

}  // namespace

Finding make_finding(const Doc& doc, const FlowFacts& flow, std::optional<Side> side) {
  Finding finding;
  finding.id = doc.id;
  finding.severity = doc.severity;
  finding.scope = doc.scope;
  finding.flow = flow.number;
  finding.side = side;
  return finding;
}

Finding make_host_finding(const Doc& doc, const IpAddress& host, std::optional<std::uint16_t> port,
                          std::uint64_t flows, std::vector<std::uint64_t> sample_flows) {
  Finding finding;
  finding.id = doc.id;
  finding.severity = doc.severity;
  finding.scope = doc.scope;
  finding.host = host;
  finding.port = port;
  finding.flows = flows;
  finding.sample_flows = std::move(sample_flows);
  return finding;
}

void yield_to_cause(Finding& finding, ResetCause its, ResetCause told_here) {
  if (its != ResetCause::None && its != told_here) finding.severity = Severity::Info;
}

void cite(Finding& finding, const FrameRef& frame) {
  const auto earlier = [](const FrameRef& a, const FrameRef& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns
           : a.file != b.file     ? a.file < b.file
                                  : a.number < b.number;
  };
  const auto place = std::lower_bound(finding.frames.begin(), finding.frames.end(), frame, earlier);
  if (place == finding.frames.end() || earlier(frame, *place)) finding.frames.insert(place, frame);
  finding.time_ns = finding.frames.front().time_ns;
  finding.end_ns = finding.frames.back().time_ns;
}

void cite(Finding& finding, const Incidents& incidents) {
  const std::vector<FrameRef> frames = incidents.frames();
  for (const FrameRef& frame : frames) cite(finding, frame);
  finding.frames_left_out += incidents.frames_total() - frames.size();
}

void cite(Finding& finding, const SegmentRef& segment) {
  if (segment) cite(finding, segment.frame);
}

void cite(Finding& finding, std::span<const SegmentRef> segments) {
  for (const SegmentRef& segment : segments) cite(finding, segment);
}

void cite(Finding& finding, const Sendings& sendings) {
  cite(finding, sendings.first);
  cite(finding, sendings.again);
}

std::string long_duration_text(TimeNs duration) {
  const auto two = [](TimeNs high, std::string_view unit, TimeNs low, std::string_view of_low) {
    return std::to_string(high) + std::string(unit) + (low < 10 ? "0" : "") + std::to_string(low) +
           std::string(of_low);
  };
  const TimeNs seconds = duration / kSecond;
  if (seconds < 7200) return two(seconds / 60, " min ", seconds % 60, " s");
  if (seconds < 172800) return two(seconds / 3600, " h ", seconds / 60 % 60, " min");
  return two(seconds / 86400, " d ", seconds / 3600 % 24, " h");
}

std::string duration_text(TimeNs duration) {
  if (duration >= kInMinutes) return long_duration_text(duration);
  const TimeNs rounded = add_sat(duration, kMillisecond / 2) / kMillisecond;
  if (rounded >= 1000) return seconds_text(duration) + " s";
  if (rounded >= 10) return std::to_string(rounded) + " ms";
  if (duration >= kMillisecond / 10) return in_units(duration, kMillisecond, 1) + " ms";
  return std::to_string(duration / 1000) + " us";
}

std::string rate_text(double bytes_per_second) {
  if (bytes_per_second >= 1e9) return fixed(bytes_per_second / 1e9, 1) + " GB/s";
  if (bytes_per_second >= 1e6) return fixed(bytes_per_second / 1e6, 1) + " MB/s";
  return std::to_string(static_cast<std::uint64_t>(bytes_per_second / 1e3)) + " kB/s";
}

std::string_view watch_end_text(const Verdicts& verdicts) {
  switch (verdicts.watch_end) {
    case WatchEnd::CaptureEnd: return "the capture's end";
    case WatchEnd::CapturePause: return "a pause of the capture";
    case WatchEnd::NextConnection: return "the next SYN of the same ports";
  }
  return "";
}

std::string durations_text(std::span<const TimeNs> durations) {
  const bool in_seconds = std::any_of(durations.begin(), durations.end(),
                                      [](TimeNs d) { return add_sat(d, kMillisecond / 2) >= kSecond; });
  std::string text;
  for (std::size_t i = 0; i < durations.size(); ++i) {
    if (durations.size() > kDurationsShown && i == kDurationsShown / 2) {
      i = durations.size() - kDurationsShown / 2;
      text += ", ...";
    }
    if (!text.empty()) text += ", ";
    text += in_seconds ? seconds_text(durations[i])
                       : in_units(durations[i], kMillisecond, durations[i] < 10 * kMillisecond ? 1 : 0);
  }
  return text.empty() ? text : text + (in_seconds ? " s" : " ms");
}

std::string number_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string times_text(std::uint64_t n) {
  if (n == 1) return "once";
  if (n == 2) return "twice";
  return number_text(n) + " times";
}

std::string count_text(std::uint64_t n, std::string_view noun) {
  return number_text(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string endpoint_text(const EndpointAddress& address) {
  const std::string ip = to_string(address.ip);
  return (address.ip.is_v4() ? ip : "[" + ip + "]") + ":" + std::to_string(address.port);
}

std::string endpoint_text(const FlowFacts& flow, Side side) {
  return endpoint_text(flow.facts(side).address);
}

std::string_view role(const FlowFacts& flow, Side side) { return side == flow.client ? "client" : "server"; }

std::vector<TimeNs> intervals(std::span<const SegmentRef> segments) {
  std::vector<TimeNs> steps;
  for (std::size_t i = 1; i < segments.size(); ++i)
    steps.push_back(segments[i].time_ns() - segments[i - 1].time_ns());
  return steps;
}

}  // namespace tcpautopsy
