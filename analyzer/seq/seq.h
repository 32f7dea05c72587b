// Sequence numbers: the 32-bit ones of the wire and the unbounded ones of the stream (RFC 9293 3.4).
#pragma once

#include <compare>
#include <cstdint>

namespace tcpautopsy {

// Nanoseconds since the Unix epoch by the capture's clock; differences are plain nanoseconds too.
using TimeNs = std::int64_t;

constexpr TimeNs kMillisecond = 1'000'000;
constexpr TimeNs kSecond = 1'000'000'000;

// A sequence or acknowledgment number as it stands in a header. It has no order: compare StreamOffsets.
class Seq {
 public:
  constexpr Seq() = default;
  constexpr explicit Seq(std::uint32_t raw) : raw_(raw) {}
  constexpr std::uint32_t raw() const { return raw_; }
  constexpr Seq operator+(std::uint32_t n) const { return Seq(raw_ + n); }
  constexpr bool operator==(const Seq&) const = default;

 private:
  std::uint32_t raw_ = 0;
};

// Position in one direction's stream: the initial sequence number (iss) is 0, the first byte 1. Where the SYN
// was not captured the first number seen is 1, and what proves to be earlier is zero or negative.
using StreamOffset = std::int64_t;

// The offset of `seq` nearest to `checkpoint`, where `iss` has offset 0. Exact while the true offset lies
// within 2^31 of the checkpoint.
constexpr StreamOffset unwrap(Seq seq, Seq iss, StreamOffset checkpoint) {
  const auto expected = static_cast<std::uint32_t>(checkpoint) + iss.raw();
  return checkpoint + static_cast<std::int32_t>(seq.raw() - expected);
}

// The wire form of a stream offset.
constexpr Seq wrap(StreamOffset offset, Seq iss) { return iss + static_cast<std::uint32_t>(offset); }

}  // namespace tcpautopsy
