#include "analyzer/report/text/display_filter.h"

#include <fmt/format.h>

namespace tcpautopsy {
namespace {

std::string_view address_field(const IpAddress& ip) { return ip.is_v4() ? "ip.addr" : "ipv6.addr"; }

// Each "==" on these fields holds if any address or port of the packet matches, so both ends need a term.
std::string ends_filter(const FlowFacts& trace) {
  const EndpointAddress& a = trace.facts(Side::A).address;
  if (trace.self_connection) {
    return fmt::format("{} == {} && tcp.port == {}", address_field(a.ip), to_string(a.ip), a.port);
  }
  const EndpointAddress& b = trace.facts(Side::B).address;
  return fmt::format("{} == {} && {} == {} && tcp.port == {} && tcp.port == {}", address_field(a.ip),
                     to_string(a.ip), address_field(b.ip), to_string(b.ip), a.port, b.port);
}

std::string frames_filter(const std::vector<FrameRef>& frames) {
  std::string list;
  for (const FrameRef& frame : shown_frames(frames)) {
    if (frame.file != frames.front().file) continue;
    fmt::format_to(std::back_inserter(list), "{}{}", list.empty() ? "" : ", ", frame.number);
  }
  return "frame.number in {" + list + "}";
}

std::string host_filter(const Finding& finding) {
  std::string out;
  if (finding.host) out = fmt::format("{} == {}", address_field(*finding.host), to_string(*finding.host));
  if (finding.port) out += fmt::format("{}tcp.port == {}", out.empty() ? "" : " && ", *finding.port);
  return out;
}

}  // namespace

std::string flow_filter(const FlowFacts& trace) {
  std::string out = ends_filter(trace);
  if (trace.first.file != trace.last.file) return out;
  return out +
         fmt::format(" && frame.number >= {} && frame.number <= {}", trace.first.number, trace.last.number);
}

std::string finding_filter(const Finding& finding, const FlowFacts* trace) {
  std::string out = trace != nullptr ? ends_filter(*trace) : host_filter(finding);
  if (finding.frames.empty()) return out;
  if (!out.empty()) out += " && ";
  return out + frames_filter(finding.frames);
}

std::vector<FrameRef> shown_frames(const std::vector<FrameRef>& frames) {
  constexpr std::ptrdiff_t half = 32;
  if (frames.size() <= 2 * half) return frames;
  std::vector<FrameRef> shown(frames.begin(), frames.begin() + half);
  shown.insert(shown.end(), frames.end() - half, frames.end());
  return shown;
}

}  // namespace tcpautopsy
