#include "cli/notes.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace tcpautopsy::cli {

void note_what_was_not_read(const Options& options, const CaptureOverview& capture) {
  if (options.quiet || capture.files.empty()) return;
  const std::string file = capture.files.front().file + (capture.files.size() > 1 ? " and others" : "");
  const auto note = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) say(fmt::format("{}: note: {} {}", file, plural(count, "packet", "packets"), what));
  };
  std::uint64_t dropped = 0;
  for (const CaptureInfo& info : capture.files) dropped += info.dropped.value_or(0);
  note(capture.decoded.cut_short, "without whole headers, cut by the snap length");
  note(capture.decoded.malformed, "with lengths that contradict the frame");
  note(capture.decoded.unknown_link_type, "of a link type that is not known");
  note(capture.facts.copies_dropped, "captured twice and left out");
  note(dropped, "dropped by the capture itself");
}

}  // namespace tcpautopsy::cli
