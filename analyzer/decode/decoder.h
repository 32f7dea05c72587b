// From a frame to its innermost TCP segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "analyzer/capture/frame.h"
#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

// VLAN tags outermost first, and tunnels outermost first as contract.md spells them: "vxlan:5001/gre".
struct Encapsulation {
  std::vector<std::uint16_t> vlan;
  std::string tunnel;
  bool operator==(const Encapsulation&) const = default;
};

enum class NotTcp : std::uint8_t {
  OtherProtocol,  // a whole packet of something else
  FragmentHeld,   // kept until its other fragments come
  CutShort,       // the snap length cuts the TCP header or one before it
  Malformed,      // a length that contradicts the frame
  UnknownLinkType,
};

using Decoded = std::variant<NotTcp, TcpSegment, IcmpError>;

// Counts of frames by what became of them; their sum is the number of frames decoded.
struct DecodeCounts {
  std::uint64_t tcp = 0, icmp_errors = 0, other = 0, fragments_held = 0, cut_short = 0, malformed = 0,
                unknown_link_type = 0;
  std::uint64_t fragments_dropped =
      0;  // given up because the table of fragments was full or they were too old
  // Bounds that were met.
  std::uint64_t too_deep = 0;    // frames of more headers than are taken off, among `malformed`
  std::uint64_t too_nested = 0;  // of more VLAN tags or tunnels than are told apart, among `malformed`
  std::uint64_t encapsulations_joined = 0;  // packets whose encapsulation shares its name with others
  std::uint64_t fragments_given_up = 0;     // among `fragments_dropped`: because the table was full
};

// How much a Decoder keeps.
struct DecodeBounds {
  std::size_t fragments = 1024;        // packets that wait for fragments; 16 KiB each, all together
  std::size_t encapsulations = 65536;  // told apart; the others are one
};

// Holds the fragments that wait for others (bounded) and the encapsulations met. One per capture; not
// thread-safe.
class Decoder {
 public:
  explicit Decoder(const DecodeBounds& bounds = {});
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // The segment's payload views into the frame, or into the decoder until the next call (reassembled
  // fragments).
  Decoded decode(const Frame& frame);

  // Entry 0 is the empty one. References stay valid.
  const Encapsulation& encapsulation(std::uint32_t index) const;
  std::size_t encapsulations() const;  // met so far, the empty one too
  const DecodeCounts& counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tcpautopsy
