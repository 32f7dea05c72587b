// Names and byte-level pieces of pcapng (draft-ietf-opsawg-pcapng), for the reader and the writer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "analyzer/capture/byte_order.h"
#include "analyzer/capture/frame.h"

namespace tcpautopsy::pcapng {

enum BlockType : std::uint32_t {
  kSectionHeader = 0x0a0d0d0a,
  kInterfaceDescription = 1,
  kPacket = 2,  // obsolete
  kSimplePacket = 3,
  kInterfaceStatistics = 5,
  kEnhancedPacket = 6,
};

constexpr bool is_packet(std::uint32_t type) {
  return type == kEnhancedPacket || type == kSimplePacket || type == kPacket;
}

enum OptionCode : std::uint16_t {
  kEndOfOptions = 0,
  kComment = 1,
  kIfTsresol = 9,
  kIfTsoffset = 14,
  kIsbEndtime = 3,
  kIsbIfdrop = 5,
  kIsbOsdrop = 7,
};

constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint64_t kUnknownSectionLength = ~std::uint64_t{0};
constexpr std::size_t kMaxOption = 65535;
constexpr std::uint32_t kMinBlock = 12;
constexpr std::size_t kPacketFixed = 20;  // of both kinds of packets with options, before their octets
constexpr std::size_t kBlockHead = 8, kBlockTail = 4;  // type and length; length again

inline Bytes octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr std::size_t padded(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

// Times are written as two halves, the high one first, in either byte order.
inline std::uint64_t time_at(const std::uint8_t* p, const ByteOrder& order) {
  return std::uint64_t{order.u32(p)} << 32 | order.u32(p + 4);
}

// Calls each(code, value) for every option; an option that claims more than is there ends the list. Returns
// where it ended: before what ends it, or at the end of the octets.
template <typename Each>
std::size_t for_each_option(Bytes options, const ByteOrder& order, Each&& each) {
  std::size_t at = 0;
  while (options.size() - at >= 4) {
    const std::uint16_t code = order.u16(&options[at]);
    const std::size_t length = order.u16(&options[at] + 2);
    if (code == kEndOfOptions || length > options.size() - at - 4) break;
    each(code, options.subspan(at + 4, length));
    at = std::min(at + 4 + padded(length), options.size());
  }
  return at;
}

// How an interface counts time (if_tsresol, if_tsoffset).
class TimeScale {
 public:
  void set_resolution(std::uint8_t tsresol);
  void set_offset(std::int64_t seconds) { offset_s_ = seconds; }

  // Nanoseconds since the epoch, held within 146 years of it: no file means more, and what adds to a time
  // need not look out for overflow.
  std::int64_t ns(std::uint64_t ticks) const;

 private:
  std::uint64_t multiplier_ = 1000;  // microseconds where the file does not say
  std::uint64_t divisor_ = 1;
  unsigned shift_ = 0;
  std::int64_t offset_s_ = 0;
};

}  // namespace tcpautopsy::pcapng
