// The sockets of every host as they were at one moment: `tcpautopsy ss`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/infer/flow_history.h"

namespace tcpautopsy {

// One endpoint of one connection at the moment asked for.
struct SocketRow {
  std::uint64_t flow = 0;
  std::string_view endpoint;  // "client" or "server"
  TcpState state = TcpState::Unknown;
  // More than one: `state` is the likelier, or UNKNOWN, and then these are what the packets so far allow.
  std::vector<TcpState> possible;
  EndpointAddress local, peer;
  std::optional<TimeNs> since;  // none where the endpoint was in this state before the capture saw it
  std::optional<Basis> basis;   // of the change into this state
  std::optional<FrameRef> frame;
};

// The states wanted. Starts as ss does: all but CLOSED and LISTEN.
class StateFilter {
 public:
  // A name of RFC 9293, or what ss takes: its names of states, long and as in its output, and its groups
  // (all, connected, synchronized, bucket, big); also unknown, which of the groups only `all` holds. Case
  // does not matter; the first call replaces the default. False for any other word.
  bool add(std::string_view word);
  // Takes states away from those wanted so far.
  bool remove(std::string_view word);
  bool wants(TcpState state) const { return state == TcpState::Unknown ? unknown_ : states_.has(state); }
  static const std::vector<std::string_view>& words();

 private:
  bool given_ = false, unknown_ = true;
  StateSet states_ = kSynchronized | StateSet{TcpState::SynSent, TcpState::SynReceived};
};

// The flow's endpoints at `at`, client first. None before the flow's first packet, except that an endpoint
// whose connection began outside the capture is UNKNOWN until something tells its state. An endpoint that has
// no socket then has state CLOSED.
std::vector<SocketRow> sockets_at(const FlowHistory& history, TimeNs at);

void append_socket_json(std::string& out, const SocketRow& row, TimeNs at);
void append_socket_csv(std::string& out, const SocketRow& row, TimeNs at);
std::string socket_csv_header();
std::vector<std::string> socket_table_header();
std::vector<std::string> socket_table_row(const SocketRow& row, TimeNs at);

}  // namespace tcpautopsy
