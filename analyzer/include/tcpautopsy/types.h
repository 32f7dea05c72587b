/// @file
/// Words that all of the interface shares: ends, addresses, frames, states and how they are known.
///
/// Times are nanoseconds since 1970-01-01 00:00 UTC by the capture's clock, spans nanoseconds; both lie
/// within 1970 and 2106. Never does a clock of the machine that analyses count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tcpautopsy/export.h"

namespace tcpautopsy::v1 {

/// The two ends of a connection: the client is who sent the first SYN without ACK, else it is guessed.
enum class Endpoint : std::uint8_t { Client, Server };

/// An address and port of TCP.
struct Address {
  std::string ip;          ///< dotted quad, or as RFC 5952 has it
  std::uint16_t port = 0;  ///< 0 to 65535
  /// The same text and port.
  bool operator==(const Address&) const = default;
};

/// A packet of a capture.
struct Frame {
  std::uint32_t file = 0;    ///< rank of its file in Options::captures, from 0
  std::uint64_t number = 0;  ///< from 1 within its file, as Wireshark counts
  std::int64_t time_ns = 0;  ///< when it was captured
  /// The same packet.
  bool operator==(const Frame&) const = default;
};

/// States of RFC 9293 3.3.2. Unknown: the end's past is outside the capture, and nothing settled it.
enum class State : std::uint8_t {
  Closed,
  Listen,
  SynSent,
  SynReceived,
  Established,
  FinWait1,
  FinWait2,
  CloseWait,
  Closing,
  LastAck,
  TimeWait,
  Unknown
};

/// How a change of state is known.
enum class Basis : std::uint8_t {
  Observed,   ///< the end sent the segment that makes it
  Confirmed,  ///< it follows from receiving a segment, and a later one of this end proves that it did
  Inferred,   ///< it follows from receiving a segment that was captured; nothing proves or disproves it
  Timer       ///< it follows from time passing, by the profile in force
};

/// How grave a finding or incident is, in rising order.
enum class Severity : std::uint8_t { Info, Note, Warning, Error };
/// What a finding is about.
enum class Scope : std::uint8_t { Flow, Host, Capture };
/// How sure it is.
enum class Certainty : std::uint8_t { Possible, Likely, Certain };

/// The word that output has for it: "client", "SYN-SENT", "confirmed", "warning", "flow", "likely". The text
/// lives as long as the library is loaded.
/// @{
TCPAUTOPSY_API std::string_view name(Endpoint endpoint) noexcept;
TCPAUTOPSY_API std::string_view name(State state) noexcept;
TCPAUTOPSY_API std::string_view name(Basis basis) noexcept;
TCPAUTOPSY_API std::string_view name(Severity severity) noexcept;
TCPAUTOPSY_API std::string_view name(Scope scope) noexcept;
TCPAUTOPSY_API std::string_view name(Certainty certainty) noexcept;
/// @}

}  // namespace tcpautopsy::v1
