#include "analyzer/capture/capture_filter.h"

#include <pcap/pcap.h>

#include <algorithm>

#include "analyzer/capture/capture_error.h"

namespace tcpautopsy {

void CaptureFilter::FreeProgram::operator()(bpf_program* program) const {
  pcap_freecode(program);
  delete program;
}

CaptureFilter::CaptureFilter(std::string expression, const std::vector<int>& link_types,
                             const std::string& file)
    : expression_(std::move(expression)) {
  if (expression_.empty()) return;
  const std::vector<int> ethernet{DLT_EN10MB};
  for (const int link_type : link_types.empty() ? ethernet : link_types)
    if (compiled_for(link_type).program) return;
  throw CaptureError(file + ": filter \"" + expression_ + "\": " + compiled_.front().error);
}

const CaptureFilter::Compiled& CaptureFilter::compiled_for(int link_type) {
  const auto known = std::find_if(compiled_.begin(), compiled_.end(),
                                  [&](const Compiled& c) { return c.link_type == link_type; });
  if (known != compiled_.end()) return *known;
  Compiled made{link_type, nullptr, "no memory"};
  if (pcap_t* pcap = pcap_open_dead(link_type, 256 * 1024)) {
    std::unique_ptr<bpf_program, FreeProgram> program(new bpf_program{});
    if (pcap_compile(pcap, program.get(), expression_.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0)
      made.program = std::move(program);
    else
      made.error = pcap_geterr(pcap);
    pcap_close(pcap);
  }
  return compiled_.emplace_back(std::move(made));
}

bool CaptureFilter::runs(const Frame& frame) {
  const Compiled& filter = compiled_for(frame.link_type);
  if (!filter.program) return false;
  pcap_pkthdr header{};
  header.caplen = static_cast<bpf_u_int32>(frame.bytes.size());
  header.len = frame.wire_length;
  return pcap_offline_filter(filter.program.get(), &header, frame.bytes.data()) != 0;
}

}  // namespace tcpautopsy
