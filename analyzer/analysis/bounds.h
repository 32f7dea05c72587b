// How much of a capture is kept at once: bounds that a user may move, and all that options, help and plans
// need to know of them; and how often each was met.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/decoder.h"
#include "analyzer/flow/capture_facts.h"

namespace tcpautopsy {

struct Bounds {
  std::uint64_t memory = 0;  // octets for one capture, all in all; 0: as much as it takes
  std::uint64_t records = 4096;
  std::uint64_t incarnations = 32;
  std::uint64_t fragments = 1024;
  std::uint64_t encapsulations = 65536;

  // Of memory, what is left for live connections beside tables of fixed size and what is being written.
  std::uint64_t for_connections() const;
};

struct BoundNumber {
  std::string_view name;  // the member's
  std::uint64_t Bounds::*member;
  std::uint64_t least, most;
  std::string_view meaning;  // a line of help

  bool is_size() const { return member == &Bounds::memory; }
};

std::span<const BoundNumber> bound_numbers();

// Of connections: what only each of them can tell.
struct BoundedFlows {
  std::uint64_t records = 0;   // of which segments were not kept
  std::uint64_t gaps = 0;      // of which gaps were forgotten
  std::uint64_t errors = 0;    // of which ICMP errors were not kept
  std::uint64_t services = 0;  // to services beyond those remembered
};

// A bound and how often it was met.
struct LimitMet {
  std::string_view name;  // in JSON
  std::uint64_t count = 0;
  std::string words;  // what was counted, a noun in the plural first, and why

  std::string text() const;  // the count and the words, of one in the singular

  bool operator==(const LimitMet&) const = default;
};

// All bounds that there are, always in the same order.
std::vector<LimitMet> limits_met(const Bounds& bounds, const DecodeCounts& decoded, const CaptureFacts& facts,
                                 const BoundedFlows& flows);

// Adds those of another capture, with the same bounds.
void add(std::vector<LimitMet>& sum, const std::vector<LimitMet>& more);

// 1 GiB, 1.5 MiB, 100 B.
std::string size_text(std::uint64_t octets);

}  // namespace tcpautopsy
