/// @file
/// One connection, concluded: who took part, what was sent, and the state history of both ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tcpautopsy/finding.h"
#include "tcpautopsy/types.h"

namespace tcpautopsy::v1 {

/// One change of state of one end.
struct Transition {
  Endpoint endpoint = Endpoint::Client;  ///< whose state it is
  State from = State::Closed;            ///< before
  State to = State::Closed;              ///< after, the likeliest
  Basis basis = Basis::Inferred;         ///< how it is known
  std::vector<State>
      possible;  ///< all that remain possible after it, where there are several; `to` is the likeliest
  std::optional<Frame> frame;      ///< the segment sent or received; none for timers
  std::optional<Frame> proved_by;  ///< for Confirmed: the later segment that proves receipt
  std::int64_t time_ns = 0;        ///< of `frame`, or when the timer ran out
  std::int64_t at_ns = 0;          ///< best estimate of when the end itself changed
  std::string_view cause;          ///< "received FIN"; lives as long as the library is loaded
  std::string_view rfc;            ///< "9293 3.10.7.4"; the same
};

/// What one end sent, and what became of it.
struct EndpointSummary {
  Address address;                               ///< as its packets have it
  std::uint64_t packets = 0;                     ///< without those captured twice
  std::uint64_t payload_bytes = 0;               ///< distinct bytes of the stream that were captured
  std::uint64_t wire_bytes = 0;                  ///< lengths of its frames, in sum
  std::optional<std::uint64_t> retransmissions;  ///< none where the data were not followed
  std::optional<std::int64_t>
      rtt_ns;  ///< least round trip between the capture point and this end; none if not measured
  State final = State::Unknown;       ///< at the capture's end, the likeliest
  std::vector<State> final_possible;  ///< likeliest first, `final` included
};

/// One incarnation of a connection. A view is the library's own: copy what shall outlast the call that hands
/// it out.
struct Flow {
  std::uint64_t number = 0;         ///< rank of its first packet among all flows of the run, from 0
  std::uint32_t incarnation = 0;    ///< of its addresses and ports, from 0
  bool client_guessed = false;      ///< no SYN tells who is the client
  bool ended_early = false;         ///< by a limit; what came later is another flow
  bool self_connection = false;     ///< both ends are one: `server` equals `client`
  EndpointSummary client;           ///< who opened it, or is taken to have
  EndpointSummary server;           ///< the other end
  Frame first;                      ///< of its packets
  Frame last;                       ///< of its packets
  std::uint64_t duplicates = 0;     ///< packets captured twice
  std::vector<std::uint16_t> vlan;  ///< tags, outermost first
  std::string tunnel;               ///< "vxlan:5001/gre", outermost first; empty for none
  std::string community_id;         ///< "1:..."
  std::string_view handshake;  ///< "complete", "refused"; contract.md has the words of this and the next two
  std::string_view close;      ///< "both_fin", "open"
  std::string_view closed_first;    ///< "client", "server", "both" or "none"
  std::vector<Transition> history;  ///< of both ends, by `at_ns`
  std::vector<Finding> findings;    ///< by time, then id; those of own detectors last

  /// What this end sent.
  const EndpointSummary& end(Endpoint which) const { return which == Endpoint::Client ? client : server; }
};

}  // namespace tcpautopsy::v1
