#include "analyzer/decode/tcp_options.h"

#include <catch2/catch.hpp>

#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

TcpOptions parsed(std::string_view digits, bool cut = false) {
  const Octets area = hex(digits);
  TcpOptions options;
  options.cut = cut;
  decode::parse_tcp_options(area, options);
  return options;
}

}  // namespace

TEST_CASE("the options of a SYN") {
  const TcpOptions options = parsed("020405b4 0402 080a 00000001 00000000 01 030307");
  CHECK(options.has_mss);
  CHECK(options.mss == 1460);
  CHECK(options.sack_permitted);
  CHECK(options.has_timestamps);
  CHECK(options.ts_val == 1);
  CHECK(options.ts_ecr == 0);
  CHECK(options.has_window_scale);
  CHECK(options.window_scale == 7);
  CHECK_FALSE(options.malformed);
}

TEST_CASE("timestamps in the usual and in an unusual layout") {
  for (const char* layout :
       {"0101080a deadbeef 00000102", "080a deadbeef 00000102 0101", "01080adeadbeef0000010200"}) {
    INFO(layout);
    const TcpOptions options = parsed(layout);
    CHECK(options.has_timestamps);
    CHECK(options.ts_val == 0xdeadbeef);
    CHECK(options.ts_ecr == 0x102);
    CHECK_FALSE(options.malformed);
  }
}

TEST_CASE("one to four SACK blocks") {
  CHECK(parsed("0101 050a 00000001 00000002").sack_count == 1);
  const TcpOptions four =
      parsed("0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 fffffff0 00000008");
  CHECK(four.sack_count == 4);
  CHECK(four.sack[3].left == Seq(0xfffffff0));
  CHECK(four.sack[3].right == Seq(8));
  CHECK_FALSE(four.malformed);
  CHECK(parsed("0502 0101").malformed);
  CHECK(parsed("0506 00000001").malformed);
  CHECK(parsed("050e 00000001 00000002 00000003").malformed);
  CHECK(parsed("050e 00000001 00000002 00000003").sack_count == 0);
}

TEST_CASE("Fast Open by its own kind and by experiment") {
  CHECK(parsed("1e04 0101").multipath);
  CHECK_FALSE(parsed("1e02 1c02").malformed);
  CHECK_FALSE(parsed("2202 0101").multipath);
  CHECK(parsed("2202 0101").fast_open);
  CHECK(parsed("2202 0101").fast_open_cookie_length == 0);
  CHECK(parsed("220a 0102030405060708 0101").fast_open_cookie_length == 8);
  CHECK(parsed("fe0c f989 0102030405060708").fast_open_cookie_length == 8);
  CHECK(parsed("fe04 f989").fast_open);
  CHECK_FALSE(parsed("fe04 0348").fast_open);
  CHECK_FALSE(parsed("fe02 0101").fast_open);
}

TEST_CASE("nothing is read past the end of the list") {
  CHECK_FALSE(parsed("00 020405b4 000000").has_mss);
  CHECK_FALSE(parsed("00 ff ff ff").malformed);
  CHECK_FALSE(parsed("").malformed);
}

TEST_CASE("lengths that do not fit are marked and what was before them is kept") {
  const TcpOptions overrun = parsed("020405b4 080a 0000");
  CHECK(overrun.malformed);
  CHECK(overrun.mss == 1460);
  CHECK_FALSE(overrun.has_timestamps);
  CHECK(parsed("0800 0101").malformed);
  CHECK(parsed("0801 0101").malformed);
  CHECK(parsed("01 01 01 02").malformed);
  CHECK(parsed("0203 05 00").malformed);
  CHECK(parsed("0304 0700").malformed);
  CHECK(parsed("0403 0000").malformed);
  const TcpOptions bad_then_good = parsed("0203 05 01 0402 0101");
  CHECK(bad_then_good.malformed);
  CHECK(bad_then_good.sack_permitted);
}

TEST_CASE("unknown options are passed over, repeated ones overwritten") {
  const TcpOptions options = parsed("fd04 1234 1e06 00000000 020405b4 02040218 030e");
  CHECK(options.mss == 536);
  CHECK(options.malformed);
  CHECK(parsed("03030e 01").window_scale == 14);
  CHECK(parsed("0303ff 01").window_scale == 255);
}

TEST_CASE("a cut of the snap length is no malformation") {
  const TcpOptions cut = parsed("020405b4 0101 080a 000000", true);
  CHECK_FALSE(cut.malformed);
  CHECK(cut.mss == 1460);
  CHECK_FALSE(cut.has_timestamps);
  CHECK_FALSE(parsed("020405b4 08", true).malformed);
  CHECK(parsed("0800", true).malformed);
}
