#include "analyzer/decode/tcp_options.h"

#include <boost/endian/conversion.hpp>

namespace tcpautopsy::decode {
namespace {

using boost::endian::load_big_u16;
using boost::endian::load_big_u32;

enum Kind : std::uint8_t {
  kEnd = 0,
  kNoOperation = 1,
  kMaximumSegmentSize = 2,
  kWindowScale = 3,
  kSackPermitted = 4,
  kSack = 5,
  kTimestamps = 8,
  kMultipath = 30,
  kFastOpen = 34,
  kExperiment = 254,
};

constexpr std::uint16_t kFastOpenExperiment = 0xf989;  // RFC 7413 4.1.1, footnote of the registry

void take_timestamps(const std::uint8_t* value, TcpOptions& options) {
  options.has_timestamps = true;
  options.ts_val = load_big_u32(value);
  options.ts_ecr = load_big_u32(value + 4);
}

bool take_sack(Bytes value, TcpOptions& options) {
  if (value.empty() || value.size() % 8 != 0 || value.size() / 8 > options.sack.size()) return false;
  options.sack_count = static_cast<std::uint8_t>(value.size() / 8);
  for (std::size_t i = 0; i < options.sack_count; ++i) {
    options.sack[i] = {Seq(load_big_u32(&value[8 * i])), Seq(load_big_u32(&value[8 * i + 4]))};
  }
  return true;
}

void take_fast_open(std::size_t cookie_length, TcpOptions& options) {
  options.fast_open = true;
  options.fast_open_cookie_length = static_cast<std::uint8_t>(cookie_length);
}

// False if the length is not one that the kind can have. The last of repeated options counts, as Linux takes
// them.
bool take_option(std::uint8_t kind, Bytes value, TcpOptions& options) {
  switch (kind) {
    case kMaximumSegmentSize:
      if (value.size() != 2) return false;
      options.has_mss = true;
      options.mss = load_big_u16(value.data());
      return true;
    case kWindowScale:
      if (value.size() != 1) return false;
      options.has_window_scale = true;
      options.window_scale = value[0];
      return true;
    case kSackPermitted:
      if (!value.empty()) return false;
      options.sack_permitted = true;
      return true;
    case kSack: return take_sack(value, options);
    case kTimestamps:
      if (value.size() != 8) return false;
      take_timestamps(value.data(), options);
      return true;
    case kMultipath: options.multipath = true; return true;
    case kFastOpen: take_fast_open(value.size(), options); return true;
    case kExperiment:
      if (value.size() >= 2 && load_big_u16(value.data()) == kFastOpenExperiment) {
        take_fast_open(value.size() - 2, options);
      }
      return true;
    default: return true;
  }
}

}  // namespace

void parse_tcp_options(Bytes area, TcpOptions& options) {
  // RFC 7323 appendix A recommends this layout, and nearly all segments without a SYN have it.
  constexpr std::uint32_t kPaddedTimestamps = 0x0101080a;
  if (area.size() == 12 && !options.cut && load_big_u32(area.data()) == kPaddedTimestamps) {
    take_timestamps(area.data() + 4, options);
    return;
  }
  for (std::size_t at = 0; at < area.size() && area[at] != kEnd;) {
    if (area[at] == kNoOperation) {
      ++at;
      continue;
    }
    const bool has_length = at + 1 < area.size();
    const std::size_t length = has_length ? area[at + 1] : 2;
    if (!has_length || length < 2 || length > area.size() - at) {
      options.malformed |= !options.cut || length < 2;
      return;
    }
    options.malformed |= !take_option(area[at], area.subspan(at + 2, length - 2), options);
    at += length;
  }
}

}  // namespace tcpautopsy::decode
