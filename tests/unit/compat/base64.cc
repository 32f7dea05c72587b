#include "analyzer/compat/base64.h"

#include <catch2/catch.hpp>
#include <string_view>

using namespace tcpautopsy;

TEST_CASE("the vectors of RFC 4648 10") {
  const auto coded = [](std::string_view text) {
    return base64(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  };
  CHECK(coded("").empty());
  CHECK(coded("f") == "Zg==");
  CHECK(coded("fo") == "Zm8=");
  CHECK(coded("foo") == "Zm9v");
  CHECK(coded("foob") == "Zm9vYg==");
  CHECK(coded("fooba") == "Zm9vYmE=");
  CHECK(coded("foobar") == "Zm9vYmFy");
}
