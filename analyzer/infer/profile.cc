#include "analyzer/infer/profile.h"

#include <algorithm>
#include <type_traits>

namespace tcpautopsy {
namespace {

constexpr ProfileNumber::Value kNone;

constexpr auto kNumbers = std::to_array<ProfileNumber>({
    // linux, rfc9293, windows, bsd
    {"time_wait",
     &Profile::time_wait,
     "how long TIME-WAIT lasts",
     {60 * kSecond, 240 * kSecond, 120 * kSecond, 60 * kSecond},
     "TCP_TIMEWAIT_LEN; 2 MSL of 2 minutes, RFC 9293 3.4.2; TcpTimedWaitDelay; tcp(4) msl"},
    {"fin_wait_2",
     &Profile::fin_wait_2,
     "how long FIN-WAIT-2 lasts after close(), or none",
     {60 * kSecond, kNone, 120 * kSecond, 60 * kSecond},
     "tcp_fin_timeout; RFC 9293 has none; TcpTimedWaitDelay; tcp(4) finwait2_timeout"},
    {"syn_give_up",
     &Profile::syn_give_up,
     "from the first SYN until connect gives up",
     {127 * kSecond, 180 * kSecond, 21 * kSecond, 75 * kSecond},
     "tcp_syn_retries; R2 for a SYN, RFC 9293 3.8.3; TcpMaxConnectRetransmissions; tcp(4) keepinit"},
    {"syn_retries",
     &Profile::syn_retries,
     "SYNs sent again",
     {6, 6, 4, 6},
     "tcp_syn_retries; as linux; TcpMaxConnectRetransmissions; as linux"},
    {"syn_ack_retries",
     &Profile::syn_ack_retries,
     "SYN-ACKs sent again",
     {5, 5, 2, 3},
     "tcp_synack_retries; as linux; TcpMaxConnectResponseRetransmissions; syncache(4) rexmtlimit"},
    {"data_retries",
     &Profile::data_retries,
     "times that data is sent again",
     {15, 15, 5, 12},
     "tcp_retries2; as linux; TcpMaxDataRetransmissions; its TCP_MAXRXTSHIFT"},
    {"orphan_retries",
     &Profile::orphan_retries,
     "times that a FIN is sent again after close()",
     {8, 8, 5, 12},
     "tcp_orphan_retries; as linux; TcpMaxDataRetransmissions; its TCP_MAXRXTSHIFT"},
    {"minimum_rto",
     &Profile::minimum_rto,
     "least retransmission timeout",
     {200 * kMillisecond, kSecond, 300 * kMillisecond, 30 * kMillisecond},
     "TCP_RTO_MIN; RFC 6298 2.4; MinRtoMs; tcp(4) rexmit_min"},
});

}  // namespace

std::span<const ProfileNumber> profile_numbers() { return kNumbers; }

const std::array<std::string, kProfiles>& profile_names() {
  static const std::array<std::string, kProfiles> names{"linux", "rfc9293", "windows", "bsd"};
  return names;
}

ProfileNumber::Value ProfileNumber::of(const Profile& profile) const {
  return std::visit([&](auto which) { return Value(profile.*which); }, member);
}

void ProfileNumber::set(Profile& profile, Value value) const {
  std::visit(
      [&](auto which) {
        auto& number = profile.*which;
        using Number = std::remove_reference_t<decltype(number)>;
        if constexpr (std::is_same_v<Number, Value>)
          number = value;
        else
          number = static_cast<Number>(value.value_or(0));
      },
      member);
}

Profile::Profile(std::size_t rank) : name(profile_names()[rank]) {
  for (const ProfileNumber& number : kNumbers) number.set(*this, number.values[rank]);
}

// Made for every connection: copied, not made anew.
Profile::Profile()
    : Profile([]() -> const Profile& {
        static const Profile first(0);
        return first;
      }()) {}

std::optional<Profile> Profile::named(std::string_view name) {
  const auto& names = profile_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return Profile(static_cast<std::size_t>(found - names.begin()));
}

}  // namespace tcpautopsy
