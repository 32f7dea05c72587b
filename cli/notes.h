// What a reader of lines should know of the capture besides: on standard error, unless --quiet.
#pragma once

#include "analyzer/report/summary/summary.h"
#include "cli/options.h"

namespace tcpautopsy::cli {

// Packets cut too short, captured twice, dropped by the capture.
void note_what_was_not_read(const Options& options, const CaptureOverview& capture);

}  // namespace tcpautopsy::cli
