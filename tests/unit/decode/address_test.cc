#include <catch2/catch.hpp>

#include "packet_builder.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

std::string printed(std::string_view groups) { return to_string(IpAddress::v6(hex(groups).data())); }

}  // namespace

TEST_CASE("IPv6 addresses print as RFC 5952 says") {
  CHECK(printed("2001 0db8 0000 0000 0001 0000 0000 0001") == "2001:db8::1:0:0:1");  // section 1
  CHECK(printed("2001 0db8 0000 0000 0000 0000 0000 0001") == "2001:db8::1");        // 4.1, 4.2.1
  CHECK(printed("2001 0db8 0000 0000 0000 0000 0002 0001") == "2001:db8::2:1");      // 4.2.1
  CHECK(printed("2001 0db8 0000 0001 0001 0001 0001 0001") ==
        "2001:db8:0:1:1:1:1:1");                                                     // 4.2.2: not one group
  CHECK(printed("2001 0000 0000 0001 0000 0000 0000 0001") == "2001:0:0:1::1");      // 4.2.3: the longest
  CHECK(printed("2001 0db8 0000 0000 0001 0000 0000 0001") == "2001:db8::1:0:0:1");  // 4.2.3: the first
  CHECK(printed("2001 0db8 aaaa bbbb cccc dddd eeee aaaa") ==
        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa");  // 4.3
  CHECK(printed("0000 0000 0000 0000 0000 0000 0000 0000") == "::");
  CHECK(printed("0000 0000 0000 0000 0000 0000 0000 0001") == "::1");
  CHECK(printed("fe80 0000 0000 0000 0000 0000 0000 0000") == "fe80::");
  CHECK(printed("0000 0000 0000 0000 0000 0000 0d01 4403") == "::d01:4403");
  CHECK(printed("0000 0001 0002 0003 0004 0005 0006 0007") == "0:1:2:3:4:5:6:7");
  CHECK(printed("0001 0002 0003 0004 0005 0006 0000 0000") == "1:2:3:4:5:6::");
  CHECK(printed("0064 ff9b 0000 0000 0000 0000 c000 0221") == "64:ff9b::c000:221");
}

TEST_CASE("an IPv4 address is its mapped IPv6 address") {
  const IpAddress address = IpAddress::v4(hex("c0000201").data());
  CHECK(address.is_v4());
  CHECK(to_string(address) == "192.0.2.1");
  CHECK(address == IpAddress::v6(hex("00000000000000000000ffffc0000201").data()));
  CHECK_FALSE(IpAddress::v6(hex("00000000000000000001ffffc0000201").data()).is_v4());
  CHECK(to_string(IpAddress::v4(hex("ff000000").data())) == "255.0.0.0");
}
