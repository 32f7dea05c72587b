// Addresses in the place of addresses, by a key: the same for the same, networks kept together.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

using MacAddress = std::array<std::uint8_t, 6>;

// May be shared by threads.
class AnonymizeKey {
 public:
  // `text`, the user's, is stretched by PBKDF2 (RFC 8018) and not kept: this takes a fraction of a second.
  // Throws std::runtime_error where libgcrypt does not start.
  explicit AnonymizeKey(std::string_view text);

  // 16 hexadecimal digits that are the same for the same key; the key does not follow from them.
  std::string check() const;
  // As many, to be written nowhere: what is hashed with them is not found out by trying.
  std::string seed() const;

 private:
  friend class AddressCipher;
  using Block = std::array<std::uint8_t, 16>;
  Block aes_{}, pad_v4_{}, pad_v6_{}, pad_mac_{}, check_{};
};

// Crypto-PAn (Xu, Fan, Ammar and Moon, 2002) with AES-128: two addresses that share their first n bits share
// the first n bits of what stands for them, and no others do. What a capture's analysis goes by stays: IPv4
// stays IPv4, unspecified, broadcast and loopback (::1) addresses are kept, those of 127/8, link-local,
// multicast (with its scope) and unique local networks stay in these, and no other comes into them. To that
// end the bits on which a way to one of these begins are kept: the first one to five of most addresses.
//
// Not thread-safe: one for each thread.
class AddressCipher {
 public:
  explicit AddressCipher(const AnonymizeKey& key);
  ~AddressCipher();
  AddressCipher(const AddressCipher&) = delete;
  AddressCipher& operator=(const AddressCipher&) = delete;

  IpAddress of(const IpAddress& address);
  // Zero and broadcast are kept, and of others whether they are for a group or locally administered.
  MacAddress of(const MacAddress& address);

 private:
  struct Engine;
  struct Hash {
    std::size_t operator()(const IpAddress& address) const;
  };
  void scramble(std::uint8_t* address, std::size_t bits, std::size_t kept, const AnonymizeKey::Block& pad);

  static constexpr std::size_t kRemembered = 65536;
  AnonymizeKey key_;
  std::unique_ptr<Engine> engine_;
  std::unordered_map<IpAddress, IpAddress, Hash> known_;  // at most kRemembered
};

}  // namespace tcpautopsy
