#include <catch2/catch.hpp>
#include <sstream>

#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/text/outcome_text.h"
#include "analyzer/transfer/transfer_results.h"
#include "tests/unit/report/sample_flow.h"

using namespace tcpautopsy;
using namespace tcpautopsy::report_test;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : lines_of(text))
    if (line.find(part) != std::string::npos) return line;
  return "";
}

std::string draw(const FlowResult& flow, bool full = false, std::size_t width = 100) {
  return ladder_text(flow, sample_origin(), TextStyle{width, false}, {full, false});
}

}  // namespace

TEST_CASE("segments point from sender to receiver, the client on the left") {
  const std::string text = draw(sample_flow());
  CHECK(line_with(text, "SYN 0:0(0) win 502").find(">|") != std::string::npos);
  CHECK(line_with(text, "SYN+ACK 0:0(0) ack 1").find("|<--") != std::string::npos);
  CHECK(line_with(text, "PSH+ACK 1:101(100) ack 1 win 64256") != "");
}

TEST_CASE("a lost segment ends on its way") {
  const std::string line = line_with(draw(sample_flow()), "ack 102");
  CHECK(line.find('X') != std::string::npos);
  CHECK(line.find("|<") == std::string::npos);
}

TEST_CASE("what is inferred looks different from what was observed") {
  const std::string text = draw(sample_flow());
  CHECK(line_with(text, "SYN 0:0(0)").find(" SYN-SENT |") != std::string::npos);
  CHECK(line_with(text, "SYN 0:0(0)").find("| SYN-RECEIVED+") != std::string::npos);
  CHECK(line_with(text, "FIN+ACK").find("(CLOSE-WAIT)?") != std::string::npos);
  CHECK(line_with(text, "|  resends of the FIN ran out").find("[CLOSED]") != std::string::npos);
  CHECK(line_with(text, "(STATE)") != "");
}

TEST_CASE("findings stand beside their frames") {
  const std::string text = draw(sample_flow());
  const auto lines = lines_of(text);
  const auto fin = std::find_if(lines.begin(), lines.end(),
                                [](const auto& l) { return l.find("|-- FIN+ACK") != std::string::npos; });
  REQUIRE(fin != lines.end());
  CHECK(fin->rfind("!1 ", 0) == 0);
  CHECK((fin + 1)->find("^ !1 fin_unanswered") != std::string::npos);
}

TEST_CASE("a long run of data folds into one line that counts it, and --full unfolds it") {
  const FlowResult flow = sample_flow(50);
  const std::string text = draw(flow);
  // The finding in frame 6 parts the run; of the rest the first two and the last one are shown.
  CHECK(line_with(text, "47 segments, 4.7 kB ->; 47 <-") != "");
  CHECK(lines_of(text).size() < 50);
  CHECK(lines_of(draw(flow, true)).size() > 110);
}

TEST_CASE("no rung of the ladder is wider than asked for") {
  for (const std::size_t width : {80U, 100U, 140U}) {
    const auto lines = lines_of(draw(sample_flow(50), false, width));
    for (const std::string& line : lines) {
      if (line == "Changes of state, when the endpoint itself made them") break;
      INFO(line);
      CHECK(columns(line) <= width);
    }
  }
}

TEST_CASE("where the width is to be kept all of a history keeps to it, and states stay whole") {
  for (const std::size_t width : {60U, 72U, 80U, 120U}) {
    TextStyle style{width, false};
    style.keeps_width = true;
    const std::string text = ladder_text(sample_flow(50), sample_origin(), style, {true, true});
    for (const std::string& line : lines_of(text)) {
      INFO(line);
      CHECK(columns(line) <= width);
    }
    CHECK(text.find("ESTABLISHED") != std::string::npos);
    CHECK(text.find("FIN-WAIT-1") != std::string::npos);
  }
}

TEST_CASE("what stands out about a segment is told where there is little room") {
  FlowResult flow = sample_flow();
  RecordIndex data = 0;
  while (flow.history.records()[data].payload == 0) ++data;
  flow.history.trace.records[data].standing.retransmission = true;
  const std::string whole = segment_label(flow.history, data, 200);
  CHECK(whole.find(" win ") != std::string::npos);
  CHECK(whole.find("[resent]") != std::string::npos);
  for (std::size_t room = 16; room < 80; ++room) {
    const std::string label = segment_label(flow.history, data, room);
    INFO(label);
    CHECK(columns(label) <= room);
    CHECK(label.find("[resent]") != std::string::npos);
    CHECK(label.find("...") == std::string::npos);
  }
  for (std::size_t room = 0; room < 16; ++room)
    CHECK(columns(segment_label(flow.history, data, room)) <= std::max<std::size_t>(room, 1));
}

TEST_CASE("every change of state is listed with its basis and proof") {
  const std::string line = line_with(draw(sample_flow()), "received SYN-ACK");
  CHECK(line.find("confirmed") != std::string::npos);
  CHECK(line.find("ESTABLISHED") != std::string::npos);
}

TEST_CASE("windows are told in octets where the scale is known") {
  FlowResult flow = sample_flow();
  const auto window = [&](RecordIndex i) {
    return advertised_window(flow.history, flow.history.records()[i]);
  };
  CHECK(window(0) == 502);  // a SYN's is never scaled
  CHECK(window(2) == 502 * 128);
  flow.history.trace.sides[1].syn_options.has_window_scale = false;
  CHECK(window(2) == 502);
  flow.history.trace.sides[1].syn_seen = false;
  CHECK_FALSE(window(2));
  CHECK(segment_text(flow.history, 2) == "ACK ack 1 win 502?");
}

TEST_CASE("a probe of a closed window is no keep-alive") {
  FlowResult flow = sample_flow();
  std::vector<SegmentRecord>& records = flow.history.trace.records;
  records[3].standing.keepalive = true;
  CHECK(remarks_text(flow.history, 3) == "keep-alive");
  records[1].window = 0;  // the SYN-ACK's
  CHECK(remarks_text(flow.history, 3) == "window probe");
  CHECK(remarks_text(flow.history, 1) == "");
  // The window is open, but its sender did not know.
  records[1].window = 502;
  auto transfer = std::make_shared<TransferResults>();
  transfer->windows[index(records[3].side)].window_probes.add(records[3].frame);
  flow.history.transfer = transfer;
  CHECK(remarks_text(flow.history, 3) == "window probe");
}

TEST_CASE("ICMP errors are told in words") {
  IcmpRecord icmp;
  icmp.type = 3;
  icmp.code = 4;
  icmp.mtu = 1400;
  CHECK(icmp_text(icmp).find("fragmentation needed (type 3 code 4, mtu 1400)") != std::string::npos);
}

TEST_CASE("how a connection went is told in words, not in those of the records") {
  FlowResult flow = sample_flow();
  FlowHistory& history = flow.history;
  history.close = Close::BothFin;
  history.closed_first = ClosedFirst::B;
  CHECK(outcome_text(history) == "handshake complete; closed by both ends, server first");
  history.closed_first = ClosedFirst::Both;
  CHECK(outcome_text(history) == "handshake complete; closed by both ends at once");
  history.close = Close::BRst;
  CHECK(outcome_text(history) == "handshake complete; reset by the server");
  history.close = Close::Open;
  CHECK(outcome_text(history) == "handshake complete; still open");
  history.handshake = Handshake::Refused;
  CHECK(outcome_text(history) == "refused");
  history.handshake = Handshake::SynOnly;
  history.close = Close::Timeout;
  CHECK(outcome_text(history) == "SYN unanswered; timed out");
}
