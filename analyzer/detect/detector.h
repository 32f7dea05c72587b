// A detector is one file: what it says, when, why, and examples that prove it. See CONTRIBUTING.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.h"
#include "analyzer/detect/thresholds.h"
#include "analyzer/flow/flow_facts.h"
#include "analyzer/infer/verdicts.h"

namespace tcpautopsy {

// What `tcpautopsy explain ID` prints; every field is plain text, paragraphs parted by an empty line.
struct Doc {
  std::string_view id, title;
  Scope scope = Scope::Flow;
  Severity severity = Severity::Note;  // by default
  std::string_view phase;              // "Opening", "Transfer", "Closing"
  std::string_view said_when;          // the catalogue's condition (findings.md)
  std::string_view what;               // what happened
  std::string_view how_known;          // how the packets show it, and what they cannot tell
  std::string_view causes;             // usual causes, likeliest first
  std::string_view confirm;            // on the hosts: ss, nstat counters, sysctl names
  std::string_view remedy;             // what to change, and what that costs
  std::string_view bad_advice = {};    // advice often given that is wrong, if there is any
  std::string_view rfc;                // "RFC 9293 3.6, 3.10.7.4"
  std::string_view wireshark = {};     // the Wireshark label it refines, if there is one
};

// A .tap script that must (or, for a near miss, must not) give this finding. The script states it: "finding
// ID ..." or "no finding".
struct Example {
  std::string_view title;
  std::string_view script;
  bool near_miss = false;
};

// What happens on a service besides the flow examined.
class ServiceView {
 public:
  virtual ~ServiceView() = default;
  // Connections to `server` (address and port), other than flow `except`, whose handshake completed with
  // proof that the server knew, within `window` ns of `around_ns` on either side.
  virtual std::uint64_t completed_near(const EndpointAddress& server, std::uint64_t except, TimeNs around_ns,
                                       TimeNs window) const = 0;

  // Of another connection from this address to that host, which the host closed first: what it keeps of it.
  struct KeptTimestamp {
    std::uint64_t flow = 0;
    Stamp stamp;  // of the client's last segment
  };
  // That with the latest timestamp before `time_ns`, within a minute.
  virtual std::optional<KeptTimestamp> kept_timestamp(const IpAddress& client, const IpAddress& server,
                                                      TimeNs time_ns) const = 0;
  // Turns with which `server` answered, or greeted, on connections that are over by now, this one too.
  virtual std::uint64_t answered(const EndpointAddress& server) const = 0;
  // On connections that are over by now no segment of `from` to `to` was captured, though a handshake that
  // `to` completed proves that there were some.
  virtual bool not_captured(const IpAddress& from, const IpAddress& to) const = 0;
};

class HostBook;  // hosts/host_book.h
struct TransferResults;

// All that a detector of scope F may know.
struct DetectContext {
  const FlowFacts& flow;
  const Verdicts& verdicts;
  const TransferResults* transfer;  // null for a self-connection
  const ServiceView& services;
};

// What a finding about a host is made of.
struct HostContext {
  const HostBook& book;
  const Thresholds& thresholds;
  const Profile& profile;
  TimeNs capture_end_ns = 0;
};

using Findings = std::vector<Finding>;

// Findings about single flows that a host finding explains: each whose flow began between its first and last
// time, at its host and port, is told as part of it and counts as info.
struct Parts {
  enum class HostIs : std::uint8_t { Server, Client, Either };
  std::span<const std::string_view> ids = {};
  HostIs host = HostIs::Server;  // Client: the port, if any, is still the server's
  bool without_data = false;     // only of flows that carried none
};

// What a flow must have for a detector to be asked: all that it names. Most flows have none of the odd
// things, and most detectors are never asked (signs.cc).
enum class Needs : std::uint32_t {
  Nothing = 0,
  OneEnd = 1U << 0,          // a self-connection
  TwoEnds = 1U << 1,         // any other
  BothDirections = 1U << 2,  // of both of which packets were captured; two ends
  Transfer = 1U << 3,        // results of the transfer, which two ends have
  // Of either end:
  OddOpening = 1U << 4,   // more or less than SYN, SYN-ACK and ACK once each, or on ports held in TIME-WAIT
  OddSegments = 1U << 5,  // flags or ports that no TCP uses, a SYN-ACK that nobody asked for
  OddMss = 1U << 6,       // none, one below what every host must take, or one that was not kept to
  Resends = 1U << 7,      // of data, or of a SYN-ACK before its ACK passed
  Disorder = 1U << 8,     // packets doubled, overtaken or not captured; data that differ
  Windows = 1U << 9,      // one that was closed, filled or not kept to
  SmallSends = 1U << 10,  // small segments that waited for an ACK, or came in bursts
  Marks = 1U << 11,       // of congestion; wrong checksums, urgent data, numbers of another stream, ACK loops
  Silence = 1U << 12,     // met by data or probes, or ended by them
  LateAnswers = 1U << 13,
  Resets = 1U << 14,    // after the handshake, or some that the client had to ignore
  OddFins = 1U << 15,   // sent again, or both before the other's was there
  OddClose = 1U << 16,  // anything but two FINs and no more
};
constexpr Needs operator|(Needs a, Needs b) {
  return static_cast<Needs>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool has_all(Needs signs, Needs needed) { return (signs | needed) == signs; }

struct Detector {
  Doc doc;
  std::span<const Example> examples;
  // Of a flow, or of each of its ends, for scope F; else null. Stateless; appends at most one finding for
  // each endpoint (findings.md: one record for a flow, id and endpoint).
  void (*examine)(const DetectContext& context, Findings& out) = nullptr;
  void (*examine_end)(const DetectContext& context, Side side, Findings& out) = nullptr;
  Needs needs = Needs::Nothing;
  // Of all hosts, for scope H; else null. One finding for each host, port and episode.
  void (*examine_hosts)(const HostContext& context, Findings& out) = nullptr;
  std::span<const Threshold> thresholds = {};
  Parts parts = {};  // scope H
};

// All detectors, in the catalogue's order of phases, then by id.
const std::vector<const Detector*>& detectors();
const Detector* find_detector(std::string_view id);

// Runs every detector on one flow; findings come ordered by time, then id.
Findings examine(const DetectContext& context);
// The same of scope H, once all flows are noted.
Findings examine_hosts(const HostContext& context);

}  // namespace tcpautopsy
