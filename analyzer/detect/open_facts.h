// What the packets show of a connection's opening, for its detectors: the SYNs, their answers, and how far
// the handshake is known to have come. Facts and plain deductions only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/detect/detector.h"

namespace tcpautopsy {

struct OpenFacts {
  Side client = Side::A, server = Side::B;
  std::vector<RecordIndex> syns;  // the client's SYN and its resends: one ISN, without packets captured twice
  std::vector<RecordIndex> syn_acks;    // the server's SYN-ACKs that acknowledge it
  std::vector<RecordIndex> completing;  // segments of the client that acknowledge the SYN-ACK: no SYN, no RST
  RecordIndex server_knows = kNoRecord;  // the server's first segment that is no SYN, SYN-ACK or RST
  RecordIndex server_syn = kNoRecord;    // a SYN without ACK from the server: both ends opened
  RecordIndex client_rst = kNoRecord, server_rst = kNoRecord;  // the first of each

  bool opened_by_both() const { return server_syn != kNoRecord; }
  bool retried() const { return syns.size() > 1; }
};

OpenFacts open_facts(const FlowHistory& flow);

// SYN, SYN-ACK and ACK once each, no SYN data, and no RST at any time: most connections, and dull to most
// detectors of the opening.
bool opened_plainly(const FlowHistory& flow);

// How many of `syns` passed before anything from the server, or an ICMP error about them, did: all of them if
// nothing ever came.
std::size_t sent_before_answer(const FlowHistory& flow, const OpenFacts& facts);

// SYN-ACKs that the server sent although a segment that completes the handshake had passed early enough to
// reach it before, and what it ignored. An answer that was under way to the server when the SYN-ACK left it
// does not count: the round trip between the capture point and the server decides, 500 ms where it is not
// known.
struct IgnoredAcks {
  std::vector<RecordIndex> repeats;  // such SYN-ACKs
  std::vector<RecordIndex> ignored;  // the client's segments before them
  std::size_t with_data = 0;         // of `ignored`, those that carried data
};
IgnoredAcks ignored_acks(const FlowHistory& flow, const OpenFacts& facts);

// Resent SYNs that the client sent although a SYN-ACK had passed early enough to reach it before. Each is
// followed by another SYN-ACK before the client acknowledges any: an ACK that comes sooner answers an earlier
// one.
struct IgnoredSynAcks {
  std::vector<RecordIndex> syns;      // such SYNs
  std::vector<RecordIndex> syn_acks;  // the SYN-ACKs before them
  bool timed = false;                 // the round trip to the client is known, and was waited for
};
IgnoredSynAcks ignored_syn_acks(const FlowHistory& flow, const OpenFacts& facts);

// Connections to the same listener that completed within a minute of this one's handshake.
std::uint64_t served_meanwhile(const DetectContext& context, const OpenFacts& facts);

// The listener looks to have thrown the handshake away for want of room in its accept queue: it ignored two
// or more segments that complete it, repeated its SYN-ACK as often, and served others meanwhile.
bool queue_dropped(const DetectContext& context, const OpenFacts& facts, const IgnoredAcks& ignored);

// A handshake that the server gave up: it repeated its SYN-ACK, stopped, and nothing completed.
struct Abandoned {
  bool by_reset = false;  // shown by a RST without ACK that answers the client; else by silence
  RecordIndex reset = kNoRecord;
  TimeNs silence_ns = 0;    // from the last SYN-ACK to the RST or the capture's end
  TimeNs next_step_ns = 0;  // the longest that the next repeat could take
  bool certain = false;     // no segment that completes the handshake passed after the last repeat
};
std::optional<Abandoned> abandoned(const FlowHistory& flow, const OpenFacts& facts);

}  // namespace tcpautopsy
