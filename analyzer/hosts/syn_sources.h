// Where the attempts that came to nothing were sent from, and what their SYNs have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/hosts/attempt.h"
#include "analyzer/hosts/key_sample.h"

namespace tcpautopsy {

// Attempts of one source address.
struct SourceTally {
  std::uint64_t attempts = 0;
  TimeNs first_ns = 0, last_ns = 0;
  std::uint16_t lowest_port = 0, highest_port = 0;

  void merge(const SourceTally& other);
};

struct LookTally {
  std::uint64_t syns = 0;
  void merge(const LookTally& other) { syns += other.syns; }
};

// Who really sent SYNs that bear many source addresses.
enum class Senders : std::uint8_t {
  Unknown,     // too few to tell, or nothing in common
  OneAddress,  // they bear one address
  OneHost,     // counters go on from one address to the next: one host wrote them, addresses are forged
  OneProgram,  // alike in TTL, window and options from addresses all over: forged, or one program on many
               // hosts
  Many,        // as different as hosts are
};

class SynSources {
 public:
  void note(const Attempt& attempt);
  void merge(const SynSources& part);

  // Of those at work at some time between the two.
  struct Spread {
    std::uint64_t addresses = 0;  // an estimate beyond a thousand, see KeySample
    bool exact = true;
    std::uint64_t looked_at = 0;            // addresses kept: all, or a fair sample
    std::uint64_t slash24 = 0, slash8 = 0;  // different prefixes among these (IPv6: /64 and /32)
    double entropy_bits = 0;                // of the attempts over all addresses
    double evenness = 0;                    // that over its greatest: 1 where all sent as many
    std::optional<IpAddress> busiest;       // where all are kept; and its share of the attempts
    double busiest_share = 0;
    bool several_ports = false;  // of one address
  };
  Spread spread(TimeNs from_ns, TimeNs until_ns) const;

  struct Common {
    Senders senders = Senders::Unknown;
    double alike_share = 0;                             // of SYNs with the most frequent look
    SynLook look;                                       // that one
    std::optional<std::uint32_t> isn_step, ip_id_step;  // from each SYN to the next, where it is fixed
  };
  Common common(const Spread& spread) const;

 private:
  // The earliest SYNs one after the other: what counters show.
  struct Early {
    TimeNs time_ns = 0;
    std::uint64_t flow = 0;
    IpAddress source;
    std::uint32_t isn = 0, ip_id = 0;
    bool has_ip_id = false;
  };
  static constexpr std::size_t kMostEarly = 64;

  void keep_earliest();

  KeySample<IpAddress, SourceTally, 1024> sources_;
  KeySample<SynLook, LookTally, 64> looks_;
  std::vector<Early> early_;
};

}  // namespace tcpautopsy
