#include <algorithm>
#include <catch2/catch.hpp>

#include "analyzer/batch/capture_sets.h"
#include "analyzer/seq/seq.h"

using namespace tcpautopsy;
using namespace tcpautopsy::batch;

namespace {

std::string pattern(const std::string& path) {
  const auto found = rotated_name(path);
  return found ? found->pattern : "";
}

Scanned capture(const std::string& path, double from, double until, int link_type = 1) {
  Scanned file;
  file.path = path;
  file.kind = Kind::Capture;
  file.link_types = {link_type};
  file.whole = true;
  file.first_ns = static_cast<std::int64_t>(from * kSecond);
  file.last_ns = static_cast<std::int64_t>(until * kSecond);
  file.size = 100;
  return file;
}

// "a b,c": units as lists of their files.
std::string units(const std::vector<Scanned>& files, SetBy by = SetBy::Name) {
  std::string text;
  for (const UnitPlan& unit : plan_units(files, by)) {
    text += text.empty() ? "" : ",";
    for (std::size_t i = 0; i < unit.files.size(); ++i) text += (i > 0 ? " " : "") + unit.files[i].path;
    if (unit.merged) text += " merged";
  }
  return text;
}

}  // namespace

TEST_CASE("Names of rotated captures") {
  CHECK(pattern("d/eth0.pcap") == pattern("d/eth0.pcap1"));                       // tcpdump -C
  CHECK(pattern("d/eth0.pcap00") == pattern("d/eth0.pcap17"));                    // tcpdump -C -W
  CHECK(pattern("t-20240501-100000.pcap") == pattern("t-20240502-235959.pcap"));  // tcpdump -G
  CHECK(pattern("t_2024-05-01T10:00:00Z.pcap") == pattern("t_2024-05-01T10:01:00Z.pcap"));
  CHECK(pattern("t.1714557600.pcap.gz") == pattern("t.1714557660.pcap"));
  CHECK(pattern("a_00001_20240501100000.pcapng") == pattern("a_00002_20240501100500.pcapng.zst"));  // dumpcap
  CHECK(rotated_name("a_00001_20240501100000.pcapng")->sure);
  CHECK(pattern("day-001.pcap") == pattern("day-002.pcap"));
  CHECK(!rotated_name("day-001.pcap")->sure);
}

TEST_CASE("Names that are no rotation") {
  CHECK(pattern("host1.pcap") != pattern("host2.pcap"));
  CHECK(pattern("eth0-100.pcap") != pattern("eth1-101.pcap"));
  CHECK(pattern("a/x.pcap1") != pattern("b/x.pcap2"));
  CHECK(pattern("a.tar!x.pcap1") != pattern("b.tar!x.pcap2"));
  CHECK_FALSE(rotated_name("10.0.0.1.pcap"));
  CHECK_FALSE(rotated_name("notes.txt"));
  CHECK_FALSE(rotated_name("12345"));
}

TEST_CASE("Pieces follow each other by time, whatever their numbers") {
  // A ring buffer of three files that has gone round.
  CHECK(units({capture("x.pcap0", 30, 40), capture("x.pcap1", 10, 20), capture("x.pcap2", 20, 30)}) ==
        "x.pcap1 x.pcap2 x.pcap0");
}

TEST_CASE("What overlaps stands alone") {
  CHECK(units({capture("x-1.pcap", 0, 10), capture("x-2.pcap", 5, 15), capture("x-3.pcap", 16, 20)}) ==
        "x-1.pcap,x-2.pcap,x-3.pcap");
  // Clocks of two processors at the moment of rotation.
  CHECK(units({capture("x-1.pcap", 0, 10.05), capture("x-2.pcap", 10, 15)}) == "x-1.pcap x-2.pcap");
}

TEST_CASE("A gap parts what only a counter joins") {
  const auto apart = [](double gap) {
    return units({capture("x-1.pcap", 0, 10), capture("x-2.pcap", 10 + gap, 20 + gap)});
  };
  CHECK(apart(3599) == "x-1.pcap x-2.pcap");
  CHECK(apart(3601) == "x-1.pcap,x-2.pcap");
  CHECK(units({capture("x.pcap1", 0, 10), capture("x.pcap2", 90000, 90001)}) == "x.pcap1 x.pcap2");
}

TEST_CASE("Captures of different interfaces are no set") {
  CHECK(units({capture("x.pcap1", 0, 10, 1), capture("x.pcap2", 10, 20, 113)}) == "x.pcap1,x.pcap2");
}

TEST_CASE("Sets by time and by folder") {
  const std::vector<Scanned> files{capture("a/p", 0, 10), capture("a/q", 10, 19), capture("a/r", 40, 50),
                                   capture("b/s", 10, 20)};
  CHECK(units(files, SetBy::Time) == "a/p a/q,a/r,b/s");
  CHECK(units(files, SetBy::Dir) == "a/p a/q a/r,b/s");
  CHECK(units(files, SetBy::None) == "a/p,a/q,a/r,b/s");
  CHECK(units({capture("a/p", 0, 10), capture("a/q", 5, 15)}, SetBy::Dir) == "a/p a/q merged");
}

TEST_CASE("A capture without packets joins no set") {
  Scanned empty = capture("x.pcap2", 0, 0);
  empty.first_ns = empty.last_ns = std::nullopt;
  CHECK(units({capture("x.pcap1", 0, 10), empty, capture("x.pcap3", 10, 20)}) == "x.pcap1 x.pcap3,x.pcap2");
}

TEST_CASE("The plan does not hang on the order of files") {
  std::vector<Scanned> files;
  for (int i = 0; i < 9; ++i) files.push_back(capture("x.pcap" + std::to_string(i), i * 10, i * 10 + 9));
  files.push_back(capture("y.pcap", 0, 5));
  const std::string first = units(files);
  std::reverse(files.begin(), files.end());
  CHECK(units(files) == first);
}

TEST_CASE("Only files that may be pieces are read to their end for the plan") {
  std::vector<Scanned> files{capture("x-1.pcap", 0, 1), capture("x-2.pcap", 0, 1),
                             capture("lone.pcap", 0, 1)};
  for (Scanned& file : files) file.whole = false;
  CHECK(need_whole(files, SetBy::Name) == std::vector<bool>{true, true, false});
  CHECK(need_whole(files, SetBy::None) == std::vector<bool>{false, false, false});
}
