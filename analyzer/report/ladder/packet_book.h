// What is shown beside single packets: states before and after each, how they are known, findings that name
// it.
//
// A concluded flow is kept in few octets: a moment for each packet that changes what is believed, the changes
// of state, the findings. Packets in between have the states of the moment before them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/analysis/analysis.h"

namespace tcpautopsy {

enum class Phase : std::uint8_t { Unknown, Opening, Established, Closing, Closed };
std::string_view name(Phase phase);
// Of a connection whose ends are most likely in these states.
Phase phase_of(const PerSide<TcpState>& states, bool self_connection);

// A change of state, as Transition has it.
struct PacketChange {
  std::uint32_t frame = 0;      // beside which it is shown; 0 for a timer
  std::uint32_t proved_by = 0;  // 0 for none
  TimeNs at_ns = 0, time_ns = 0;
  StateSet possible;
  std::uint16_t cause = 0;  // into PacketBook::cause()
  Side side = Side::A;
  TcpState from = TcpState::Closed, to = TcpState::Closed;
  Basis basis = Basis::Inferred;
};

// What the flow's packets share.
struct FlowCard {
  std::uint64_t number = 0;
  std::uint32_t incarnation = 0, encapsulation = 0;
  std::uint64_t first_frame = 0, last_frame = 0;
  TimeNs begun_ns = 0;
  bool without_data = false;
  PerSide<EndpointAddress> ends;
  Side client = Side::A;
  bool client_guessed = true, self_connection = false;
  Handshake handshake = Handshake::None;
  std::string_view close;  // contract.md's words
  PerSide<TcpState> final{TcpState::Unknown, TcpState::Unknown};
  std::string where_time_went;  // empty where that is not known
  Findings findings;

  // An ICMP error that quotes it.
  struct Error {
    std::uint32_t frame = 0, quoted_frame = 0;  // 0 where the quoted segment is not known
    Side quoted = Side::A;                      // who sent that segment, and is told
    std::string text;
  };
  std::vector<Error> errors;

  struct Moment {
    std::uint32_t frame = 0;
    PerSide<StateSet> possible;
    PerSide<TcpState> after{TcpState::Unknown, TcpState::Unknown};
  };
  PerSide<TcpState> start{TcpState::Unknown, TcpState::Unknown};  // before the first packet
  std::vector<Moment> moments;                                    // by frame
  std::vector<PacketChange> changes;                              // by at_ns
};

// One packet; pointers are good as long as the card is.
struct PacketView {
  const FlowCard* flow = nullptr;
  PerSide<TcpState> before{TcpState::Unknown, TcpState::Unknown};
  PerSide<TcpState> after{TcpState::Unknown, TcpState::Unknown};
  PerSide<StateSet> possible;                // after
  PerSide<const PacketChange*> known_by{};   // the change that led to `after`; null where that is outside
  std::vector<const PacketChange*> changes;  // made by this packet
  std::vector<const Finding*> findings;      // that name it, gravest first
  const FlowCard::Error* error = nullptr;    // null unless it is an ICMP error, one of the first of the flow
  Phase phase = Phase::Unknown;
};

class PacketBook {
 public:
  void add(const FlowResult& flow);
  // What would be kept of the flow.
  FlowCard card_of(const FlowResult& flow);
  // Findings about hosts and the capture, all flows having been added; those of flows that are part of them
  // are told so.
  void add(Findings findings);

  const FlowCard* flow(std::uint64_t number) const;
  // Of the packet `frame` of the flow, at that time.
  PacketView look(const FlowCard& flow, std::uint32_t frame, TimeNs time_ns) const;
  // Findings about hosts and the capture that name the frame.
  std::vector<const Finding*> findings_of(std::uint32_t frame) const;

  // "received FIN", and the section of the RFC.
  const std::pair<std::string_view, std::string_view>& cause(const PacketChange& change) const {
    return causes_[change.cause];
  }
  const Findings& general() const { return general_; }
  std::vector<const FlowCard*> flows() const;  // by number

 private:
  std::uint16_t number_of(std::string_view cause, std::string_view rfc);

  std::vector<std::optional<FlowCard>> flows_;
  std::vector<std::pair<std::string_view, std::string_view>> causes_;
  Findings general_;
  std::unordered_multimap<std::uint32_t, std::size_t> by_frame_;  // into general_
};

}  // namespace tcpautopsy
