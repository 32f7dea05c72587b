#include "analyzer/flow/zeek_conn.h"

namespace tcpautopsy {

struct ZeekConn::State {};

ZeekConn::ZeekConn() = default;
ZeekConn::~ZeekConn() = default;
ZeekConn::ZeekConn(ZeekConn&&) noexcept = default;
ZeekConn& ZeekConn::operator=(ZeekConn&&) noexcept = default;

void ZeekConn::add(const TcpSegment& /*segment*/, bool /*from_a*/) {}
std::string ZeekConn::conn_state() const { return "OTH"; }
std::string ZeekConn::history() const { return {}; }

}  // namespace tcpautopsy
