// What a report tells of causes: one incident is one cause with what follows from it (contract.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/address.h"
#include "analyzer/detect/finding.h"

namespace tcpautopsy {

// The end that a finding names.
enum class End : std::uint8_t { None, Client, Server };
std::string_view name(End end);  // "client", "server", or empty

// Who has to act. Sides of the network are as seen from the capture point: between it and that end.
enum class Actor : std::uint8_t {
  ClientApplication,
  ClientHost,
  ServerApplication,
  ServerHost,
  NetworkClientSide,
  NetworkServerSide,
  Network,
  Middlebox,
  Capture,
  Unknown
};
std::string_view name(Actor actor);   // contract.md's words: "server_application"
std::string_view words(Actor actor);  // "server application", "network on the client side"

struct Impact {
  std::uint64_t connections_failed = 0;  // tried, and never opened
  std::uint64_t connections_reset = 0;   // ended by RST
  TimeNs time_lost_ns = 0;               // of all connections together
};

struct Incident {
  Severity severity = Severity::Note;        // the gravest of its findings
  Certainty certainty = Certainty::Certain;  // of the cause
  std::string_view cause;                    // id of the finding that explains the others
  std::string headline;                      // what is wrong, and where; no full stop
  std::string cost;                          // "12 connections failed, stalled 8.1 s"; empty for none
  Actor where = Actor::Unknown;
  End end = End::None;                     // that the cause names
  std::optional<EndpointAddress> service;  // none where it is about a host, or about many services
  std::optional<IpAddress> host;
  std::optional<IpAddress> client;  // the only one it met
  TimeNs first_ns = 0, last_ns = 0;
  std::uint64_t flows = 0;
  std::vector<std::uint64_t> sample_flows;             // at most 20, the most telling first
  std::map<std::string_view, std::uint64_t> findings;  // by id, how many, those counted as info too
  Impact impact;
  std::string remedy;   // one line
  std::string see;      // command and its options: "history --flow 17"
  std::string example;  // the gravest finding of the cause, in its own words
  bool chosen = false;  // one of its findings was asked for

  std::string verdict() const;  // one sentence: headline and cost
};

// Worst first: severity, connections failed, reset, time lost; then the earlier.
bool worse(const Incident& a, const Incident& b);

}  // namespace tcpautopsy
