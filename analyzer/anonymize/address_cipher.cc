#include "analyzer/anonymize/address_cipher.h"

#include <gcrypt.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "analyzer/compat/gcrypt_start.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kBlock = 16, kLongest = 128;  // octets, bits
constexpr unsigned kStretching = 100'000;           // rounds of SHA-256

// The first `bits` of what stays what it is.
struct Kept {
  std::array<std::uint8_t, 16> octets;
  std::size_t bits;
};

constexpr Kept kKeptV4[] = {
    {{0, 0, 0, 0}, 32},          // unspecified
    {{127}, 8},                  // loopback
    {{169, 254}, 16},            // link-local, RFC 3927
    {{224}, 4},                  // multicast
    {{255, 255, 255, 255}, 32},  // broadcast
};
constexpr Kept kKeptV6[] = {
    {{}, 128},                                                // unspecified
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128},  // loopback
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96},         // IPv4-mapped: no IPv6 address becomes one
    {{0xfc}, 7},                                              // unique local, RFC 4193
    {{0xfe, 0x80}, 10},                                       // link-local
    {{0xff}, 8},                                              // multicast
};
constexpr Kept kKeptMac[] = {{{}, 48}, {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 48}};

bool bit_of(const std::uint8_t* octets, std::size_t bit) {
  return (octets[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

std::size_t common_bits(const std::uint8_t* a, const std::uint8_t* b, std::size_t most) {
  std::size_t bits = 0;
  while (bits < most && bit_of(a, bits) == bit_of(b, bits)) ++bits;
  return bits;
}

// A bit is kept where what stands before it leads to one of these: else the way there would be another's.
template <std::size_t kCount>
std::size_t kept_bits(const std::uint8_t* address, const Kept (&all)[kCount]) {
  std::size_t kept = 0;
  for (const Kept& one : all)
    kept = std::max(kept, common_bits(address, one.octets.data(), one.bits - 1) + 1);
  return kept;
}

constexpr std::size_t kHalf = 8;

std::string digits_of(const std::uint8_t* octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t* const end = octets + kHalf; octets != end; ++octets) {
    text += kDigits[*octets >> 4];
    text += kDigits[*octets & 0xf];
  }
  return text;
}

void derive(std::string_view text, std::uint8_t* to, std::size_t size) {
  constexpr std::string_view kSalt = "tcpautopsy --anonymize";
  if (!start_gcrypt() || gcry_kdf_derive(text.data(), text.size(), GCRY_KDF_PBKDF2, GCRY_MD_SHA256,
                                         kSalt.data(), kSalt.size(), kStretching, size, to) != 0)
    throw std::runtime_error("libgcrypt cannot make a key");
}

}  // namespace

AnonymizeKey::AnonymizeKey(std::string_view text) {
  std::array<Block, 5> derived{};
  derive(text, derived.front().data(), sizeof derived);
  aes_ = derived[0];
  pad_v4_ = derived[1];
  pad_v6_ = derived[2];
  pad_mac_ = derived[3];
  check_ = derived[4];
}

std::string AnonymizeKey::check() const { return digits_of(check_.data()); }
std::string AnonymizeKey::seed() const { return digits_of(check_.data() + kHalf); }

struct AddressCipher::Engine {
  gcry_cipher_hd_t handle = nullptr;
  std::array<std::uint8_t, kLongest * kBlock> blocks{};

  explicit Engine(const AnonymizeKey::Block& key) {
    if (gcry_cipher_open(&handle, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0) != 0 ||
        gcry_cipher_setkey(handle, key.data(), key.size()) != 0)
      throw std::runtime_error("libgcrypt cannot encrypt by AES-128");
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { gcry_cipher_close(handle); }
};

AddressCipher::AddressCipher(const AnonymizeKey& key)
    : key_(key), engine_(std::make_unique<Engine>(key.aes_)) {}
AddressCipher::~AddressCipher() = default;

std::size_t AddressCipher::Hash::operator()(const IpAddress& address) const {
  std::uint64_t upper, lower;
  std::memcpy(&upper, address.octets.data(), 8);
  std::memcpy(&lower, address.octets.data() + 8, 8);
  return static_cast<std::size_t>((lower * 0x9E3779B97F4A7C15U ^ upper) * 0xD6E8FEB86659FD93U >> 16);
}

// Bit n is turned over by the first bit of the encrypted block that begins with the n bits before it.
void AddressCipher::scramble(std::uint8_t* address, std::size_t bits, std::size_t kept,
                             const AnonymizeKey::Block& pad) {
  if (kept >= bits) return;
  std::uint8_t* block = engine_->blocks.data();
  for (std::size_t bit = kept; bit < bits; ++bit, block += kBlock) {
    std::copy(pad.begin(), pad.end(), block);
    std::copy_n(address, bit / 8, block);
    if (const unsigned more = bit % 8; more > 0) {
      const auto mask = static_cast<std::uint8_t>(0xff00U >> more);
      block[bit / 8] = static_cast<std::uint8_t>((address[bit / 8] & mask) | (block[bit / 8] & ~mask));
    }
  }
  const auto size = static_cast<std::size_t>(block - engine_->blocks.data());
  if (gcry_cipher_encrypt(engine_->handle, engine_->blocks.data(), size, nullptr, 0) != 0)
    throw std::runtime_error("libgcrypt cannot encrypt");
  block = engine_->blocks.data();
  for (std::size_t bit = kept; bit < bits; ++bit, block += kBlock)
    address[bit / 8] ^= static_cast<std::uint8_t>((block[0] >> 7) << (7 - bit % 8));
}

IpAddress AddressCipher::of(const IpAddress& address) {
  if (const auto known = known_.find(address); known != known_.end()) return known->second;
  constexpr std::size_t kMapped = 12, kBitsV4 = 32, kScope = 16;
  IpAddress made = address;
  if (address.is_v4()) {
    std::uint8_t* four = made.octets.data() + kMapped;
    scramble(four, kBitsV4, kept_bits(four, kKeptV4), key_.pad_v4_);
  } else {
    std::size_t kept = kept_bits(address.octets.data(), kKeptV6);
    if (address.octets[0] == 0xff) kept = std::max(kept, kScope);
    scramble(made.octets.data(), kLongest, kept, key_.pad_v6_);
  }
  if (known_.size() >= kRemembered) known_.clear();
  known_.emplace(address, made);
  return made;
}

MacAddress AddressCipher::of(const MacAddress& address) {
  constexpr std::uint8_t kGroupAndLocal = 3;
  MacAddress made = address;
  scramble(made.data(), 8 * made.size(), kept_bits(address.data(), kKeptMac), key_.pad_mac_);
  made[0] = static_cast<std::uint8_t>((made[0] & ~kGroupAndLocal) | (address[0] & kGroupAndLocal));
  return made;
}

}  // namespace tcpautopsy
