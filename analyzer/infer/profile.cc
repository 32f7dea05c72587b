#include "analyzer/infer/profile.h"

namespace tcpautopsy {
namespace {

// The linux and rfc9293 rows are docs/contract.md's checked ones. windows: Microsoft's TcpTimedWaitDelay,
// TcpMaxConnectRetransmissions and TcpMaxDataRetransmissions documentation. bsd: FreeBSD's tcp(4) (keepinit,
// msl, finwait2_timeout).
std::vector<Profile> make_profiles() {
  Profile linux_profile;
  Profile rfc;
  rfc.name = "rfc9293";
  rfc.time_wait = 240 * kSecond;  // 2 MSL of 2 minutes, RFC 9293 3.4.2
  rfc.fin_wait_2.reset();
  rfc.syn_give_up = 180 * kSecond;  // R2 for a SYN, RFC 9293 3.8.3
  rfc.minimum_rto = kSecond;        // RFC 6298 2.4
  Profile windows;
  windows.name = "windows";
  windows.time_wait = 120 * kSecond;
  windows.fin_wait_2 = 120 * kSecond;
  windows.syn_give_up = 21 * kSecond;
  windows.syn_retries = 4;
  windows.syn_ack_retries = 2;
  windows.data_retries = 5;
  windows.orphan_retries = 5;
  windows.minimum_rto = 300 * kMillisecond;
  Profile bsd;
  bsd.name = "bsd";
  bsd.syn_give_up = 75 * kSecond;
  bsd.syn_ack_retries = 3;
  bsd.data_retries = 12;
  bsd.orphan_retries = 12;
  bsd.minimum_rto = 30 * kMillisecond;
  return {linux_profile, rfc, windows, bsd};
}

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = make_profiles();
  return all;
}

}  // namespace

std::optional<Profile> Profile::named(std::string_view name) {
  for (const Profile& p : profiles())
    if (p.name == name) return p;
  return std::nullopt;
}

const std::vector<std::string>& profile_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Profile& p : profiles()) all.push_back(p.name);
    return all;
  }();
  return names;
}

}  // namespace tcpautopsy
