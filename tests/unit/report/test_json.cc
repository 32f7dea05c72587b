#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "analyzer/report/json/csv_writer.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/text/display_filter.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;
using nlohmann::json;

namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

json flow_json(const FlowResult& flow) {
  std::string out;
  append_flow_json(out, flow, sample_origin());
  return json::parse(out);
}

json finding_json(const Finding& finding, const FlowTrace* trace) {
  std::string out;
  append_finding_json(out, {finding, trace}, sample_origin());
  return json::parse(out);
}

std::size_t cells(const std::string& line) {
  std::size_t count = 1;
  bool inside = false;
  for (const char c : line) {
    if (c == '"') inside = !inside;
    if (c == ',' && !inside) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("strings are escaped, and what is no UTF-8 is replaced") {
  CHECK(as_json("plain") == "\"plain\"");
  CHECK(json::parse(as_json("a\"b\\c\n\t\x01")) == "a\"b\\c\n\t\x01");
  CHECK(as_json("\xC3\xA9") == "\"\xC3\xA9\"");
  // What a terminal would obey, as the same character to a program.
  const std::string deceptive = "\xC2\x9B\xE2\x80\xAE\xF3\xA0\x81\x81";
  CHECK(as_json(deceptive) == "\"\\u009b\\u202e\\udb40\\udc41\"");
  CHECK(json::parse(as_json(deceptive)) == deceptive);
  for (const char* bad : {"\xC3", "\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    CHECK_NOTHROW(json::parse(as_json(std::string("x") + bad)));
  }
}

TEST_CASE("numbers of any length are written whole") {
  std::vector<std::int64_t> numbers{0, 9, 1'700'000'000'000'000'001, 1'700'000'000'999'999'999,
                                    1'699'999'999'000'000'000};
  for (std::int64_t power = 10; power < 1'000'000'000'000'000'000; power *= 10)
    for (const std::int64_t near : {power - 1, power, power + 1, -power}) numbers.push_back(near);
  numbers.push_back(std::numeric_limits<std::int64_t>::max());
  numbers.push_back(std::numeric_limits<std::int64_t>::min());
  std::string out, expected;
  JsonWriter w(out);
  w.begin_array();
  for (const std::int64_t number : numbers) {
    w.value(number);
    expected += (expected.empty() ? "" : ",") + std::to_string(number);
  }
  w.value(std::numeric_limits<std::uint64_t>::max());
  w.end_array();
  CHECK(out == "[" + expected + ",18446744073709551615]");
}

TEST_CASE("commas stand between values wherever a document is cut into pieces") {
  const std::string escaped = "\n", longer(600, 'x'), word(300, 'y');
  for (std::size_t length = 0; length < 64; ++length) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    w.key("list");
    w.begin_array();
    for (int i = 0; i < 40; ++i) {
      w.begin_array();
      w.word(word.substr(0, 200 + length));
      w.end_array();
      w.begin_object();
      w.end_object();
      w.value(longer.substr(0, 480 + length));
      w.value(escaped);
    }
    w.end_array();
    w.field("empty", std::optional<int>());
    w.end_object();
    const json read = json::parse(out);
    REQUIRE(read["list"].size() == 160);
    CHECK(read["list"][156] == json::array({word.substr(0, 200 + length)}));
    CHECK(read["list"][159] == escaped);
  }
}

TEST_CASE("a flow's line has every field of the contract") {
  const json flow = flow_json(sample_flow());
  for (const char* field : {"schema",          "flow",          "file",
                            "client",          "server",        "client_guessed",
                            "incarnation",     "vlan",          "tunnel",
                            "community_id",    "first_time",    "first_ns",
                            "last_ns",         "first_frame",   "last_frame",
                            "last_file",       "ended_early",   "packets",
                            "duplicates",      "payload_bytes", "wire_bytes",
                            "handshake",       "close",         "closed_first",
                            "zeek_conn_state", "zeek_history",  "completeness",
                            "history",         "final",         "final_possible",
                            "counts",          "rtt_ns",        "where_time_went_ns",
                            "turns",           "options",       "findings"}) {
    INFO(field);
    CHECK(flow.contains(field));
  }
  CHECK(flow["schema"] == 1);
  CHECK(flow["flow"] == 17);
  CHECK(flow["client"] == json({{"ip", "10.0.0.1"}, {"port", 50000}}));
  CHECK(flow["first_time"] == "2024-05-01T10:00:00.123456789Z");
  CHECK(flow["ended_early"] == false);
  CHECK(flow["packets"] == json({{"client", 4}, {"server", 3}}));
  CHECK(flow["close"] == "client_fin");
  CHECK(flow["closed_first"] == "client");
  CHECK(flow["final"] == json({{"client", "CLOSED"}, {"server", "CLOSE-WAIT"}}));
  CHECK(flow["final_possible"]["server"] == json({"CLOSE-WAIT", "ESTABLISHED"}));
  CHECK(flow["options"]["client"] ==
        json({{"mss", 1460}, {"window_scale", 7}, {"sack", true}, {"timestamps", false}, {"tfo", false}}));
  CHECK(flow["findings"] == json({"fin_unanswered"}));
}

TEST_CASE("what is not known is null, never a made-up zero") {
  FlowResult sample = sample_flow();
  sample.history.trace.sides[1].syn_seen = false;
  const json flow = flow_json(sample);
  CHECK(flow["counts"]["client"]["retransmissions"].is_null());
  CHECK(flow["counts"]["client"]["bad_checksums"] == 0);
  CHECK(flow["rtt_ns"]["client"]["min"] == 20'000'000);
  CHECK(flow["rtt_ns"]["server"]["min"].is_null());
  CHECK(flow["rtt_ns"]["server"]["median"].is_null());
  for (const char* option : {"mss", "window_scale", "sack", "timestamps", "tfo"})
    CHECK(flow["options"]["server"][option].is_null());
}

TEST_CASE("an option that the snap length may have cut off is not known") {
  FlowResult sample = sample_flow();
  TcpOptions& offered = sample.history.trace.sides[0].syn_options;
  offered = {};
  offered.has_mss = offered.cut = true;
  offered.mss = 1460;
  CHECK(flow_json(sample)["options"]["client"] == json({{"mss", 1460},
                                                        {"window_scale", nullptr},
                                                        {"sack", nullptr},
                                                        {"timestamps", nullptr},
                                                        {"tfo", nullptr}}));
}

TEST_CASE("history tells basis, proof and what remains possible") {
  const json history = flow_json(sample_flow())["history"];
  CHECK(history[0] == json({{"time_ns", kStart},
                            {"at_ns", kStart},
                            {"frame", 1},
                            {"endpoint", "client"},
                            {"from", "CLOSED"},
                            {"to", "SYN-SENT"},
                            {"basis", "observed"},
                            {"proved_by", nullptr},
                            {"cause", "sent SYN"},
                            {"rfc", "9293 3.10.7.4"}}));
  CHECK(history[1]["proved_by"] == 2);
  FlowResult taken_over = sample_flow();
  taken_over.history.transitions[1].proved_by = kNoRecord;  // a SYN-ACK of the next connection proves it
  taken_over.history.transitions[1].proof = FrameRef{0, 99, kStart};
  CHECK(flow_json(taken_over)["history"][1]["proved_by"] == 99);
  CHECK(history[5]["possible"] == json({"ESTABLISHED", "CLOSE-WAIT"}));
  CHECK(history[6]["frame"].is_null());
  CHECK(history[6]["basis"] == "timer");
  CHECK_FALSE(history[0].contains("file"));
}

TEST_CASE("frames of another file than the flow's first name it") {
  FlowResult sample = sample_flow();
  sample.history.transitions[4].frame->file = 1;
  sample.history.transitions[1].proof->file = 1;
  sample.history.trace.last.file = 1;
  const json flow = flow_json(sample);
  CHECK(flow["history"][4]["file"] == "b.pcap");
  CHECK(flow["history"][1]["proved_by_file"] == "b.pcap");
  CHECK(flow["last_file"] == "b.pcap");
}

TEST_CASE("sides are named by who is client, not by who came first") {
  FlowResult sample = sample_flow();
  sample.history.trace.client = Side::B;
  const json flow = flow_json(sample);
  CHECK(flow["client"]["port"] == 80);
  CHECK(flow["close"] == "server_fin");
  CHECK(flow["history"][0]["endpoint"] == "server");
  CHECK(flow["final"]["server"] == "CLOSED");
}

TEST_CASE("a self-connection has one endpoint") {
  FlowResult sample = sample_flow();
  sample.history.trace.self_connection = true;
  const json flow = flow_json(sample);
  CHECK(flow["client"] == flow["server"]);
  CHECK(flow["packets"]["server"].is_null());
  CHECK(flow["final"]["server"].is_null());
  CHECK(flow["final_possible"]["server"].is_null());
  CHECK(flow["counts"]["server"]["bad_checksums"].is_null());
}

TEST_CASE("CSV has the JSON's fields without history, one cell for each column") {
  std::string line;
  FlowResult sample = sample_flow();
  append_flow_csv(line, sample, sample_origin());
  const std::string header = flow_csv_header();
  CHECK(cells(line) == cells(header));
  CHECK(header.find("client.ip,client.port") != std::string::npos);
  CHECK(header.find("counts.server.bad_checksums") != std::string::npos);
  CHECK(("," + header + ",").find(",history,") == std::string::npos);
  CHECK(line.find("CLOSE-WAIT|ESTABLISHED") != std::string::npos);
}

TEST_CASE("CSV cells with commas and quotes are quoted") {
  std::string out;
  CsvWriter w(out, CsvWriter::Line::Values);
  w.begin_object();
  w.field("a", "x,\"y\"");
  w.null_field("b");
  w.end_object();
  CHECK(out == "\"x,\"\"y\"\"\",");
}

TEST_CASE("a finding's line has every field of the contract") {
  const FlowResult flow = sample_flow();
  const json f = finding_json(flow.findings[0], &flow.history.trace);
  for (const char* field :
       {"schema", "id", "severity", "scope", "flow", "host", "port", "endpoint", "time", "time_ns", "end_ns",
        "count", "frames", "frames_total", "certainty", "summary", "evidence", "filter"}) {
    INFO(field);
    CHECK(f.contains(field));
  }
  CHECK(f["endpoint"] == "client");
  CHECK(f["host"].is_null());
  CHECK(f["evidence"] ==
        json({{"resends", 2}, {"waited_ns", 1'500'000'000}, {"scaled", true}, {"steps_ns", {1000, 2000}}}));
  CHECK(f["filter"] ==
        "ip.addr == 10.0.0.1 && ip.addr == 10.0.0.2 && tcp.port == 50000 && tcp.port == 80 && frame.number "
        "in {6}");
  CHECK(f["file"] == "a.pcap");
}

TEST_CASE("evidence in words has spans where the names say nanoseconds, and leaves empty lists out") {
  Finding finding = sample_finding();
  finding.evidence.emplace_back("intervals_ns", std::vector<std::int64_t>{});
  CHECK(evidence_text(finding) == "resends: 2; waited: 1.50 s; scaled: yes; steps: 1 us, 2 us");
}

TEST_CASE("evidence in words has an instant where the name says when something was") {
  Finding finding;
  finding.evidence = {{"peak", std::int64_t{400}}, {"peak_at_ns", 1'700'000'000'250'000'000}};
  CHECK(evidence_text(finding) == "peak: 400; peak at: 2023-11-14 22:13:20.250 UTC");
}

TEST_CASE("of many frames the first and the last 32 are shown and all are counted") {
  Finding finding = sample_finding();
  finding.frames.clear();
  for (std::uint64_t i = 1; i <= 100; ++i) finding.frames.push_back({0, i, 0});
  const json f = finding_json(finding, nullptr);
  REQUIRE(f["frames"].size() == 64);
  CHECK(f["frames"][31] == 32);
  CHECK(f["frames"][32] == 69);
  CHECK(f["frames_total"] == 100);
  CHECK(f["endpoint"].is_null());
}

TEST_CASE("findings sort by time, flow with none last, id, endpoint") {
  const FlowResult flow = sample_flow();
  const auto key = [&](TimeNs time, std::optional<std::uint64_t> number, std::string_view id) {
    Finding f = sample_finding();
    f.time_ns = time;
    f.flow = number;
    f.id = id;
    return finding_order({f, &flow.history.trace});
  };
  CHECK(key(-5, 9, "b") < key(3, 1, "a"));
  CHECK(key(3, 2, "z") < key(3, 300, "a"));
  CHECK(key(3, 300, "z") < key(3, std::nullopt, "a"));
  CHECK(key(3, 1, "a") < key(3, 1, "ab"));
}

TEST_CASE("the filter of an IPv6 flow uses ipv6.addr") {
  FlowResult flow = sample_flow();
  for (SideFacts& side : flow.history.trace.sides) {
    const std::uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    side.address.ip = IpAddress::v6(ip);
  }
  CHECK(flow_filter(flow.history.trace).find("ipv6.addr == 2001:db8::1") == 0);
}

TEST_CASE("history as JSON holds the flow, its segments and findings") {
  const FlowResult flow = sample_flow();
  const json history = json::parse(ladder_json(flow, sample_origin()));
  CHECK(history["flow"]["flow"] == 17);
  REQUIRE(history["segments"].size() == 7);
  CHECK(history["segments"][0]["flags"] == "SYN");
  CHECK(history["segments"][0]["ack"].is_null());
  CHECK(history["segments"][6]["delivery"] == "lost_after_tap");
  CHECK(history["findings"][0]["id"] == "fin_unanswered");
}

TEST_CASE("history as JSON tells whom an ICMP error speaks to, what it quotes, and the states after it") {
  FlowResult flow = sample_flow();
  const SegmentRecord last = flow.history.records()[6];
  IcmpRecord error;
  error.frame = last.frame;
  ++error.frame.number;
  error.quoted = last.side;
  error.seq = last.seq;
  error.type = 3;
  error.code = 4;
  flow.history.trace.icmp = {error, error};
  flow.history.trace.icmp[1].seq += 1'000'000;
  const json history = json::parse(ladder_json(flow, sample_origin()));
  REQUIRE(history["icmp"].size() == 2);
  const json& told = history["icmp"][0];
  CHECK(told["endpoint"] == history["segments"][6]["endpoint"]);
  CHECK(told["type"] == 3);
  CHECK(told["code"] == 4);
  CHECK(told["quoted_frame"] == last.frame.number);
  CHECK(told["state"] == history["segments"][6]["state"]);
  CHECK(told["possible"] == history["segments"][6]["possible"]);
  CHECK(history["icmp"][1]["quoted_frame"].is_null());
}

TEST_CASE("history as JSON tells what was lost after the capture point, and what fits no state") {
  FlowResult flow = sample_flow();
  const json plain = json::parse(ladder_json(flow, sample_origin()));
  CHECK(plain["contradiction"].is_null());
  CHECK(plain["lost_after_capture_point"] == json{{"client", json::array()}, {"server", {7}}});
  flow.history.contradiction = {{5, flow.history.records()[5].frame}, Side::B};
  const json odd = json::parse(ladder_json(flow, sample_origin()));
  CHECK(odd["contradiction"]["frame"] == 6);
  CHECK(odd["contradiction"]["endpoint"] == "server");
}
