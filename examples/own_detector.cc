// Adds a detector to the analyser's own: connections that carried data and lasted less than a second, as a
// pool would have saved. Prints all findings about connections: own_detector CAPTURE...
#include <tcpautopsy/tcpautopsy.h>

#include <iostream>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void find_short_lived(const tcpautopsy::Flow& flow, std::vector<tcpautopsy::Finding>& findings) {
  const std::int64_t lasted = flow.last.time_ns - flow.first.time_ns;
  const std::uint64_t bytes = flow.client.payload_bytes + flow.server.payload_bytes;
  if (flow.handshake != "complete" || flow.close != "both_fin" || bytes == 0 || lasted >= kSecond) return;
  tcpautopsy::Finding finding;
  finding.severity = tcpautopsy::Severity::Info;
  finding.time_ns = flow.first.time_ns;
  finding.end_ns = flow.last.time_ns;
  finding.frames = {flow.first, flow.last};
  finding.summary = std::to_string(bytes) + " bytes in " + std::to_string(lasted / 1000) + " us";
  finding.evidence = {{"lasted_ns", lasted}, {"bytes", static_cast<std::int64_t>(bytes)}};
  findings.push_back(finding);
}

}  // namespace

int main(int count, char** arguments) {
  tcpautopsy::Options options;
  options.captures.assign(arguments + 1, arguments + count);
  try {
    tcpautopsy::Analysis analysis(options);
    analysis.add_detector({"short_lived", find_short_lived});
    analysis.on_flow([](const tcpautopsy::Flow& flow) {
      for (const tcpautopsy::Finding& finding : flow.findings)
        std::cout << "flow " << flow.number << ": " << name(finding.severity) << ' ' << finding.id << ": "
                  << finding.summary << '\n';
    });
    analysis.run();
    return 0;
  } catch (const tcpautopsy::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
