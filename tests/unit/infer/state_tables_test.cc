#include "analyzer/infer/state_tables.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "analyzer/infer/transitions.h"

using namespace tcpautopsy;

TEST_CASE("analyzer/docs/states.md is what the tables say") {
  std::ifstream file(TCPAUTOPSY_SOURCE_DIR "/analyzer/docs/states.md");
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == state_tables_markdown());
}

TEST_CASE("a segment is processed in the order RST, SYN, ACK, FIN") {
  using enum TcpState;
  CHECK(deliver(FinWait1, kGotAckOfFin | kGotFin) == TimeWait);
  CHECK(deliver(FinWait1, kGotFin) == Closing);
  CHECK(deliver(Closing, kGotAckOfFin) == TimeWait);
  CHECK(deliver(SynReceived, kGotAckOfSyn | kGotFin) == CloseWait);
  CHECK(deliver(SynSent, kGotSynAck | kGotAckOfSyn) == Established);
  CHECK(deliver(SynSent, kGotSyn) == SynReceived);
  CHECK(deliver(Established, kGotRst | kGotFin) == Closed);
  CHECK(deliver(Established, kGotAckOfSyn) == Established);
}

template <class Rows>
void check_sections(const Rows& rows) {
  for (const auto& row : rows) CHECK(row.rfc.find(' ') != std::string_view::npos);
}

TEST_CASE("every row of the tables names an RFC section") {
  check_sections(arrive_rows());
  check_sections(send_rows());
  check_sections(rst_form_rows());
  check_sections(timer_rows());
  check_sections(silent_rows());
  check_sections(start_rows());
  check_sections(told_rows());
  check_sections(hidden_rows());
  check_sections(unseen_rows());
  check_sections(jump_rows());
  check_sections(successor_rows());
}
