#include "analyzer/report/text/names.h"

namespace tcpautopsy {

std::string_view Origin::file(const FrameRef& frame) const {
  return frame.file < files.size() ? std::string_view(files[frame.file]) : std::string_view();
}

const Encapsulation& no_encapsulation() {
  static const Encapsulation none;
  return none;
}

std::string_view endpoint_name(const FlowTrace& trace, Side side) {
  return side == trace.client ? "client" : "server";
}

std::string_view close_name(const FlowHistory& history) {
  const bool a_is_client = history.client() == Side::A;
  switch (history.close) {
    case Close::Open: return "open";
    case Close::AFin: return a_is_client ? "client_fin" : "server_fin";
    case Close::BFin: return a_is_client ? "server_fin" : "client_fin";
    case Close::BothFin: return "both_fin";
    case Close::ARst: return a_is_client ? "client_rst" : "server_rst";
    case Close::BRst: return a_is_client ? "server_rst" : "client_rst";
    case Close::Timeout: return "timeout";
  }
  return "";
}

std::string_view closed_first_name(const FlowHistory& history) {
  switch (history.closed_first) {
    case ClosedFirst::A: return endpoint_name(history.trace, Side::A);
    case ClosedFirst::B: return endpoint_name(history.trace, Side::B);
    case ClosedFirst::Both: return "both";
    case ClosedFirst::None: return "none";
  }
  return "";
}

}  // namespace tcpautopsy
