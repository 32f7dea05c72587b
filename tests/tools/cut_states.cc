// What a capture that ends at a frame tells of that frame, for every STEP-th frame: what who reads once
// knows. Usage: cut_states FILE STEP. A line each: frame, flow, the end that sent the segment or is told by
// the ICMP error, states of client and server after it.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/infer/shown_states.h"
#include "analyzer/report/text/names.h"

namespace {

using namespace tcpautopsy;

struct HeldFrame {
  Frame frame;
  std::vector<std::uint8_t> octets;
};

std::vector<HeldFrame> frames_of(const std::string& path) {
  std::vector<HeldFrame> all;
  const auto source = CaptureSource::open(path);
  for (Frame frame; source->next(frame);) {
    HeldFrame& held = all.emplace_back();
    held.octets.assign(frame.bytes.begin(), frame.bytes.end());
    held.frame = frame;
  }
  for (HeldFrame& held : all) held.frame.bytes = Bytes(held.octets.data(), held.octets.size());
  return all;
}

void print(const FlowTrace& trace, const FrameRef& frame, Side end, const ShownStates& shown) {
  std::cout << frame.number << ' ' << trace.number << ' ' << endpoint_name(trace, end) << ' '
            << name(shown.after[index(trace.client)]) << ' ' << name(shown.after[index(other(trace.client))])
            << '\n';
}

void print_if_in(const FlowHistory& history, std::uint64_t frame) {
  const std::vector<ShownStates> shown = shown_states(history), at_errors = shown_states_at_errors(history);
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (const SegmentRecord& r = history.records()[i]; r.frame.number == frame)
      print(history.trace, r.frame, r.side, shown[i]);
  for (std::size_t i = 0; i < at_errors.size(); ++i)
    if (const IcmpRecord& r = history.trace.icmp[i]; r.frame.number == frame)
      print(history.trace, r.frame, r.quoted, at_errors[i]);
}

void print_last(const std::vector<HeldFrame>& all, std::size_t count) {
  AnalysisOptions options;
  options.keep_all = [](std::uint64_t) { return true; };
  const std::uint64_t last = all[count - 1].frame.number;
  Analysis analysis(options, [last](const FlowResult& flow) { print_if_in(flow.history, last); });
  for (std::size_t i = 0; i < count; ++i) analysis.add(all[i].frame, 0);
  analysis.finish();
}

}  // namespace

int main(int argc, char** argv) {
  const int step = argc == 3 ? std::atoi(argv[2]) : 0;
  if (step < 1) {
    std::cerr << "usage: cut_states FILE STEP\n";
    return 2;
  }
  const std::vector<HeldFrame> all = frames_of(argv[1]);
  for (std::size_t count = 1; count <= all.size(); count += static_cast<std::size_t>(step))
    print_last(all, count);
}
