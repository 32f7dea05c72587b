#include <pcap/dlt.h>

#include <catch2/catch.hpp>

#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

TEST_CASE("pcap: microseconds and nanoseconds in either byte order") {
  const bool big = GENERATE(false, true);
  const bool nano = GENERATE(false, true);
  const auto reading =
      read(pcap_header(big, nano ? 0xa1b23c4d : 0xa1b2c3d4) +
           pcap_record(big, 1'700'000'000, 123'456, "abcdef", 60) + pcap_record(big, 7, 5, "", 0));
  REQUIRE(reading.packets.size() == 2);
  const Packet& first = reading.packets[0];
  CHECK(first.number == 1);
  CHECK(first.time_ns == 1'700'000'000'000'000'000 + (nano ? 123'456 : 123'456'000));
  CHECK(first.has_time);
  CHECK(first.bytes == "abcdef");
  CHECK(first.wire_length == 60);
  CHECK(first.link_type == DLT_EN10MB);
  CHECK(first.interface == 0);
  CHECK(reading.packets[1].number == 2);
  CHECK(reading.packets[1].bytes.empty());
  CHECK_FALSE(reading.damage);
  CHECK(reading.info.format == "pcap");
  CHECK(reading.info.packets == 2);
  CHECK(reading.info.cut_packets == 1);
  CHECK(reading.info.first_ns == (nano ? 7'000'000'005 : 7'000'005'000));
  CHECK(reading.info.last_ns == first.time_ns);
  CHECK(reading.info.link_types == std::vector<int>{DLT_EN10MB});
  CHECK_FALSE(reading.info.end_ns);
  CHECK_FALSE(reading.info.dropped);
}

TEST_CASE("pcap: Kuznetzov's records are longer by eight bytes") {
  const bool big = GENERATE(false, true);
  const auto record = [&](std::uint32_t seconds, const std::string& data) {
    return ByteString(big)
        .u32(seconds)
        .u32(1)
        .u32(data.size())
        .u32(99)
        .u32(3)
        .u16(0x800)
        .u8(0)
        .u8(0)
        .raw(data)
        .str();
  };
  const std::string whole = pcap_header(big, 0xa1b2cd34) + record(1, "abc") + record(2, "defgh");
  const auto reading = read(whole);
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].bytes == "abc");
  CHECK(reading.packets[1].bytes == "defgh");
  CHECK(reading.packets[1].wire_length == 99);

  const auto cut = read(whole.substr(0, whole.size() - 1));
  REQUIRE(cut.damage);
  CHECK(cut.damage->offset == 24 + 24 + 3);
  CHECK(cut.damage->packet == 1);
}

TEST_CASE("pcap: before 2.3 the two lengths stood the other way round") {
  const auto record = ByteString().u32(1).u32(2).u32(60).u32(4).raw("abcd").str();
  const unsigned minor = GENERATE(2U, 3U);  // 2.3: told by which is the larger
  const auto reading = read(pcap_header(false, 0xa1b2c3d4, 1, 65535, minor) + record + record);
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[1].bytes == "abcd");
  CHECK(reading.packets[1].wire_length == 60);
}

TEST_CASE("pcap: link types are libpcap's, not the file's") {
  const auto [in_file, dlt] =
      GENERATE(table<unsigned, int>({{101, DLT_RAW}, {113, DLT_LINUX_SLL}, {0, DLT_NULL}, {276, 276}}));
  const auto reading = read(pcap_header(false, 0xa1b2c3d4, in_file) + pcap_record(false, 1, 1, "abcd", 4));
  REQUIRE(reading.packets.size() == 1);
  CHECK(reading.packets[0].link_type == dlt);
}

TEST_CASE("pcap: a record longer than the header's snap length is delivered whole") {
  const std::string data(100, 'x');
  const auto reading = read(pcap_header(false, 0xa1b2c3d4, 1, 64) + pcap_record(false, 1, 1, data, 100) +
                            pcap_record(false, 2, 1, "abc", 3) + "tail");
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].bytes == data);
  CHECK(reading.packets[1].bytes == "abc");
  REQUIRE(reading.damage);
  CHECK(reading.damage->offset == 24 + 16 + 100 + 16 + 3);
}

TEST_CASE("pcap: times after 2038") {
  const auto reading = read(pcap_header() + pcap_record(false, 4'000'000'000, 1, "a", 1));
  REQUIRE(reading.packets.size() == 1);
  CHECK(reading.packets[0].time_ns == 4'000'000'000'000'001'000);
}

TEST_CASE("pcap: valid without packets") {
  const auto reading = read(pcap_header());
  CHECK(reading.packets.empty());
  CHECK_FALSE(reading.damage);
  CHECK(reading.info.packets == 0);
  CHECK_FALSE(reading.info.first_ns);
}

TEST_CASE("pcap: cut at every byte") {
  const std::string whole = small_pcap(4);
  const std::size_t starts[] = {24, 24 + 21, 24 + 21 + 26, 24 + 21 + 26 + 31, 24 + 21 + 26 + 31 + 36};
  REQUIRE(whole.size() == starts[4]);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    INFO("cut to " << size << " bytes");
    const std::string content = whole.substr(0, size);
    if (size < 24) {
      CHECK_FALSE(open_error(content).empty());
      continue;
    }
    const auto reading = read(content);
    std::size_t packets = 0;
    while (packets < 4 && starts[packets + 1] <= size) ++packets;
    CHECK(reading.packets.size() == packets);
    CHECK(reading.damage.has_value() == (size != starts[packets]));
    if (!reading.damage) continue;
    CHECK(reading.damage->offset == starts[packets]);
    CHECK(reading.damage->packet == packets);
    const bool in_header = size - starts[packets] < 16;
    CHECK(reading.damage->reason.find(in_header ? "inside a record header" : "inside a packet") !=
          std::string::npos);
  }
}

TEST_CASE("pcap: a length that lies") {
  const std::uint32_t lie = GENERATE(300'000U, 0x10000001U, 0x7fffffffU, 0xffffffffU);
  const auto reading =
      read(small_pcap(2) + ByteString().u32(9).u32(9).u32(lie).u32(lie).raw("abcdefghijkl").str());
  CHECK(reading.packets.size() == 2);
  REQUIRE(reading.damage);
  CHECK(reading.damage->offset == small_pcap(2).size());
  CHECK(reading.damage->packet == 2);
  CHECK(reading.damage->reason == "a record claims " + std::to_string(lie) + " captured bytes");
}
