#include "analyzer/analysis/bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "analyzer/analysis/service_book.h"
#include "analyzer/decode/encapsulation.h"
#include "analyzer/decode/layers.h"
#include "analyzer/flow/flow_tracker.h"
#include "analyzer/flow/router.h"
#include "analyzer/flow/sequence_tracker.h"
#include "analyzer/flow/translated_copies.h"

namespace tcpautopsy {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
// What all else takes where hosts are many and connections are ended in great numbers: 150 to 190 MiB
// (tests/RESULTS.md).
constexpr std::uint64_t kBeside = 192 * kMiB;

constexpr auto kNumbers = std::to_array<BoundNumber>({
    {"memory", &Bounds::memory, 256 * kMiB, std::uint64_t{1} << 50,
     "memory for each capture read at a time, as 512M or 4G; beyond, connections silent for longest end "
     "early"},
    {"records", &Bounds::records, 64, 65'536,
     "segments kept of a connection, beside those told in sum; beyond, those in its middle are left out"},
    {"incarnations", &Bounds::incarnations, 2, 1'000'000,
     "connections of one address and port pair open at once; beyond, the oldest ends early"},
    {"fragments", &Bounds::fragments, 16, 1'000'000,
     "packets that wait for IP fragments, of 16 KiB each; beyond, the oldest are given up"},
    {"encapsulations", &Bounds::encapsulations, 16, 100'000'000,
     "VLANs and tunnels told apart; those beyond are told as one"},
});

}  // namespace

std::uint64_t Bounds::for_connections() const {
  if (memory == 0) return std::numeric_limits<std::uint64_t>::max();
  if (memory <= kBeside) return 0;
  return memory - std::max(kBeside, memory / 4);
}

std::span<const BoundNumber> bound_numbers() { return kNumbers; }

std::string size_text(std::uint64_t octets) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(octets);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  return fmt::format("{:.4g} {}", size, kUnits[unit]);
}

std::string LimitMet::text() const {
  std::string told = fmt::format("{} {}", fmt::group_digits(count), words);
  if (count == 1) told.erase(told.find("s "), 1);
  return told;
}

void add(std::vector<LimitMet>& sum, const std::vector<LimitMet>& more) {
  if (sum.empty()) {
    sum = more;
    return;
  }
  for (std::size_t i = 0; i < more.size(); ++i) sum.at(i).count += more[i].count;
}

std::vector<LimitMet> limits_met(const Bounds& bounds, const DecodeCounts& decoded, const CaptureFacts& facts,
                                 const BoundedFlows& flows) {
  const auto words = [](std::string_view form, std::uint64_t bound) {
    return fmt::format(fmt::runtime(form), fmt::group_digits(bound));
  };
  return {
      {"memory", facts.ended_for_memory,
       fmt::format("connections ended early, as those open took more than their part of {} (--max-memory)",
                   size_text(bounds.memory))},
      {"records", flows.records,
       words("connections with segments left out, as over {} were to be kept (--max-records)",
             bounds.records)},
      {"incarnations", facts.incarnations_ended,
       words(
           "connections ended early, as over {} of one address and port pair were open (--max-incarnations)",
           bounds.incarnations)},
      {"fragments", decoded.fragments_given_up,
       words("fragments given up, as over {} packets waited for more (--max-fragments)", bounds.fragments)},
      {"encapsulations", decoded.encapsulations_joined,
       words("packets in VLANs and tunnels beyond the first {}, told as one (--max-encapsulations)",
             bounds.encapsulations)},
      {"headers", decoded.too_deep,
       words("packets of more than {} headers, counted as malformed", decode::kMostLayers)},
      {"tunnels", decoded.too_nested,
       words("packets in more than {} VLANs or tunnels, counted as malformed",
             decode::EncapsulationPath::kDeepest)},
      {"syns_held", facts.syns_not_held,
       words("SYNs in open connections, taken for new ones at once, as {} waited to be told",
             Router::kMostPending)},
      {"gaps", flows.gaps,
       words("connections with over {} gaps at once, of which what filled the oldest counts as sent again",
             SequenceTracker::kMostHoles)},
      {"icmp_errors", flows.errors,
       words("connections with ICMP errors left out, as over {} quote one", FlowTracker::kMostErrors)},
      {"services", flows.services,
       words("connections to services beyond the first {}, which findings about others do not know of",
             ServiceBook::kMostServices)},
      {"translated", facts.translated_not_kept,
       words(
           "segments seen on both sides of an address translation, left apart, as {} of its connections were "
           "open",
           TranslatedCopies::kMost)},
  };
}

}  // namespace tcpautopsy
