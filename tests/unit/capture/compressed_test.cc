#include <catch2/catch.hpp>

#include "analyzer/capture/archive_reader.h"
#include "analyzer/capture/capture_source.h"
#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

// Bytes that do not compress, so that a cut stream still holds something.
std::string noisy_pcap(int count) {
  std::string file = pcap_header();
  std::uint32_t state = 1;
  for (int i = 1; i <= count; ++i) {
    std::string data(100, '\0');
    for (char& c : data) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    file += pcap_record(false, static_cast<std::uint32_t>(i), 0, data, 100);
  }
  return file;
}

constexpr std::size_t kRecord = 116;

}  // namespace

TEST_CASE("compressed: told by content, read as a stream") {
  const std::string compression = GENERATE("gzip", "bzip2", "xz", "zstd", "lz4");
  const std::string plain = noisy_pcap(10'000);
  const auto reading = read(packed(plain, compression));
  CHECK(reading.packets.size() == 10'000);
  CHECK(reading.packets.back().bytes == plain.substr(plain.size() - 100));
  CHECK(reading.info.format == "pcap+" + compression);
  CHECK_FALSE(reading.damage);
  CHECK(read(packed(small_pcapng(20), compression)).packets.size() == 20);
}

TEST_CASE("compressed: damage inside is told by the offset in the plain file") {
  const std::string compression = GENERATE("gzip", "bzip2", "xz", "zstd", "lz4");
  const std::string plain = noisy_pcap(10);
  const auto reading = read(packed(plain.substr(0, plain.size() - 1), compression));
  CHECK(reading.packets.size() == 9);
  REQUIRE(reading.damage);
  CHECK(reading.damage->offset == 24 + 9 * kRecord);
  CHECK(reading.damage->reason.find("inside a packet") != std::string::npos);
}

TEST_CASE("compressed: a stream that ends early keeps what came before") {
  // lz4 and bzip2 give nothing of a block that is not all there, of up to 4 MB and 900 kB.
  const auto [compression, count] = GENERATE(table<std::string, std::size_t>(
      {{"gzip", 10'000}, {"xz", 10'000}, {"zstd", 10'000}, {"lz4", 100'000}, {"bzip2", 50'000}}));
  const std::string plain = noisy_pcap(static_cast<int>(count));
  const std::string stream = packed(plain, compression);
  const auto reading = read(stream.substr(0, stream.size() / 2));
  INFO(compression << ": " << reading.packets.size());
  CHECK(reading.packets.size() > count / 4);
  CHECK(reading.packets.size() < count * 51 / 100);
  REQUIRE(reading.damage);
  CHECK(reading.damage->packet == reading.packets.size());
  CHECK(reading.damage->offset == 24 + reading.packets.size() * kRecord);
  CHECK(reading.damage->reason.find(compression) != std::string::npos);
  const std::string& last = reading.packets.back().bytes;
  CHECK(last == plain.substr(24 + (reading.packets.size() - 1) * kRecord + 16, 100));
}

TEST_CASE("compressed: a gzip stream cut anywhere loses no whole packet that is in it") {
  const std::string plain = noisy_pcap(20);
  const std::string stream = packed(plain, "gzip");
  std::size_t before = 0;
  for (std::size_t size = stream.size() / 3; size < stream.size(); ++size) {
    INFO("cut to " << size << " of " << stream.size() << " bytes");
    const auto reading = read(stream.substr(0, size));
    REQUIRE(reading.damage);
    CHECK(reading.damage->reason == "the gzip stream ends early");
    CHECK(reading.packets.size() >= before);
    before = reading.packets.size();
  }
  CHECK(before == 20);  // only the checksum is missing then
}

TEST_CASE("compressed: a corrupt stream") {
  // Not zstd and lz4: what does not compress stands in them as it is, and libarchive writes no checksum of
  // it.
  const std::string compression = GENERATE("gzip", "bzip2", "xz");
  std::string stream = packed(noisy_pcap(40'000), compression);
  for (std::size_t at = stream.size() * 3 / 4; at < stream.size() * 3 / 4 + 64; ++at)
    stream[at] = static_cast<char>(~stream[at]);
  const auto reading = read(stream);
  CHECK(reading.packets.size() > 10'000);
  REQUIRE(reading.damage);
  INFO(reading.damage->reason);
  CHECK(reading.damage->packet == reading.packets.size());
  CHECK(reading.damage->offset >= 24 + reading.packets.size() * kRecord);
}

TEST_CASE("compressed: twice over, several members, nothing inside") {
  CHECK(read(packed(packed(small_pcap(3), "gzip"), "xz")).info.format == "pcap+xz+gzip");
  const std::string plain = small_pcap(6);
  const auto members = read(packed(plain.substr(0, 50), "gzip") + packed(plain.substr(50), "gzip"));
  CHECK(members.packets.size() == 6);
  CHECK_FALSE(members.damage);
  const auto padded = read(packed(plain, "gzip") + std::string(100, '\0'));
  CHECK(padded.packets.size() == 6);
  CHECK_FALSE(padded.damage);

  const std::string compression = GENERATE("gzip", "bzip2", "xz", "zstd", "lz4");
  // libarchive's lz4 writer does not survive an empty input.
  if (compression != "lz4")
    CHECK(open_error(packed("", compression)) == "the file is empty once decompressed");
  CHECK(open_error(packed("some text", compression)) ==
        "not a capture file: it looks like text: \"some text\"");
  const std::string cut_early = open_error(packed(small_pcap(1), compression).substr(0, 12));
  CHECK(cut_early.find(compression) != std::string::npos);
}

TEST_CASE("compressed: endless nesting is not followed") {
  std::string nested = small_pcap(1);
  for (int i = 0; i < 6; ++i) nested = packed(nested, "gzip");
  CHECK(open_error(nested).find("not a capture file") == 0);
}

TEST_CASE("compressed: each reader has its own limit of expansion") {
  constexpr std::uint32_t kZeros = 60'000, kPackets = 1200;
  std::string plain = pcap_header();
  for (std::uint32_t i = 1; i <= kPackets; ++i)
    plain += pcap_record(false, i, 0, std::string(kZeros, '\0'), kZeros);
  const TempFile file(packed(plain, "zstd"));
  MemberShelf narrow(10), wide(1'000'000'000);
  const auto in_narrow = CaptureSource::open(file.path(), "", &narrow);
  const auto in_wide = CaptureSource::open(file.path(), "", &wide);
  Frame frame;
  while (in_narrow->next(frame)) {
  }
  while (in_wide->next(frame)) {
  }
  REQUIRE(in_narrow->damage());
  CHECK(in_narrow->damage()->reason.find("more than 10 times its size") != std::string::npos);
  CHECK_FALSE(in_wide->damage());
  CHECK(in_wide->info().packets == kPackets);
}
