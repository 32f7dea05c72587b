#include <pcap/dlt.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

std::string header(std::uint32_t datalink = 4, std::uint32_t version = 2) {
  return ByteString(true).raw(std::string("snoop\0\0\0", 8)).u32(version).u32(datalink).str();
}

std::string record(std::uint32_t seconds, const std::string& data, std::uint32_t wire_length,
                   std::uint32_t padding = 0, std::uint32_t drops = 0) {
  return ByteString(true)
      .u32(wire_length)
      .u32(data.size())
      .u32(24 + data.size() + padding)
      .u32(drops)
      .u32(seconds)
      .u32(123'456)
      .raw(data)
      .raw(std::string(padding, '\xee'))
      .str();
}

const std::string kRecords[] = {record(1, "abcdef", 60, 2), record(2, "", 0), record(3, "abcd", 4),
                                record(4, "a", 1, 3)};

std::string small_snoop() {
  std::string file = header();
  for (const std::string& each : kRecords) file += each;
  return file;
}

std::string lying(std::uint32_t captured, std::uint32_t length) {
  return ByteString(true).u32(60).u32(captured).u32(length).u32(0).u32(9).u32(9).raw("abcdefghijkl").str();
}

}  // namespace

TEST_CASE("snoop: times, lengths, padding and drops") {
  const auto reading = read(header() + record(774'736'830, "abcdef", 60, 2, 3) +
                            record(4'000'000'000, std::string(100, 'x'), 100, 16, 7));
  REQUIRE(reading.packets.size() == 2);
  const Packet& first = reading.packets[0];
  CHECK(first.number == 1);
  CHECK(first.time_ns == 774'736'830'123'456'000);
  CHECK(first.has_time);
  CHECK(first.bytes == "abcdef");
  CHECK(first.wire_length == 60);
  CHECK(first.link_type == DLT_EN10MB);
  CHECK(first.interface == 0);
  CHECK(reading.packets[1].number == 2);
  CHECK(reading.packets[1].time_ns == 4'000'000'000'123'456'000);
  CHECK(reading.packets[1].bytes == std::string(100, 'x'));
  CHECK_FALSE(reading.damage);
  CHECK(reading.info.format == "snoop");
  CHECK(reading.info.packets == 2);
  CHECK(reading.info.cut_packets == 1);
  CHECK(reading.info.dropped == 7);
  CHECK(reading.info.link_types == std::vector<int>{DLT_EN10MB});
}

TEST_CASE("snoop: compressed") {
  const auto reading = read(packed(small_snoop(), "gzip"));
  CHECK(reading.packets.size() == 4);
  CHECK(reading.info.format == "snoop+gzip");
  CHECK_FALSE(reading.damage);
}

TEST_CASE("snoop: datalink types become libpcap's") {
  const auto [datalink, dlt] = GENERATE(table<std::uint32_t, int>({{0, DLT_EN10MB},
                                                                   {2, DLT_IEEE802},
                                                                   {4, DLT_EN10MB},
                                                                   {8, DLT_FDDI},
                                                                   {14, DLT_NULL},
                                                                   {16, DLT_IP_OVER_FC},
                                                                   {18, DLT_SUNATM},
                                                                   {24, DLT_EN10MB},
                                                                   {25, DLT_EN10MB},
                                                                   {0x80000001, DLT_IPV4},
                                                                   {0x80000002, DLT_IPV6},
                                                                   {0x80000005, DLT_IPNET}}));
  const auto reading = read(header(datalink) + kRecords[2]);
  REQUIRE(reading.packets.size() == 1);
  CHECK(reading.packets[0].link_type == dlt);
  CHECK(reading.info.link_types == std::vector<int>{dlt});
}

TEST_CASE("snoop: what is not known is refused") {
  CHECK(open_error(header(9)) == "snoop datalink type 9 is not known");
  CHECK(open_error(header(0xffffffff)) == "snoop datalink type 4294967295 is not known");
  CHECK(open_error(header(4, 3)) == "snoop version 3 is not known, only 2");
}

TEST_CASE("snoop: the filter") {
  CHECK(read(small_snoop(), "greater 60").info.filtered_out == 3);
  CHECK(open_error(small_snoop(), "tcp prot 80").find("filter \"tcp prot 80\": ") == 0);
}

TEST_CASE("snoop: valid without packets") {
  const auto reading = read(header());
  CHECK(reading.packets.empty());
  CHECK_FALSE(reading.damage);
  CHECK_FALSE(reading.info.dropped);
}

TEST_CASE("snoop: cut at every byte") {
  const std::string whole = small_snoop();
  std::vector<std::size_t> starts{16};
  for (const std::string& each : kRecords) starts.push_back(starts.back() + each.size());
  REQUIRE(whole.size() == starts.back());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    INFO("cut to " << size << " bytes");
    const std::string content = whole.substr(0, size);
    if (size < 16) {
      const std::string error = open_error(content);
      CHECK_FALSE(error.empty());
      if (size >= 8)
        CHECK(error == "the file ends inside its header (" + std::to_string(size) + " of 16 bytes)");
      continue;
    }
    const auto reading = read(content);
    const auto after = std::upper_bound(starts.begin(), starts.end(), size);
    const std::size_t start = *(after - 1);
    const auto packets = static_cast<std::size_t>(after - starts.begin()) - 1;
    CHECK(reading.packets.size() == packets);
    REQUIRE(reading.damage.has_value() == (size != start));
    if (!reading.damage) continue;
    CHECK(reading.damage->offset == start);
    CHECK(reading.damage->packet == packets);
    CHECK(reading.damage->reason.find(size - start < 24 ? "inside a record header" : "inside a packet") !=
          std::string::npos);
  }
}

TEST_CASE("snoop: a length that lies") {
  const auto [captured, length, reason] = GENERATE(table<std::uint32_t, std::uint32_t, std::string>({
      {0xffffffff, 36, "a record claims 4294967295 captured bytes"},
      {0xfffffff0, 8, "a record claims 4294967280 captured bytes"},  // 24 more wrap around to 8
      {262'145, 262'169, "a record claims 262145 captured bytes"},
      {12, 35, "a record of 12 captured bytes claims a length of 35"},
      {12, 0, "a record of 12 captured bytes claims a length of 0"},
      {12, 262'169, "a record of 12 captured bytes claims a length of 262169"},
      {12, 0xffffffff, "a record of 12 captured bytes claims a length of 4294967295"},
      {262'144, 262'168, "the file ends inside a packet of 262144 bytes"},
  }));
  const std::string before = small_snoop();
  const auto reading = read(before + lying(captured, length));
  CHECK(reading.packets.size() == 4);
  REQUIRE(reading.damage);
  CHECK(reading.damage->offset == before.size());
  CHECK(reading.damage->packet == 4);
  CHECK(reading.damage->reason == reason);
  CHECK(reading.info.dropped == 0);
}
