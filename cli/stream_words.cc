// What `stream` says about gaps, conflicts and ends.
#include <fmt/format.h>

#include "cli/stream_writer.h"

namespace tcpautopsy::cli {
namespace {

std::string bytes(std::uint64_t count) { return plural(count, "byte", "bytes"); }

std::string ending(const StreamNames& names, const StreamSummary& s) {
  if (s.fin) return "ended by FIN in " + names.frame(*s.fin);
  if (s.reset) return "ended by RST in " + names.frame(*s.reset);
  return s.heard_from ? "not ended" : "none of its segments captured";
}

}  // namespace

std::string StreamNames::frame(const FrameRef& at) const {
  if (at.file == first.file) return fmt::format("frame {}", at.number);
  return fmt::format("frame {} of {}", at.number, printable(file(at)));
}

std::string gap_text(const StreamNames& names, const StreamGap& gap) {
  const auto what = [&]() -> std::string {
    const bool one = gap.length == 1;
    switch (gap.reason) {
      case GapReason::NotCaptured:
        return fmt::format("{} not in the capture, as {} shows", one ? "is" : "are",
                           names.frame(gap.shown_by));
      case GapReason::SnapLength:
        return fmt::format("{} cut off by the snap length, {}", one ? "was" : "were",
                           names.frame(gap.shown_by));
      case GapReason::GivenUp:
        return fmt::format("{} given up at {}: more waits behind than may be held (--hold)",
                           one ? "was" : "were", names.frame(gap.shown_by));
    }
    return {};
  }();
  return fmt::format("{}: {} at offset {} {}", names.endpoint(gap.sender), bytes(gap.length), gap.offset,
                     what);
}

std::string conflict_text(const StreamNames& names, const StreamConflict& conflict) {
  return fmt::format("{}: {} at offset {} {} from {} to {}; the former was taken",
                     names.endpoint(conflict.sender), bytes(conflict.differ), conflict.offset,
                     conflict.differ == 1 ? "differs" : "differ", names.frame(conflict.kept),
                     names.frame(conflict.other));
}

std::string summary_text(const StreamNames& names, const StreamSummary& s) {
  std::string out = fmt::format("{}, {}", bytes(s.delivered), ending(names, s));
  const auto add = [&out](std::uint64_t count, std::string_view what) {
    if (count > 0) out += fmt::format("; {} {}", bytes(count), what);
  };
  if (s.mid_stream) out += "; its beginning was not captured";
  if (s.gaps > 0) out += fmt::format("; {} missing in {}", bytes(s.missing), plural(s.gaps, "gap", "gaps"));
  if (s.conflicts > 0) out += fmt::format("; {}", plural(s.conflicts, "conflict", "conflicts"));
  add(s.unacknowledged, "not acknowledged by the end");
  add(s.never_delivered, "behind a hole that nobody acknowledged, left out");
  add(s.late, "captured after their gap had been told, left out");
  add(s.before_start, "from before the first byte told, left out");
  if (s.after_fin > 0 && s.first_after_fin)
    add(s.after_fin, fmt::format("beyond the FIN, ignored, first in {}", names.frame(*s.first_after_fin)));
  add(s.in_reset, "in a RST, which are no data");
  add(s.after_reset, "after a RST, never acknowledged, ignored");
  add(s.bad_checksum, "with a wrong checksum, never acknowledged, ignored");
  add(s.syn_data_refused, "in the SYN that the peer did not take");
  add(s.keepalives, "of keep-alives, which are no data");
  if (s.far_off > 0)
    out += fmt::format("; {} far off the stream, ignored", plural(s.far_off, "segment", "segments"));
  return out;
}

}  // namespace tcpautopsy::cli
