#include "analyzer/decode/flags_text.h"

#include <array>
#include <string_view>
#include <utility>

#include "analyzer/decode/tcp_segment.h"

namespace tcpautopsy {
namespace {

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 9> kFlagNames{{{kSyn, "SYN"},
                                                                                {kFin, "FIN"},
                                                                                {kRst, "RST"},
                                                                                {kPsh, "PSH"},
                                                                                {kAck, "ACK"},
                                                                                {kUrg, "URG"},
                                                                                {kEce, "ECE"},
                                                                                {kCwr, "CWR"},
                                                                                {kAe, "AE"}}};

}  // namespace

std::string flags_text(std::uint16_t flags) {
  std::string out;
  for (const auto& [flag, text] : kFlagNames)
    if ((flags & flag) != 0) out.append(out.empty() ? "" : "+").append(text);
  return out.empty() ? "none" : out;
}

}  // namespace tcpautopsy
