// In what order an end sent its packets, by the clock and the counter that they carry.
#pragma once

#include <compare>
#include <cstdint>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

class SendOrder {
 public:
  enum class Place : std::uint8_t { Unknown, Earlier, Later };  // than packets of it seen before

  // By TSval (RFC 7323 3); else by the IP ID where this host is seen to count.
  Place place(const TcpSegment& segment) const;
  Place place_by_id(const TcpSegment& segment) const;
  // `goes_beyond`: it begins no sooner than all that this end sent before ends, so that it was sent later
  // whatever its TSval: behind it, the clock was set back (a host replaced by another).
  void sent(const TcpSegment& segment, bool goes_beyond);
  bool ids_count() const { return ups_ >= kEnough && downs_ * 8U <= ups_; }
  // Carries an older TSval than a packet seen before.
  bool outdated(const TcpSegment& segment) const;

 private:
  static constexpr std::uint16_t kEnough = 2;
  std::uint32_t ts_latest_ = 0;
  std::uint16_t id_latest_ = 0, ups_ = 0, downs_ = 0;
  bool has_ts_ = false, has_id_ = false;
};

}  // namespace tcpautopsy
