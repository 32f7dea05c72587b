#include <pcap/dlt.h>

#include <catch2/catch.hpp>

#include "analyzer/capture/capture_time.h"
#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

TEST_CASE("pcapng: interfaces of different link types and resolutions in one file") {
  const bool big = GENERATE(false, true);
  const auto reading = read(
      section(big) + interface(big, 1) + interface(big, 101, 0, tsresol(big, 9)) +
      interface(big, 113, 96, tsresol(big, 0x80 | 20)) + enhanced(big, 1, 1'500'000'007, "raw", 40) +
      enhanced(big, 0, 2'500'001, "ether", 5) + enhanced(big, 2, (3ULL << 20) + (1ULL << 19), "cooked", 6));
  REQUIRE(reading.packets.size() == 3);
  CHECK(reading.packets[0].link_type == DLT_RAW);
  CHECK(reading.packets[0].time_ns == 1'500'000'007);
  CHECK(reading.packets[0].interface == 1);
  CHECK(reading.packets[0].bytes == "raw");
  CHECK(reading.packets[0].wire_length == 40);
  CHECK(reading.packets[1].link_type == DLT_EN10MB);
  CHECK(reading.packets[1].time_ns == 2'500'001'000);
  CHECK(reading.packets[2].link_type == DLT_LINUX_SLL);
  CHECK(reading.packets[2].time_ns == 3'500'000'000);
  CHECK(reading.packets[2].number == 3);
  CHECK(reading.info.link_types == std::vector<int>{DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL});
  CHECK(reading.info.format == "pcapng");
  CHECK(reading.info.cut_packets == 1);
  CHECK_FALSE(reading.damage);
}

TEST_CASE("pcapng: resolutions of every power") {
  const auto ns = [](unsigned resolution, std::uint64_t ticks) {
    const auto reading = read(section() + interface(false, 1, 0, tsresol(false, resolution)) +
                              enhanced(false, 0, ticks, "", 0));
    REQUIRE(reading.packets.size() == 1);
    return reading.packets[0].time_ns;
  };
  CHECK(ns(0, 1'700'000'000) == 1'700'000'000'000'000'000);
  CHECK(ns(3, 1'500) == 1'500'000'000);
  CHECK(ns(9, 1'700'000'000'123'456'789) == 1'700'000'000'123'456'789);
  CHECK(ns(12, 1'500'000'000'999) == 1'500'000'000);
  CHECK(ns(28, ~std::uint64_t{0}) == 1);
  CHECK(ns(127, ~std::uint64_t{0}) == 1);
  CHECK(ns(0x80, 12) == 12'000'000'000);
  CHECK(ns(0x80 | 32, 1ULL << 31) == 500'000'000);
  CHECK(ns(0x80 | 127, ~std::uint64_t{0}) == 0);
  // Absurd times are held where sums of them do not overflow.
  CHECK(ns(0, ~std::uint64_t{0}) == kLatestTime);
}

TEST_CASE("pcapng: if_tsoffset is added in seconds") {
  const auto at = [](std::int64_t offset) {
    const std::string value = ByteString().u64(static_cast<std::uint64_t>(offset)).str();
    return read(section() + interface(false, 1, 0, option(false, 14, value)) + enhanced(false, 0, 5, "", 0))
        .packets.at(0)
        .time_ns;
  };
  CHECK(at(1000) == 1'000'000'005'000);
  CHECK(at(-1) == kEarliestTime);
  CHECK(at(std::numeric_limits<std::int64_t>::min()) == kEarliestTime);
}

TEST_CASE("pcapng: a second section in the other byte order has its own interfaces") {
  const bool big = GENERATE(false, true);
  const auto reading =
      read(section(big) + interface(big, 1) + interface(big, 1) + enhanced(big, 1, 1, "a", 1) +
           section(!big) + interface(!big, 113) + enhanced(!big, 0, 2, "bc", 2));
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].interface == 1);
  CHECK(reading.packets[1].interface == 2);
  CHECK(reading.packets[1].link_type == DLT_LINUX_SLL);
  CHECK(reading.packets[1].bytes == "bc");
  CHECK(reading.packets[1].time_ns == 2000);

  const auto unknown = read(section(big) + interface(big, 1) + section(!big) + enhanced(!big, 0, 2, "bc", 2));
  REQUIRE(unknown.damage);
  CHECK(unknown.damage->reason.find("not described") != std::string::npos);
}

TEST_CASE("pcapng: simple and obsolete packet blocks") {
  const auto obsolete = [](const std::string& data) {
    return block(false, 2,
                 ByteString().u16(1).u16(77).u32(0).u32(9).u32(data.size()).u32(90).raw(data).pad().str());
  };
  const auto reading = read(section() + interface(false, 1, 4) + interface(false, 101) + obsolete("old") +
                            block(false, 3, ByteString().u32(9).raw("simp").str()) +
                            block(false, 3, ByteString().u32(3).raw("abc").str()));
  REQUIRE(reading.packets.size() == 3);
  CHECK(reading.packets[0].interface == 1);
  CHECK(reading.packets[0].bytes == "old");
  CHECK(reading.packets[0].wire_length == 90);
  CHECK(reading.packets[0].time_ns == 9000);
  CHECK(reading.packets[0].has_time);
  CHECK(reading.packets[1].bytes == "simp");
  CHECK(reading.packets[1].wire_length == 9);
  CHECK_FALSE(reading.packets[1].has_time);
  CHECK(reading.packets[1].time_ns == 9000);
  CHECK(reading.packets[1].link_type == DLT_EN10MB);
  CHECK(reading.packets[2].bytes == "abc");
  CHECK(reading.info.last_ns == 9000);
}

TEST_CASE("pcapng: comments are kept, in order, and only on their packet") {
  const std::string options = option(false, 1, "first") + option(false, 2, "flag") +
                              option(false, 1, "zwölf") + option(false, 0, "") +
                              option(false, 1, "after the end");
  const auto reading = read(section() + interface(false, 1) + enhanced(false, 0, 1, "abcde", 5, options) +
                            enhanced(false, 0, 2, "x", 1));
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].comments == std::vector<std::string>{"first", "zwölf"});
  CHECK(reading.packets[0].bytes == "abcde");
  CHECK(reading.packets[1].comments.empty());
}

TEST_CASE("pcapng: an option whose length lies ends the options, not the packet") {
  const std::string lying = option(false, 1, "good") + ByteString().u16(1).u16(9999).raw("bad!").str();
  const auto reading = read(section() + interface(false, 1) + enhanced(false, 0, 1, "abcd", 4, lying));
  REQUIRE(reading.packets.size() == 1);
  CHECK(reading.packets[0].comments == std::vector<std::string>{"good"});
  CHECK_FALSE(reading.damage);
}

TEST_CASE("pcapng: statistics give the end and the drops") {
  const auto statistics = [](unsigned id, std::uint64_t end_us, std::uint64_t ifdrop, std::uint64_t osdrop) {
    const std::string end = ByteString().u32(end_us >> 32).u32(end_us & 0xffffffff).str();
    return block(false, 5,
                 ByteString().u32(id).u64(0).str() + option(false, 3, end) +
                     option(false, 5, ByteString().u64(ifdrop).str()) +
                     option(false, 7, ByteString().u64(osdrop).str()) + option(false, 0, ""));
  };
  const auto reading = read(section() + interface(false, 1) + interface(false, 1) +
                            enhanced(false, 0, 1, "a", 1) + statistics(0, 5'000'000, 3, 1) +
                            statistics(1, 9'000'000'000, 10, 0) + statistics(0, 8'000'000, 5, 2));
  CHECK(reading.info.end_ns == 9'000'000'000'000);
  // The counters of an interface run on: its last block counts.
  CHECK(reading.info.dropped == 5 + 2 + 10);
  CHECK_FALSE(reading.damage);
}

TEST_CASE("pcapng: blocks that mean nothing to us are passed over, before and among the packets") {
  const auto other = [](std::uint32_t type, std::size_t size) {
    return block(false, type, std::string(size, 'z'));
  };
  const auto reading =
      read(section() + other(4, 0) + interface(false, 1) + other(4, 24) + enhanced(false, 0, 1, "a", 1) +
           other(10, 7) + other(0xbad, 20) + other(0x80000001, 600'000) + enhanced(false, 0, 2, "b", 1));
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[1].bytes == "b");
  CHECK_FALSE(reading.damage);
}

TEST_CASE("pcapng: valid without packets") {
  CHECK(read(section()).packets.empty());
  CHECK_FALSE(read(section() + interface(false, 1)).damage);
  CHECK(read(section() + interface(false, 1)).info.link_types == std::vector<int>{DLT_EN10MB});
}

TEST_CASE("pcapng: a packet larger than any buffer") {
  const std::string data(3'000'000, 'q');
  const auto reading = read(section() + interface(false, 1) + enhanced(false, 0, 1, data, 3'000'000) +
                            enhanced(false, 0, 2, "b", 1));
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].bytes == data);
}

TEST_CASE("pcapng: cut at every byte") {
  const std::string whole = small_pcapng(3) + block(false, 0xbad, "0123456789ab");
  const std::size_t head = section().size() + interface(false, 1).size();
  const std::size_t starts[] = {head, head + 40, head + 40 + 44, head + 40 + 44 + 48,
                                head + 40 + 44 + 48 + 24};
  REQUIRE(whole.size() == starts[4]);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    INFO("cut to " << size << " bytes");
    const std::string content = whole.substr(0, size);
    if (size < section().size()) {
      CHECK_FALSE(open_error(content).empty());
      continue;
    }
    const auto reading = read(content);
    if (size < head) {
      CHECK(reading.packets.empty());
      CHECK(reading.damage.has_value() == (size != section().size()));
      if (reading.damage) CHECK(reading.damage->offset == section().size());
      continue;
    }
    std::size_t blocks = 0;
    while (blocks < 4 && starts[blocks + 1] <= size) ++blocks;
    CHECK(reading.packets.size() == std::min<std::size_t>(blocks, 3));
    CHECK(reading.damage.has_value() == (size != starts[blocks]));
    if (!reading.damage) continue;
    CHECK(reading.damage->offset == starts[blocks]);
    CHECK(reading.damage->packet == reading.packets.size());
    CHECK(reading.damage->reason.find("the file ends inside a block") == 0);
  }
}

TEST_CASE("pcapng: lengths that lie") {
  const std::string good = small_pcapng(2);
  const auto damage = [&](const std::string& bad) {
    const auto reading = read(good + bad + enhanced(false, 0, 9, "never", 5));
    CHECK(reading.packets.size() == 2);
    REQUIRE(reading.damage);
    CHECK(reading.damage->offset == good.size());
    CHECK(reading.damage->packet == 2);
    return reading.damage->reason;
  };
  const std::string packet = enhanced(false, 0, 1, "abcd", 4);
  const auto with = [&](std::size_t at, std::uint32_t value) {
    std::string changed = packet;
    return changed.replace(at, 4, ByteString().u32(value).str());
  };
  CHECK(damage(with(packet.size() - 4, 40)) == "a block says 36 bytes at its head and 40 at its tail");
  CHECK(damage(with(4, 0)) == "a block claims an impossible length of 0 bytes");
  CHECK(damage(with(4, 8)) == "a block claims an impossible length of 8 bytes");
  CHECK(damage(with(4, 37)) == "a block claims an impossible length of 37 bytes");
  CHECK(damage(with(4, 0xfffffffc)) == "a block claims 4294967292 bytes");
  CHECK(damage(with(4, 0x0ffffffc)) == "the file ends inside a block of 268435452 bytes");
  CHECK(damage(with(20, 5)) == "a packet claims 5 captured bytes in a block that has room for 4");
  CHECK(damage(with(20, 0xffffffff)) ==
        "a packet claims 4294967295 captured bytes in a block that has room for 4");
  CHECK(damage(with(8, 1)) == "a packet of interface 1, which is not described");
  CHECK(damage(block(false, 6, "short")) == "a packet block is too short");
  CHECK(damage(block(false, 3, "")) == "a simple packet block is too short");
  CHECK(damage(block(false, 3, ByteString().u32(9).raw("abcd").str())) ==
        "a packet of 9 bytes in a block that has room for 4");
  CHECK(damage(block(false, 1, "1234")) == "an interface description is too short");
  CHECK(damage(block(false, 5, "1234")) == "interface statistics are too short");
  CHECK(damage(block(false, 5, ByteString().u32(7).u64(0).str())) ==
        "statistics of interface 7, which is not described");
  CHECK(damage(block(false, 0x0a0d0d0a, ByteString().u32(0x11223344).u16(1).u16(0).u64(0).str())) ==
        "a section header does not tell its byte order");
  CHECK(damage(block(false, 0x0a0d0d0a, ByteString().u32(0x1a2b3c4d).u16(2).u16(0).u64(0).str())) ==
        "pcapng version 2 is not known");
  CHECK(damage(block(false, 0x0a0d0d0a, ByteString().u32(0x1a2b3c4d).str())) ==
        "a section header is too short");
  std::string unknown = block(false, 0xbad, "1234");
  unknown.replace(4, 4, ByteString().u32(0xfffffffc).str());
  CHECK(damage(unknown) == "the file ends inside a block of 4294967292 bytes");
}

TEST_CASE("pcapng: tables are bounded") {
  std::string many = section();
  for (unsigned i = 0; i < 300; ++i) many += interface(false, i);
  const auto reading = read(many + enhanced(false, 0, 1, "a", 1));
  REQUIRE(reading.damage);
  CHECK(reading.damage->reason == "more than 256 link types");

  std::string interfaces = section();
  for (unsigned i = 0; i < 65'537; ++i) interfaces += interface(false, 1);
  REQUIRE(read(interfaces).damage);
  CHECK(read(interfaces).damage->reason == "more than 65536 interfaces");
}
