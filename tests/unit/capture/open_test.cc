#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

// Standard input replaced by a pipe that a thread fills.
class PipedInput {
 public:
  explicit PipedInput(const std::string& content) : saved_(::dup(STDIN_FILENO)) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    writer_ = std::thread([content, out = ends[1]] {
      // In small pieces, so that no read gets a whole record.
      for (std::size_t at = 0; at < content.size(); at += 7)
        if (::write(out, content.data() + at, std::min<std::size_t>(7, content.size() - at)) < 0) break;
      ::close(out);
    });
  }
  ~PipedInput() {
    writer_.join();
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
  std::thread writer_;
};

std::string tcp_packet(unsigned port) {
  return ByteString(true)
      .raw(std::string(12, '\1'))
      .u16(0x0800)
      .u16(0x4500)
      .u16(40)
      .u32(0)
      .u8(64)
      .u8(6)
      .u16(0)
      .u32(0x0a000001)
      .u32(0x0a000002)
      .u16(port)
      .u16(80)
      .raw(std::string(16, '\0'))
      .str();
}

}  // namespace

TEST_CASE("open: what cannot be read says why") {
  CHECK(error_of([] { (void)CaptureSource::open("/nowhere/x.pcap"); }) ==
        "/nowhere/x.pcap: No such file or directory");
  CHECK(error_of([] { (void)CaptureSource::open("/"); }) == "/: is a directory");
  if (::geteuid() != 0) {
    const TempFile locked(small_pcap(1));
    ::chmod(locked.path().c_str(), 0);
    CHECK(error_of([&] { (void)CaptureSource::open(locked.path()); }) ==
          locked.path() + ": Permission denied");
  }
  CHECK(open_error("") == "the file is empty");
  CHECK(open_error("#!/bin/sh\necho a long script follows here\n") ==
        "not a capture file: it looks like text: \"#!/bin/sh\"");
  CHECK(open_error("{\"a\": 1}") == "not a capture file: it looks like text: \"{\"a\": 1}\"");
  CHECK(open_error(std::string("snoop\0\0\0abcd", 12)) == "the file ends inside its header (12 of 16 bytes)");
  CHECK(open_error("PK\3\4 and so on and on and on ...") ==
        "not a capture file: it looks like a zip archive");
  CHECK(open_error("\1\2\3\4\xff\xfe xyz") ==
        "not a capture file: it begins with the bytes 01 02 03 04 ff fe 20 78");
  CHECK(open_error(small_pcap(1).substr(0, 10)) == "the file ends inside its header (10 of 24 bytes)");
  CHECK(open_error(small_pcapng(1).substr(0, 20)) ==
        "bad file header: the file ends inside a block of 28 bytes");
  CHECK(open_error(small_pcapng(1).substr(0, 6)) ==
        "bad file header: the file ends inside a block header (6 of 8 bytes)");
  CHECK(open_error("\x0a\x0d\x0d\x0a some text that follows the magic") ==
        "bad file header: a section header does not tell its byte order");
  const std::string old = ByteString().u32(0xa1b2c3d4).u16(1).u16(0).raw(std::string(16, '\0')).str();
  CHECK(open_error(old).find("archaic pcap savefile format") == 0);
}

TEST_CASE("open: standard input through a pipe, plain or compressed") {
  const auto [content, format] = GENERATE(table<std::string, std::string>({
      {small_pcap(50), "pcap"},
      {small_pcapng(50), "pcapng"},
      {packed(small_pcap(50), "gzip"), "pcap+gzip"},
      {packed(small_pcapng(50), "zstd"), "pcapng+zstd"},
  }));
  const PipedInput input(content);
  const Reading reading = read_path("-");
  CHECK(reading.packets.size() == 50);
  CHECK(reading.packets.back().bytes == std::string(250, static_cast<char>('a' + 50)));
  CHECK(reading.info.format == format);
  CHECK(reading.info.file == "-");
  CHECK_FALSE(reading.damage);
}

TEST_CASE("filter: by each record's own link type, numbers as in the file") {
  const std::string raw_ip = tcp_packet(1000).substr(14);
  const std::string file = section() + interface(false, 1) + interface(false, 101) +
                           enhanced(false, 0, 1, tcp_packet(1000), 54) +
                           enhanced(false, 0, 2, tcp_packet(2000), 54) + enhanced(false, 1, 3, raw_ip, 40) +
                           enhanced(false, 1, 4, "x", 1);
  const auto reading = read(file, "tcp port 1000");
  REQUIRE(reading.packets.size() == 2);
  CHECK(reading.packets[0].number == 1);
  CHECK(reading.packets[1].number == 3);
  CHECK(reading.info.packets == 4);
  CHECK(reading.info.filtered_out == 2);
  CHECK(reading.info.last_ns == 4000);

  // Means something on Ethernet only: the other interface has nothing that passes.
  CHECK(read(file, "ether src 01:01:01:01:01:01").packets.size() == 2);

  const std::string pcap = pcap_header() + pcap_record(false, 1, 1, tcp_packet(1), 54) +
                           pcap_record(false, 2, 1, tcp_packet(2), 54);
  const auto classic = read(pcap, "tcp src port 2");
  REQUIRE(classic.packets.size() == 1);
  CHECK(classic.packets[0].number == 2);
  CHECK(classic.info.filtered_out == 1);
}

TEST_CASE("filter: one that does not compile is told when opening") {
  CHECK(open_error(small_pcap(1), "tcp prot 80").find("filter \"tcp prot 80\": ") == 0);
  CHECK(open_error(small_pcapng(1), "tcp prot 80").find("syntax error") != std::string::npos);
  CHECK(open_error(section(), "tcp prot 80").find("filter") == 0);
  CHECK_FALSE(open_error(pcap_header(false, 0xa1b2c3d4, 101), "ether src 1:2:3:4:5:6").empty());
  CHECK(open_error(small_pcap(1), "tcp port 80").empty());
}
