#include "analyzer/transfer/send_order.h"

#include "analyzer/seq/timestamp.h"

namespace tcpautopsy {
namespace {

// A counter that other connections of the host move on too is rarely further on than this.
constexpr std::int32_t kUsualStep = 2048;
constexpr std::uint16_t kMost = 60000;

std::int32_t id_ahead(std::uint32_t a, std::uint16_t b) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(a) - b);
}
// Hosts that do not count send 0.
bool counts(const TcpSegment& segment) { return segment.has_ip_id && segment.ip_id != 0; }

}  // namespace

bool SendOrder::outdated(const TcpSegment& segment) const {
  return has_ts_ && segment.options.has_timestamps && ahead(segment.options.ts_val, ts_latest_) < 0;
}

SendOrder::Place SendOrder::place(const TcpSegment& segment) const {
  if (has_ts_ && segment.options.has_timestamps) {
    const std::int32_t by = ahead(segment.options.ts_val, ts_latest_);
    if (by != 0) return by < 0 ? Place::Earlier : Place::Later;
  }
  return place_by_id(segment);
}

SendOrder::Place SendOrder::place_by_id(const TcpSegment& segment) const {
  if (!has_id_ || !counts(segment) || !ids_count()) return Place::Unknown;
  return id_ahead(segment.ip_id, id_latest_) < 0 ? Place::Earlier : Place::Later;
}

void SendOrder::sent(const TcpSegment& segment, bool goes_beyond) {
  if (segment.options.has_timestamps) {
    if (!has_ts_ || goes_beyond || ahead(segment.options.ts_val, ts_latest_) > 0)
      ts_latest_ = segment.options.ts_val;
    has_ts_ = true;
  }
  if (!counts(segment)) return;
  const std::int32_t by = has_id_ ? id_ahead(segment.ip_id, id_latest_) : 0;
  if (by > 0 && by <= kUsualStep) {
    if (ups_ < kMost) ++ups_;
  } else if (has_id_) {
    if (downs_ < kMost) ++downs_;
  }
  // A single step back is a late packet, of which the count goes on from before.
  if (!has_id_ || by > 0 || !ids_count()) id_latest_ = static_cast<std::uint16_t>(segment.ip_id);
  has_id_ = true;
}

}  // namespace tcpautopsy
