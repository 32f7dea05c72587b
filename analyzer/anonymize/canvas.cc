#include "analyzer/anonymize/canvas.h"

#include <algorithm>
#include <boost/endian/conversion.hpp>
#include <cstring>

#include "analyzer/decode/checksum.h"

namespace tcpautopsy {
namespace {

using decode::add_ones_complement;
using decode::fold;
using decode::ones_complement_sum;

// Of a pseudo header of either version of IP: the prefix of an IPv4-mapped address adds up to zero.
std::uint64_t sum_of(const PseudoHeader& pseudo) {
  const std::uint64_t ends = add_ones_complement(ones_complement_sum(pseudo.source.octets),
                                                 ones_complement_sum(pseudo.destination.octets));
  const std::uint64_t rest = std::uint64_t{boost::endian::native_to_big(pseudo.length)} +
                             boost::endian::native_to_big(std::uint32_t{pseudo.protocol});
  return add_ones_complement(ends, rest);
}

std::uint16_t load_half(const std::uint8_t* at) {
  std::uint16_t half = 0;
  std::memcpy(&half, at, sizeof half);
  return half;
}

// The right checksum, of all but its own field.
std::uint16_t right_for(Bytes octets, std::size_t field, std::uint64_t pseudo) {
  const std::uint64_t sum = add_ones_complement(ones_complement_sum(octets.first(field)),
                                                ones_complement_sum(octets.subspan(field + 2)));
  return static_cast<std::uint16_t>(~fold(add_ones_complement(sum, pseudo)));
}

// Zero has two forms.
bool same(std::uint16_t a, std::uint16_t b) { return a == b || (a % 0xffff == 0 && b % 0xffff == 0); }

// Of two wrong ones each gets another, or packets would look like copies. Not zero, nor zero's other form.
std::uint16_t wrong_by(AddressCipher& cipher, std::uint16_t was) {
  const std::uint8_t four[]{1, 0, static_cast<std::uint8_t>(was >> 8), static_cast<std::uint8_t>(was)};
  const IpAddress made = cipher.of(IpAddress::v4(four));
  const auto by = static_cast<std::uint16_t>(made.octets[14] << 8 | made.octets[15]);
  return by % 0xffff == 0 ? std::uint16_t{1} : by;
}

}  // namespace

Canvas::Canvas(Bytes original, AddressCipher& cipher, std::vector<std::uint8_t>& made)
    : original_(original), cipher_(cipher), made_(made) {
  made_.assign(original.size(), 0);
}

void Canvas::keep(std::size_t at, std::size_t octets) {
  if (at >= size()) return;
  std::copy_n(original_.begin() + static_cast<std::ptrdiff_t>(at), std::min(octets, size() - at),
              made_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Canvas::keep_bits(std::size_t at, unsigned mask) {
  if (has(at, 1)) made_[at] = static_cast<std::uint8_t>((made_[at] & ~mask) | (original_[at] & mask));
}

void Canvas::put_be16(std::size_t at, unsigned value) {
  if (has(at, 2)) boost::endian::store_big_u16(&made_[at], static_cast<std::uint16_t>(value));
}

void Canvas::put_mac(std::size_t at) {
  MacAddress address;
  if (!has(at, address.size())) return;
  std::copy_n(&original_[at], address.size(), address.begin());
  std::ranges::copy(cipher_.of(address), &made_[at]);
}

void Canvas::put_ipv4(std::size_t at) {
  if (has(at, 4)) std::copy_n(&cipher_.of(IpAddress::v4(&original_[at])).octets[12], 4, &made_[at]);
}

void Canvas::put_ipv6(std::size_t at) {
  if (has(at, 16)) std::ranges::copy(cipher_.of(IpAddress::v6(&original_[at])).octets, &made_[at]);
}

void Canvas::finish() {
  for (auto place = sums_.rbegin(); place != sums_.rend(); ++place) fill(*place);
  sums_.clear();
}

void Canvas::fill(const ChecksumPlace& place) {
  const std::size_t there = place.begin < size() ? std::min(place.length, size() - place.begin) : 0;
  if (place.field < place.begin || place.field + 2 > place.begin + there) return;
  const std::size_t field = place.field - place.begin;
  const std::uint16_t was = load_half(&original_[place.field]);
  if (was == 0 && place.optional) return;
  std::uint64_t before = 0, after = 0;
  if (place.pseudo) {
    before = sum_of(*place.pseudo);
    after = sum_of({cipher_.of(place.pseudo->source), cipher_.of(place.pseudo->destination),
                    place.pseudo->length, place.pseudo->protocol});
  }
  std::uint16_t now = right_for(Bytes(made_).subspan(place.begin, there), field, after);
  if (!place.right && there == place.length) {
    if (place.pseudo && was == fold(before))
      now = fold(after);
    else if (!same(was, right_for(original_.subspan(place.begin, there), field, before)))
      now ^= wrong_by(cipher_, was);
  }
  if (now == 0 && place.optional) now = 0xffff;
  std::memcpy(&made_[place.field], &now, sizeof now);
}

}  // namespace tcpautopsy
