#include "analyzer/capture/pcapng_writer.h"

#include <pcap/dlt.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

std::string rewritten(const std::string& content) {
  const TempFile file(content);
  const auto source = CaptureSource::open(file.path());
  std::string out;
  PcapngWriter writer(out);
  Frame frame;
  while (source->next(frame)) writer.write(frame);
  return out;
}

}  // namespace

TEST_CASE("pcapng writer: what was read comes back") {
  const std::string comments =
      option(false, 1, "one") + option(false, 1, "two and more") + option(false, 0, "");
  const std::string original =
      section() + interface(false, 113, 0, tsresol(false, 9)) + interface(false, 101) + interface(false, 1) +
      enhanced(false, 1, 1'700'000'000'123'456, "abc", 1500) +
      enhanced(false, 0, 1'700'000'000'123'456'789, "", 9, comments) + enhanced(false, 1, 5, "defgh", 5);
  const Reading before = read(original), after = read(rewritten(original));
  REQUIRE(after.packets.size() == 3);
  CHECK_FALSE(after.damage);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(after.packets[i].time_ns == before.packets[i].time_ns);
    CHECK(after.packets[i].bytes == before.packets[i].bytes);
    CHECK(after.packets[i].wire_length == before.packets[i].wire_length);
    CHECK(after.packets[i].link_type == before.packets[i].link_type);
    CHECK(after.packets[i].comments == before.packets[i].comments);
  }
  // Interfaces on demand, in order of their first packet: the one without packets is not there.
  CHECK(after.packets[0].interface == 0);
  CHECK(after.packets[1].interface == 1);
  CHECK(after.packets[2].interface == 0);
  CHECK(after.info.link_types == std::vector<int>{DLT_RAW, DLT_LINUX_SLL});
}

TEST_CASE("pcapng writer: from classic pcap, and with nothing to write") {
  const Reading after = read(rewritten(small_pcap(30)));
  REQUIRE(after.packets.size() == 30);
  CHECK(after.packets[29].time_ns == 30'000'000'000);
  CHECK(after.packets[29].bytes == read(small_pcap(30)).packets[29].bytes);
  CHECK(read(rewritten(pcap_header())).packets.empty());
}

TEST_CASE("pcapng writer: files are kept apart") {
  std::string out;
  PcapngWriter writer(out);
  Frame frame;
  frame.link_type = DLT_EN10MB;
  writer.write(frame, 0);
  writer.write(frame, 1);
  writer.write(frame, 0);
  const Reading after = read(out);
  REQUIRE(after.packets.size() == 3);
  CHECK(after.packets[0].interface == 0);
  CHECK(after.packets[1].interface == 1);
  CHECK(after.packets[2].interface == 0);
}

TEST_CASE("pcapng writer: a comment of the section, the capture's end and its drops") {
  const std::string original = section() + interface(false, 1) + enhanced(false, 0, 5'000'000, "abc", 3);
  const TempFile file(original);
  const auto source = CaptureSource::open(file.path());
  std::string out;
  PcapngWriter writer(out, "what it was about");
  writer.write_statistics(7'000'000'000, 3);
  CHECK(read(out).packets.empty());
  CHECK_FALSE(read(out).info.end_ns);
  Frame frame;
  while (source->next(frame)) writer.write(frame);
  writer.write_statistics(7'000'000'000, 3);
  const Reading after = read(out);
  CHECK_FALSE(after.damage);
  CHECK(after.packets.size() == 1);
  CHECK(after.info.end_ns == 7'000'000'000);
  CHECK(after.info.dropped == 3);
  CHECK(out.find("what it was about") != std::string::npos);
  CHECK(out.size() % 4 == 0);
}
