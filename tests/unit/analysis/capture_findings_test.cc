#include "analyzer/analysis/capture_findings.h"

#include <catch2/catch.hpp>
#include <memory>

#include "analyzer/transfer/transfer_results.h"

using namespace tcpautopsy;

namespace {

FlowHistory with_checksums(const FrameRef& frame, std::uint64_t bad, std::uint64_t right) {
  auto facts = std::make_shared<TransferResults>();
  ChecksumFacts& sums = facts->marks[0].checksums;
  for (std::uint64_t i = 0; i < bad; ++i) sums.wrong.add(frame);
  sums.bad = bad;
  sums.right = right;
  FlowHistory flow;
  flow.transfer = facts;
  return flow;
}

}  // namespace

TEST_CASE("offload is told once, from the earliest frame of all files on") {
  OffloadBook book;
  book.note(with_checksums({1, 3, 500}, 10, 0));
  book.note(with_checksums({0, 7, 100}, 5, 1));
  const auto finding = book.finding();
  REQUIRE(finding);
  CHECK(finding->id == "bad_checksum");
  CHECK(finding->scope == Scope::Capture);
  CHECK(finding->severity == Severity::Info);
  CHECK_FALSE(finding->flow);
  CHECK(finding->count == 15);
  CHECK(finding->time_ns == 100);
  CHECK(finding->end_ns == 500);
  REQUIRE(finding->frames.size() == 1);
  CHECK(finding->frames[0].file == 0);
  CHECK(finding->frames[0].number == 7);
}

TEST_CASE("damaged segments and a lone wrong one are no offload") {
  OffloadBook book;
  book.note(with_checksums({0, 7, 100}, 3, 20));
  book.note(with_checksums({0, 9, 200}, 1, 0));
  CHECK_FALSE(book.finding());
}

TEST_CASE("what was captured twice is told with the file of its first copy") {
  CaptureFacts facts;
  CHECK_FALSE(duplicates_finding(facts, 900));
  facts.copies_dropped = 4;
  facts.first_copy = {2, 11, 700};
  const auto finding = duplicates_finding(facts, 900);
  REQUIRE(finding);
  CHECK(finding->id == "packet_duplicated");
  CHECK(finding->frames[0].file == 2);
  CHECK(finding->frames[0].number == 11);
  CHECK(finding->time_ns == 700);
  CHECK(finding->end_ns == 900);
  CHECK(finding->count == 4);
}

TEST_CASE("connections captured on both sides of a NAT are told once") {
  CaptureFacts facts;
  facts.translated_copies = 3;
  facts.first_translated = {0, 5, 400};
  const auto finding = duplicates_finding(facts, 900);
  REQUIRE(finding);
  CHECK(finding->count == 3);
  CHECK(finding->frames[0].number == 5);
}
