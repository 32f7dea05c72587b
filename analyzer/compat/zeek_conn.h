// A connection as Zeek's conn.log names it: conn_state and history, by Zeek's own originator and responder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {

// As `zeek -C`, which looks at no checksum: captures at a host see them before the network card fills them
// in. Feed every segment of one connection in the order captured, duplicates and bad checksums too. `from_a`
// is true for those of the end that sent the first one (always, in a self-connection).
class ZeekConn {
 public:
  ZeekConn();
  ~ZeekConn();
  ZeekConn(ZeekConn&&) noexcept;
  ZeekConn& operator=(ZeekConn&&) noexcept;

  void add(const TcpSegment& segment, bool from_a);

  // Both empty where Zeek would log no connection at all: none of its packets has a valid IP header.
  std::string conn_state() const;
  std::string history() const;
  // Of memory, beside itself.
  std::size_t octets() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tcpautopsy
