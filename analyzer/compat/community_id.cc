#include "analyzer/compat/community_id.h"

#include <gcrypt.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "analyzer/compat/base64.h"

namespace tcpautopsy {

namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::size_t kSha1Size = 20;

using Sha1 = std::array<std::uint8_t, kSha1Size>;
using Octets = std::vector<std::uint8_t>;

void put16(Octets& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

void put_address(Octets& out, const IpAddress& ip, bool short_form) {
  out.insert(out.end(), ip.octets.begin() + (short_form ? 12 : 0), ip.octets.end());
}

// libgcrypt wants to be started before any other call, by one thread.
bool start_gcrypt() {
  if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) return true;
  if (gcry_check_version(nullptr) == nullptr) return false;
  gcry_control(GCRYCTL_DISABLE_SECMEM, 0);  // nothing here is secret
  gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
  return true;
}

Sha1 sha1(const Octets& octets) {
  static const bool started = start_gcrypt();
  if (!started) throw std::runtime_error("libgcrypt does not start");
  Sha1 digest{};
  gcry_md_hash_buffer(GCRY_MD_SHA1, digest.data(), octets.data(), octets.size());
  return digest;
}

}  // namespace

std::string community_id(const EndpointAddress& a, const EndpointAddress& b, std::uint16_t seed) {
  // Numerically lower address first, then lower port, so that both directions have one name.
  const bool in_order = std::tie(a.ip.octets, a.port) <= std::tie(b.ip.octets, b.port);
  const auto& low = in_order ? a : b;
  const auto& high = in_order ? b : a;
  const bool short_form = a.ip.is_v4() && b.ip.is_v4();

  Octets octets;
  put16(octets, seed);
  put_address(octets, low.ip, short_form);
  put_address(octets, high.ip, short_form);
  octets.push_back(kTcp);
  octets.push_back(0);  // padding, by the specification
  put16(octets, low.port);
  put16(octets, high.port);
  return "1:" + base64(sha1(octets));
}

}  // namespace tcpautopsy
