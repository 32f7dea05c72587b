// Expected values are the specification's published baseline.
#include "analyzer/compat/community_id.h"

#include <catch2/catch.hpp>

namespace tcpautopsy {

namespace {

EndpointAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint16_t port) {
  EndpointAddress end;
  end.ip.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
  end.port = port;
  return end;
}

const EndpointAddress kClient4 = v4(128, 232, 110, 120, 34855);
const EndpointAddress kServer4 = v4(66, 35, 250, 204, 80);
const EndpointAddress kClient6{
    {{0x20, 0x01, 0x04, 0x70, 0xe5, 0xbf, 0xde, 0xad, 0x49, 0x57, 0x21, 0x74, 0xe8, 0x2c, 0x48, 0x87}},
    63943};
const EndpointAddress kServer6{{{0x26, 0x07, 0xf8, 0xb0, 0x40, 0x0c, 0x0c, 0x03, 0, 0, 0, 0, 0, 0, 0, 0x1a}},
                               25};

}  // namespace

TEST_CASE("The Community ID is that of the specification's baseline, in both directions") {
  CHECK(community_id(kClient4, kServer4) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  CHECK(community_id(kServer4, kClient4) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  CHECK(community_id(kClient6, kServer6) == "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
  CHECK(community_id(kServer6, kClient6) == "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
}

TEST_CASE("The Community ID takes a seed") {
  CHECK(community_id(kClient4, kServer4, 1) == "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
  CHECK(community_id(kServer6, kClient6, 1) == "1:eJYTW6AOzFLlSUoESovMjnu7rMw=");
}

TEST_CASE("Between equal addresses the ports decide") {
  const auto high = v4(127, 0, 0, 1, 60000), low = v4(127, 0, 0, 1, 80);
  CHECK(community_id(high, low) == community_id(low, high));
  CHECK(community_id(high, high) != community_id(high, low));
}

}  // namespace tcpautopsy
