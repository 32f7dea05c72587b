#include "analyzer/infer/tcp_state.h"

#include <array>

namespace tcpautopsy {
namespace {

constexpr std::array<std::string_view, kStateCount + 1> kNames{
    "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
    "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",   "UNKNOWN"};

}  // namespace

std::string_view name(TcpState state) { return kNames[static_cast<std::size_t>(state)]; }

bool parse_state(std::string_view text, TcpState& state) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != text) continue;
    state = static_cast<TcpState>(i);
    return true;
  }
  return false;
}

std::string to_string(StateSet set) {
  if (set.empty()) return "(none)";
  std::string text;
  set.each([&text](TcpState s) {
    if (!text.empty()) text += '|';
    text += name(s);
  });
  return text;
}

}  // namespace tcpautopsy
