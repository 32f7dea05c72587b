#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analyzer/report/summary/summary_report.h"
#include "analyzer/report/text/explain.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;
using nlohmann::json;

namespace {

CaptureOverview sample_capture() {
  CaptureOverview capture;
  CaptureInfo info;
  info.file = "a.pcap";
  info.format = "pcap";
  info.packets = 1234;
  info.first_ns = kStart;
  info.last_ns = kStart + 90 * kSecond;
  info.dropped = 3;
  capture.files = {info};
  capture.decoded.tcp = 1200;
  capture.decoded.other = 34;
  capture.facts.flows = 1;
  return capture;
}

Summary sample_summary(unsigned flows, std::size_t kept = 10) {
  Summary summary(kept);
  for (unsigned i = flows; i-- > 0;) {
    FlowResult flow = sample_flow();
    flow.history.trace.number = i;
    flow.findings[0].flow = i;
    flow.findings[0].time_ns += i;
    summary.add(flow, sample_origin());
  }
  summary.add(sample_capture(), sample_files());
  return summary;
}

const Detector& sample_detector() {
  static const Example examples[] = {
      {"seen twice", "\n    handshake\n      +0 A > B F. 1:1(0) ack 1\n  ", false},
      {"near miss", "handshake", true}};
  static const Detector detector = [] {
    Detector d;
    d.doc.id = "lost_final_ack";
    d.doc.title = "The ACK of the last FIN did not arrive";
    d.doc.severity = Severity::Warning;
    d.doc.phase = "Closing";
    d.doc.what = "First paragraph.\n\nSecond paragraph.";
    d.doc.how_known = "By the packets.";
    d.examples = examples;
    return d;
  }();
  return detector;
}

}  // namespace

TEST_CASE("a report tells the capture, outcomes, findings, services, and each warning with its evidence") {
  const std::string text = summary_text(sample_summary(1), TextStyle{100, false});
  for (const char* part :
       {"a.pcap (pcap)", "1,234: 1,200 TCP, 34 other", "dropped 3 packets", "Connections    1\n", "1 opened",
        "1 closed by the client only", "0 errors, 1 warning, 0 notes", "fin_unanswered", "history --flow 0",
        "10.0.0.2:80", "waited: 1.50 s", "frames     6\n", "tcp.port == 50000"}) {
    INFO(part << "\n" << text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE(
    "details are bounded, the earliest are kept whatever the order flows come in, and the rest is counted") {
  const Summary summary = sample_summary(50, 3);
  REQUIRE(summary.groups().size() == 1);
  REQUIRE(summary.groups()[0]->kept.size() == 3);
  CHECK(summary.groups()[0]->kept[0].finding.flow == 0);
  CHECK(summary.groups()[0]->kept[2].finding.flow == 2);
  CHECK(summary_text(summary, TextStyle{100, false}).find("and 47 more: findings --finding fin_unanswered") !=
        std::string::npos);
}

TEST_CASE(
    "what is part of a host's finding counts as information, and graver ones are told in full before it") {
  Summary summary(1);
  FlowResult flow = sample_flow();
  flow.findings[0].id = "connect_timeout";
  flow.findings[0].severity = Severity::Error;
  const FlowPlace place = FlowPlace::of(flow.history.trace);
  summary.add(flow, sample_origin());
  FlowResult elsewhere = flow;
  elsewhere.history.trace.number = 1;
  elsewhere.history.trace.first.time_ns += 300 * kSecond;
  elsewhere.findings[0].flow = 1;
  elsewhere.findings[0].time_ns += 300 * kSecond;
  summary.add(elsewhere, sample_origin());
  Finding host;
  host.id = "service_unreachable";
  host.scope = Scope::Host;
  host.severity = Severity::Error;
  host.host = place.server.ip;
  host.port = place.server.port;
  host.time_ns = place.begun_ns;
  host.end_ns = place.begun_ns + kSecond;
  CaptureOverview capture = sample_capture();
  capture.parts = PartOf(Findings{host});
  REQUIRE(capture.parts.of("connect_timeout", place) == "service_unreachable");
  summary.demote("connect_timeout", Severity::Error, place, true);
  summary.add(std::move(capture), sample_files());
  const FindingGroup& group = *summary.groups().at(0);
  CHECK(group.total == 2);
  CHECK(group.by_severity == std::array<std::uint64_t, 4>{1, 0, 0, 1});
  CHECK(group.worst == Severity::Error);
  REQUIRE(group.kept.size() == 1);
  CHECK(group.kept[0].finding.flow == 1);
  CHECK(summary.troubled(5).at(0).second->errors == 1);
}

TEST_CASE("the report's first screen keeps to the width") {
  const std::string text = summary_text(sample_summary(5), TextStyle{80, false});
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    INFO(line);
    if (line.find("wireshark") == std::string::npos) CHECK(columns(line) <= 80);
    begin = end + 1;
  }
}

TEST_CASE("the report as JSON parses and counts") {
  const json report = json::parse(summary_json(sample_summary(2)));
  CHECK(report["schema"] == 1);
  CHECK(report["connections"] == 2);
  CHECK(report["handshake"]["complete"] == 2);
  CHECK(report["close"]["client_fin"] == 2);
  CHECK(report["captures"][0]["files"][0]["dropped"] == 3);
  CHECK(report["findings"][0]["by_severity"]["warning"] == 2);
  CHECK(report["findings"][0]["examples"][0]["evidence"]["resends"] == 2);
  CHECK(report["services_in_trouble"][0]["port"] == 80);
}

TEST_CASE("Markdown escapes what comes from the capture") {
  Summary summary = sample_summary(1);
  CaptureOverview odd = sample_capture();
  odd.files[0].file = "x|<b>_y.pcap";
  summary.add(odd, sample_files());
  const std::string text = summary_markdown(summary);
  CHECK(text.find("x\\|\\<b\\>\\_y.pcap") != std::string::npos);
  CHECK(text.find("## Findings") != std::string::npos);
}

TEST_CASE("a capture without findings says so") {
  Summary summary;
  FlowResult flow = sample_flow();
  flow.findings.clear();
  summary.add(flow, sample_origin());
  summary.add(sample_capture(), sample_files());
  CHECK(summary_text(summary, TextStyle{100, false}).find("Nothing to report") != std::string::npos);
}

TEST_CASE("explain wraps paragraphs and draws examples") {
  const std::string text = explain_text(sample_detector(), {}, TextStyle{60, false}, true);
  CHECK(text.find("What happened\n  First paragraph.\n\n  Second paragraph.\n") != std::string::npos);
  CHECK(text.find("Example: seen twice\n                  client") != std::string::npos);
  CHECK(text.find("    4   0.020000 |-- FIN+ACK 1:1(0) ack 1 --------------->|\n") != std::string::npos);
  CHECK(text.find("Not this: near miss") != std::string::npos);
  CHECK(text.find("Advice often given") == std::string::npos);
  CHECK(json::parse(explain_json(sample_detector(), {}))["examples"].size() == 2);
}

TEST_CASE("a wrong id leads to the one that was meant") {
  const std::vector<const Detector*> all{&sample_detector()};
  CHECK(near_matches("lost_finalack", all) == std::vector<std::string_view>{"lost_final_ack"});
  CHECK(near_matches("final", all) == std::vector<std::string_view>{"lost_final_ack"});
  CHECK(near_matches("syn_flood", all).empty());
}
