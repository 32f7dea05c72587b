#include "analyzer/anonymize/address_cipher.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>

using namespace tcpautopsy;

namespace {

const AnonymizeKey& key() {
  static const AnonymizeKey one("a key for tests");
  return one;
}

IpAddress v4(std::uint32_t number) {
  const std::uint8_t four[]{static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
                            static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return IpAddress::v4(four);
}

unsigned common_bits(const IpAddress& a, const IpAddress& b) {
  unsigned bits = 0;
  while (bits < 128 && ((a.octets[bits / 8] ^ b.octets[bits / 8]) >> (7 - bits % 8) & 1) == 0) ++bits;
  return bits;
}

IpAddress random_v6(std::mt19937& random) {
  IpAddress address;
  for (std::uint8_t& octet : address.octets) octet = static_cast<std::uint8_t>(random());
  return address;
}

}  // namespace

TEST_CASE("addresses share as many first bits as those that they stand for, IPv4") {
  AddressCipher cipher(key());
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto one = static_cast<std::uint32_t>(random());
    const IpAddress a = v4(one), b = v4(one ^ static_cast<std::uint32_t>(1U << (random() % 32)) ^
                                        static_cast<std::uint32_t>(random() % 4));
    INFO(to_string(a) << " " << to_string(b));
    CHECK(cipher.of(a).is_v4());
    CHECK(common_bits(cipher.of(a), cipher.of(b)) == common_bits(a, b));
  }
}

TEST_CASE("addresses share as many first bits as those that they stand for, IPv6") {
  AddressCipher cipher(key());
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    const IpAddress a = random_v6(random);
    IpAddress b = a;
    const unsigned bit = random() % 128;
    b.octets[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
    CHECK(common_bits(cipher.of(a), cipher.of(b)) == bit);
    CHECK_FALSE(cipher.of(a).is_v4());
  }
}

TEST_CASE("what analysis goes by is kept, and nothing else comes into it") {
  AddressCipher cipher(key());
  for (const std::uint32_t kept : {0U, 0xffffffffU}) CHECK(cipher.of(v4(kept)) == v4(kept));
  struct Network {
    std::uint32_t first;
    unsigned bits;
  };
  constexpr Network kNetworks[] = {{0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 4}};
  std::mt19937 random(3);
  const auto within = [](const IpAddress& address, const Network& network) {
    return common_bits(address, v4(network.first)) >= 96 + network.bits;
  };
  for (int i = 0; i < 3000; ++i) {
    const auto number = static_cast<std::uint32_t>(random());
    for (const Network& network : kNetworks) {
      const IpAddress inside = v4(network.first | (number >> network.bits));
      CHECK(within(cipher.of(inside), network));
      CHECK(within(cipher.of(v4(number)), network) == within(v4(number), network));
    }
  }
  IpAddress loopback{};
  CHECK(cipher.of(loopback) == loopback);
  loopback.octets[15] = 1;
  CHECK(cipher.of(loopback) == loopback);
  IpAddress all_nodes{{0xff, 0x02}}, local{{0xfe, 0x80}}, unique{{0xfd, 1, 2, 3}};
  all_nodes.octets[15] = local.octets[15] = 1;
  CHECK(cipher.of(all_nodes).octets[0] == 0xff);
  CHECK(cipher.of(all_nodes).octets[1] == 0x02);
  CHECK(common_bits(cipher.of(local), local) >= 10);
  CHECK(common_bits(cipher.of(unique), unique) >= 7);
}

TEST_CASE("the key decides, and does not show") {
  const AnonymizeKey same("a key for tests"), other("another");
  AddressCipher one(key()), two(same), three(other);
  const IpAddress address = v4(0xc0000201);
  CHECK(one.of(address) == two.of(address));
  CHECK(one.of(address) != three.of(address));
  CHECK(one.of(address) != address);
  CHECK(key().check() == same.check());
  CHECK(key().check() != other.check());
  CHECK(key().check().size() == 16);
}

TEST_CASE("hardware addresses") {
  AddressCipher cipher(key());
  const MacAddress none{}, all{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  CHECK(cipher.of(none) == none);
  CHECK(cipher.of(all) == all);
  std::set<MacAddress> made;
  for (unsigned i = 0; i < 1024; ++i) {
    const MacAddress one{
        static_cast<std::uint8_t>(i & 3), 0x42, 0xac, 0x11, static_cast<std::uint8_t>(i >> 8),
        static_cast<std::uint8_t>(i)};
    const MacAddress other = cipher.of(one);
    CHECK((other[0] & 3) == (one[0] & 3));
    made.insert(other);
  }
  CHECK(made.size() == 1024);
}

// Of bits that are scrambled, about half are turned over.
TEST_CASE("hardly an address stands for itself") {
  AddressCipher cipher(key());
  unsigned same = 0;
  for (std::uint32_t i = 0; i < 1000; ++i)
    if (cipher.of(v4(0x0a000000 + i * 7919)) == v4(0x0a000000 + i * 7919)) ++same;
  CHECK(same == 0);
}
