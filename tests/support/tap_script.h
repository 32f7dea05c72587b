// The .tap language: a connection packet by packet, with what only the author of the script can know (marks)
// and what the analysis must conclude (expectations). tests/scripts/README.md describes the language.
// `repeat N { ... }` stands for its lines N times over (tap_repeat.h): each time the numbers of both streams
// go on by what was sent of them between the braces, and so do the acknowledgments.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analyzer/detect/finding.h"
#include "analyzer/flow/flow_trace.h"
#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/profile.h"
#include "analyzer/infer/tcp_state.h"

namespace tcpautopsy::tap {

class ScriptError : public std::runtime_error {
 public:
  ScriptError(unsigned line, const std::string& what);
};

struct SackRange {
  StreamOffset left = 0, right = 0;
};

struct Timestamps {
  std::uint32_t val = 0, ecr = 0;
};

// Options as a script names them. `timestamps` without `explicit_timestamps` are filled by the clock of the
// script.
struct Options {
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  bool sack_permitted = false, timestamps = false, fast_open = false, multipath = false;
  bool cut = false;  // by the snap length
  std::optional<Timestamps> explicit_timestamps;
  std::uint8_t fast_open_cookie_length = 0;
  std::vector<SackRange> sack;  // at most 4
};

struct BeliefExpectation {
  unsigned line = 0;
  bool live = false;  // the forward pass; else what the backward pass keeps
  PerSide<std::optional<StateSet>> sets;
};

struct Packet {
  unsigned line = 0;
  TimeNs time_ns = 0;  // since the start of the script
  Side from = Side::A, to = Side::B;
  unsigned incarnation = 0;           // whose ISNs the numbers are relative to
  bool explicit_incarnation = false;  // `inc N`: a segment in the numbers of an earlier incarnation
  std::uint16_t flags = 0;            // TcpFlag
  StreamOffset seq = 0;
  std::uint32_t payload = 0;
  StreamOffset ack = 0;  // meaningful only with kAck
  std::optional<std::uint16_t> window;
  std::optional<std::uint8_t> ttl;
  std::optional<std::uint16_t> ip_id;
  std::optional<std::uint16_t> urgent;  // pointer; 1 where only the flag is told
  std::uint8_t ecn = 0;                 // of the IP header
  Options options;
  bool lost = false, unseen = false, bad_checksum = false, other_octets = false, change_cipher_spec = false;
  TimeNs late_ns = 0;
  std::vector<BeliefExpectation> beliefs;
};

struct Icmp {
  unsigned line = 0;
  TimeNs time_ns = 0;
  Side to = Side::A;
  unsigned incarnation = 0;
  StreamOffset seq = 0;
  bool cut = false;  // behind the quoted ports
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;
  bool v6 = false;
  std::optional<IpAddress> reporter;
};

using Event = std::variant<Packet, Icmp>;

// `reuse`: ISNs of an incarnation as offsets to the one before; without a value they are random.
struct Reuse {
  PerSide<std::optional<std::int64_t>> isn_offset;
};

// `times`: connections alike but for their ends and ISNs, one after the other.
struct Block {
  enum class Targets : std::uint8_t { One, Ports, Hosts };

  unsigned line = 0;
  std::uint32_t count = 0;
  TimeNs start_ns = 0, every_ns = 0;
  std::optional<IpAddress> network;                // of the clients; else they differ by port alone
  unsigned network_bits = 0;                       // of 128
  std::uint32_t ports = 20000;                     // of the clients; used one after the other, then again
  Targets targets = Targets::One;                  // each to the next port or host after B
  PerSide<std::optional<std::uint32_t>> isn_step;  // else random
  std::vector<Event> events;                       // of the first of them, from start_ns on
};

struct TransitionExpectation {
  unsigned line = 0;
  bool absent = false;  // `no transition A`: that side has no history at all
  Side side = Side::A;
  TcpState from = TcpState::Closed, to = TcpState::Closed;
  std::optional<Basis> basis;
  std::optional<std::uint64_t> frame, proved_by;
};

struct OutcomeExpectation {
  unsigned line = 0, incarnation = 0;
  Side side = Side::A;
  bool exact_set = false;        // `possible`; else `final`
  std::vector<TcpState> states;  // one for `final`
};

enum class Endpoint : std::uint8_t { Client, Server, None };

struct FindingExpectation {
  unsigned line = 0;
  bool absent = false;                // `no finding`
  std::string id;                     // empty only with `absent`: none at all
  std::vector<std::uint64_t> frames;  // each must be among the finding's
  std::optional<Endpoint> endpoint;
  std::optional<Severity> severity;
  std::optional<Certainty> certainty;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> flows;  // of a finding about a host
  std::optional<std::string> part_of;  // id of the host's finding
  std::optional<std::string> likely;   // what its evidence calls the likely cause; "none": nothing
};

struct Script {
  PerSide<EndpointAddress> ends;
  std::vector<Event> events;  // in order of time
  std::vector<Reuse> reuses;  // one for each incarnation after the first
  std::vector<Block> blocks;
  std::uint64_t services = 0;  // other connections to B that completed nearby
  std::string profile = "linux";
  TimeNs end_after_ns = 0;  // from the last captured packet to the capture's end
  bool keep_all = false;
  std::vector<TransitionExpectation> transitions;
  std::vector<OutcomeExpectation> outcomes;
  std::vector<FindingExpectation> findings;
};

// Throws ScriptError, and nothing else, on any text that is not a script.
Script parse_script(std::string_view text);

std::string_view name(Endpoint endpoint);

}  // namespace tcpautopsy::tap
