/// @file
/// The bytes of a connection as its two applications got them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tcpautopsy/types.h"

namespace tcpautopsy::v1 {

/// The connection that bytes belong to, as far as it is known while it lasts: client and server are told once
/// it is over.
struct StreamFlow {
  std::uint64_t number = 0;     ///< Flow::number
  std::array<Address, 2> ends;  ///< `ends[0]` sent the first captured segment
};

/// Bytes delivered in order.
struct StreamData {
  std::size_t sender = 0;               ///< place in StreamFlow::ends
  std::int64_t offset = 0;              ///< of the first byte, from 0, the first of this direction
  std::span<const std::uint8_t> bytes;  ///< lives as long as the call
  Frame frame;                          ///< that carried them
  Frame delivered;                      ///< whose arrival put them in order
};

/// Bytes that the capture does not have.
struct StreamGap {
  std::size_t sender = 0;    ///< place in StreamFlow::ends
  std::int64_t offset = 0;   ///< of the first
  std::uint64_t length = 0;  ///< above 0
  std::string_view
      reason;  ///< "not_captured", "snap_length" or "given_up": more waited behind than may be held
};

/// Two segments carry different bytes for the same place.
struct StreamConflict {
  std::size_t sender = 0;    ///< place in StreamFlow::ends
  std::int64_t offset = 0;   ///< of the first byte that differs
  std::uint64_t differ = 0;  ///< how many do
  Frame kept;                ///< whose bytes were delivered
  Frame other;               ///< whose were not
};

/// Takes the bytes of connections while they are read. Derive from it; Analysis::set_stream_reader() has it
/// called.
class TCPAUTOPSY_API StreamReader {
 public:
  virtual ~StreamReader();
  /// Asked once a connection, at its first segment. Each that is wanted takes up to 17 MiB a direction while
  /// it lives.
  virtual bool wants(const StreamFlow& flow);
  /// The next bytes of one direction.
  virtual void data(const StreamFlow& flow, const StreamData& data) = 0;
  /// In place of bytes that are missing.
  virtual void gap(const StreamFlow& flow, const StreamGap& gap);
  /// Found while data() goes on.
  virtual void conflict(const StreamFlow& flow, const StreamConflict& conflict);
  /// The last call of a connection, before on_flow.
  virtual void end(const StreamFlow& flow);
};

}  // namespace tcpautopsy::v1
