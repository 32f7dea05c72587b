// The states of RFC 9293 3.3.2, and sets of them.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tcpautopsy {

enum class TcpState : std::uint8_t {
  Closed,
  Listen,
  SynSent,
  SynReceived,
  Established,
  FinWait1,
  FinWait2,
  CloseWait,
  Closing,
  LastAck,
  TimeWait,
  Unknown,  // the endpoint's past is outside the capture and nothing has settled it; never a member of a
            // StateSet
};
constexpr unsigned kStateCount = 11;  // without Unknown

std::string_view name(TcpState state);                     // "SYN-SENT"
bool parse_state(std::string_view text, TcpState& state);  // exact names only

// The states not ruled out.
class StateSet {
 public:
  constexpr StateSet() = default;
  constexpr StateSet(std::initializer_list<TcpState> states) {
    for (auto s : states) add(s);
  }
  constexpr void add(TcpState s) { bits_ = static_cast<std::uint16_t>(bits_ | bit(s)); }
  constexpr void remove(TcpState s) { bits_ = static_cast<std::uint16_t>(bits_ & ~bit(s)); }
  constexpr bool has(TcpState s) const { return (bits_ & bit(s)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint16_t bits() const { return bits_; }  // one for each state, in their order
  constexpr bool single() const { return bits_ != 0 && (bits_ & (bits_ - 1)) == 0; }
  constexpr bool within(StateSet o) const { return (bits_ & ~o.bits_) == 0; }
  constexpr bool meets(StateSet o) const { return (bits_ & o.bits_) != 0; }
  constexpr StateSet operator|(StateSet o) const {
    return StateSet(static_cast<std::uint16_t>(bits_ | o.bits_));
  }
  constexpr StateSet operator&(StateSet o) const {
    return StateSet(static_cast<std::uint16_t>(bits_ & o.bits_));
  }
  constexpr StateSet operator~() const { return StateSet(static_cast<std::uint16_t>(kAll & ~bits_)); }
  constexpr bool operator==(const StateSet&) const = default;
  template <class F>
  constexpr void each(F f) const {
    for (unsigned left = bits_; left != 0; left &= left - 1) f(static_cast<TcpState>(std::countr_zero(left)));
  }

 private:
  constexpr explicit StateSet(std::uint16_t bits) : bits_(bits) {}
  static constexpr std::uint16_t bit(TcpState s) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(s));
  }
  static constexpr std::uint16_t kAll = (1U << kStateCount) - 1;
  std::uint16_t bits_ = 0;
};

// States after both SYNs are through: where data, FIN and acknowledgments have their full observations.
constexpr StateSet kSynchronized{TcpState::Established, TcpState::FinWait1, TcpState::FinWait2,
                                 TcpState::CloseWait,   TcpState::Closing,  TcpState::LastAck,
                                 TcpState::TimeWait};

std::string to_string(StateSet set);  // "LAST-ACK|CLOSED", in the order of RFC 9293; "(none)" if empty

}  // namespace tcpautopsy
