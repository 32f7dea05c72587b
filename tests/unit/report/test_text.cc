#include <catch2/catch.hpp>

#include "analyzer/report/summary/spread.h"
#include "analyzer/report/text/text.h"

using namespace tcpautopsy;

TEST_CASE("numbers are grouped and octets rounded to what people read") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(readable_bytes(999) == "999 B");
  CHECK(readable_bytes(1000) == "1.0 kB");
  CHECK(readable_bytes(1'699'999) == "1.7 MB");
  CHECK(readable_bytes(999'999) == "1.0 MB");
  CHECK(plural(1, "flow", "flows") == "1 flow");
  CHECK(plural(1200, "flow", "flows") == "1,200 flows");
}

TEST_CASE("widths count code points, not octets") {
  CHECK(columns("caf\xC3\xA9") == 4);
  CHECK(cut("caf\xC3\xA9s", 5) == "caf\xC3\xA9s");
  CHECK(cut("caf\xC3\xA9 noir", 7) == "caf\xC3\xA9...");
  CHECK(padded("\xC3\xA9", 3) == "\xC3\xA9  ");
  CHECK(padded_left("7", 3) == "  7");
}

TEST_CASE("text wraps at spaces, and a word longer than the line stands alone") {
  CHECK(wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("a aVeryLongWord b", 5) == std::vector<std::string>{"a", "aVeryLongWord", "b"});
  CHECK(wrapped("", 5) == std::vector<std::string>{""});
  CHECK(paragraph("- ", "alpha beta gamma delta epsilon zeta", 24) ==
        "- alpha beta gamma delta\n  epsilon zeta\n");
}

TEST_CASE("colour is written only where it is wanted") {
  CHECK(TextStyle{100, false}.paint(Paint::Red, "x") == "x");
  CHECK(TextStyle{100, true}.paint(Paint::Red, "x") == "\033[1;31mx\033[0m");
  CHECK(TextStyle{100, true}.paint(Paint::Plain, "x") == "x");
}

TEST_CASE("control characters from a capture never reach the terminal") {
  CHECK(printable("a\033[31mb\n") == "a\\x1b[31mb\\x0a");
  // U+009B is CSI, U+202E turns the text round, U+E0041 shows nothing.
  CHECK(printable("a\xC2\x9B"
                  "b\xE2\x80\xAE"
                  "c\xF3\xA0\x81\x81") == "a\\u{9b}b\\u{202e}c\\u{e0041}");
  CHECK(printable("caf\xC3\xA9 \xE6\x97\xA5\xF0\x9F\x98\x80") == "caf\xC3\xA9 \xE6\x97\xA5\xF0\x9F\x98\x80");
  CHECK(printable("\xC3(\xFF\xED\xA0\x80") == "\\xc3(\\xff\\xed\\xa0\\x80");
  CHECK(markdown_code("a`b``c|d") == "```a`b``c\\|d```");
  CHECK(markdown_code("`") == "`` ` ``");
}

TEST_CASE("a table sets columns by their widest cell, and below each other where they have no room") {
  Table table({"A", "NUMBER"}, {1});
  table.add({"long cell", "7"});
  CHECK(table.text(TextStyle{100, false}) == "A          NUMBER\nlong cell       7\n");
  CHECK(table.text(TextStyle{10, false}) == "A  NUMBER\nlong cell\n    7\n");
}

TEST_CASE("a narrow table leaves out the columns that are told to be of least use, never the last") {
  Table table({"SERVICE", "FIRST", "SECOND", "WHAT"});
  table.add({"a service", "1", "2", "some words about what is wrong"});
  table.may_leave_out({"SECOND", "FIRST"});
  CHECK(table.text(TextStyle{60, false}).find("SECOND") != std::string::npos);
  CHECK(table.text(TextStyle{44, false}).find("SECOND") == std::string::npos);
  CHECK(table.text(TextStyle{44, false}).find("FIRST") != std::string::npos);
  CHECK(table.text(TextStyle{36, false}).find("FIRST") == std::string::npos);
  CHECK(table.text(TextStyle{36, false}).find("...") == std::string::npos);
}

TEST_CASE("the last cell of a row is wrapped behind the others, and nothing is ever cut") {
  Table table({"ID", "WHAT"});
  table.add({"7", "some words that are wrapped behind it"});
  CHECK(table.text(TextStyle{24, false}) == "ID  WHAT\n7   some words that are\n    wrapped behind it\n");
  CHECK(table_row({"7 ", "some words"}, 0, 0) == "7   some words");
  CHECK(table_row({"7 ", "some words", "  "}, 2, 40) == "  7   some words");
  CHECK(table_row({"seventeen", "some words"}, 0, 20) == "seventeen\n    some words");
  CHECK(table_row({"seventeen", "8", "some words of it"}, 0, 20) == "seventeen  8\n    some words of it");
  CHECK(table_row({"7", "twenty-one-letters-x"}, 0, 19) == "7  twenty-one-lette\n   rs-x");
  CHECK(table_row({"eighteen-letters-x", "y"}, 0, 10) == "eighte\n    en-let\n    ters-x\n    y");
}

TEST_CASE("columns make room for the longest word of the last") {
  const std::vector<std::size_t> widths{4, 10, 60};
  CHECK(columns_with_room(widths, {1}, 12, 0, 80) == std::vector<std::size_t>{0, 1, 2});
  CHECK(columns_with_room(widths, {1}, 12, 0, 42) == std::vector<std::size_t>{0, 1, 2});
  CHECK(columns_with_room(widths, {1}, 30, 0, 42) == std::vector<std::size_t>{0, 2});
  CHECK(columns_with_room(widths, {1, 0}, 40, 2, 42) == std::vector<std::size_t>{2});
  CHECK(columns_with_room(widths, {1, 0}, 40, 2, 0) == std::vector<std::size_t>{0, 1, 2});
  CHECK(longest_word("some longer words") == 6);
}

TEST_CASE("what stands below a row is never broken") {
  Table table({"A", "B"});
  table.add({"1", "2"}, "a command that is to be copied whole");
  CHECK(table.text(TextStyle{12, false}, 2) ==
        "  A  B\n  1  2\n      a command that is to be copied whole\n");
}

TEST_CASE("the median of a spread is within a thirty-second") {
  Spread spread;
  CHECK_FALSE(spread.median());
  for (std::int64_t i = 1; i <= 1001; ++i) spread.add(i * 1'000'000);
  CHECK(*spread.least() == 1'000'000);
  CHECK(*spread.most() == 1'001'000'000);
  CHECK(std::abs(static_cast<double>(*spread.median()) / 501e6 - 1) < 1.0 / 31);
  Spread one;
  one.add(12345);
  CHECK(*one.median() == 12345);
  Spread extremes;
  extremes.add(std::numeric_limits<std::int64_t>::max());
  extremes.add(-5);
  CHECK(*extremes.least() == 0);
}
