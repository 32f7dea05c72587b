#include "analyzer/report/summary/timeline_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/report/summary/service_rows.h"
#include "analyzer/report/text/bit_rate.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kLabel = 19, kPeak = 34;  // columns beside the bars, with their edges
constexpr std::size_t kMostColumns = 120, kLeastColumns = 7;

std::string line(std::string_view label, const std::vector<std::uint64_t>& values, Bars bars,
                 const std::string& peak) {
  return fmt::format("  {}|{}|  {}\n", padded(label, kLabel - 3), sparkline(values, bars), peak);
}

}  // namespace

std::string timeline_text(const Timeline& timeline, const TextStyle& style) {
  const std::size_t room = style.width > kLabel + kPeak ? style.width - kLabel - kPeak : 0;
  const Timeline::Columns all = timeline.columns(std::clamp(room, kLeastColumns, kMostColumns));
  if (all.octets.size() < 2) return "";
  const Bars bars = style.bars == Bars::None ? Bars::Ascii : style.bars;
  const auto peak = [&](const std::vector<std::uint64_t>& values, auto text) -> std::string {
    const auto most = std::max_element(values.begin(), values.end());
    if (*most == 0) return "none";
    const TimeNs at_ns = all.from_ns + all.step_ns * (most - values.begin());
    return fmt::format("peak {}, {}", text(*most), readable_time(at_ns).substr(11, 12));
  };
  const auto rate = [&](std::uint64_t octets) { return bit_rate(octets, all.step_ns); };
  std::string out = line("throughput", all.octets, bars, peak(all.octets, rate));
  out += line("retransmissions", all.resent, bars, peak(all.resent, grouped));
  out += line("established", all.established, bars, peak(all.established, grouped));
  if (timeline.unfollowed() == 0) return out;
  return out +
         paragraph(
             "  ",
             fmt::format("Retransmissions among {} packets are not counted here: over {} connections were "
                         "open at once.",
                         grouped(timeline.unfollowed()), grouped(timeline.followed())),
             style.width);
}

}  // namespace tcpautopsy
