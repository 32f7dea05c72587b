#include "analyzer/analysis/translated_book.h"

#include <catch2/catch.hpp>

using namespace tcpautopsy;

namespace {

FlowHistory leg_of(std::uint64_t original, std::uint64_t number, bool last, Handshake handshake) {
  FlowHistory flow;
  flow.trace.number = number;
  flow.trace.leg = TranslatedLeg{original, last};
  flow.handshake = handshake;
  return flow;
}

Finding finding(std::string_view id, Severity severity, std::optional<Side> side = std::nullopt) {
  Finding f;
  f.id = id;
  f.severity = severity;
  f.side = side;
  return f;
}

// As the analysis asks: what is told of it then.
Findings told(TranslatedBook& book, const FlowHistory& flow, Findings findings) {
  book.tell(flow.trace, findings);
  book.note(flow, findings);
  return findings;
}

}  // namespace

TEST_CASE("what both sides of a NAT tell counts once, on that which is over first") {
  TranslatedBook book;
  const std::uint64_t first = GENERATE(3U, 8U);
  const auto one = leg_of(3, first, false, Handshake::Complete);
  const auto two = leg_of(3, 11 - first, true, Handshake::Complete);
  CHECK(book.counts(one));
  Findings found = told(book, one, {finding("rst_abort", Severity::Warning, Side::B)});
  CHECK(found[0].severity == Severity::Warning);
  CHECK_FALSE(book.counts(two));
  found = told(book, two, {finding("rst_abort", Severity::Warning, Side::B)});
  CHECK(found[0].severity == Severity::Info);
  const bool copy = two.trace.number != 3;
  CHECK(found.size() == (copy ? 2U : 1U));
  if (copy) CHECK(found[1].id == "packet_duplicated");
  // All is forgotten.
  CHECK(book.counts(leg_of(3, 20, false, Handshake::Complete)));
}

TEST_CASE("what only one side tells stands") {
  TranslatedBook book;
  told(book, leg_of(0, 0, false, Handshake::SynOnly), {finding("connect_timeout", Severity::Error, Side::A)});
  const auto copy = leg_of(0, 1, true, Handshake::HalfOpen);
  CHECK(book.counts(copy));
  SECTION("another finding") {
    CHECK(told(book, copy, {finding("syn_ack_lost", Severity::Warning)})[0].severity == Severity::Warning);
  }
  SECTION("of the other end") {
    CHECK(told(book, copy, {finding("connect_timeout", Severity::Error, Side::B)})[0].severity ==
          Severity::Error);
  }
}

TEST_CASE("SYNs that were answered on the other side are no attempt of their own") {
  TranslatedBook book;
  auto inner = leg_of(0, 0, false, Handshake::SynOnly);
  CHECK(book.counts(inner));
  inner.trace.leg->answered = true;
  CHECK_FALSE(book.counts(inner));
  book.note(inner, {});
  CHECK(book.counts(leg_of(0, 1, true, Handshake::HalfOpen)));
}

TEST_CASE("what is worse on the other side stands") {
  TranslatedBook book;
  told(book, leg_of(0, 0, false, Handshake::Complete), {finding("zero_window", Severity::Note)});
  const auto copy = leg_of(0, 1, true, Handshake::Complete);
  CHECK(told(book, copy, {finding("zero_window", Severity::Warning)})[0].severity == Severity::Warning);
}

TEST_CASE("connections without a translation are left alone") {
  TranslatedBook book;
  FlowHistory flow;
  CHECK(book.counts(flow));
  CHECK(told(book, flow, {finding("rst_abort", Severity::Warning)}).size() == 1);
  CHECK(told(book, flow, {finding("rst_abort", Severity::Warning)})[0].severity == Severity::Warning);
}
