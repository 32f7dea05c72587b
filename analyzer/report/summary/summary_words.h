// A summary in words, without layout: what the text and the Markdown report both say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analyzer/report/summary/summary.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

using Labelled = std::pair<std::string, std::string>;  // "Packets", "12,345: ..."

// Files, span, packets, what could not be read, drops, duplicates, where the capture point is.
std::vector<Labelled> capture_words(const Summary& summary);
// How many connections, how they opened, how they ended.
std::vector<Labelled> outcome_words(const Summary& summary);

// The same in three sentences at most: what was read, what of it could not be, how connections ended.
std::vector<Labelled> short_words(const Summary& summary);
// Why nothing was examined; empty where some connection was.
std::string nothing_examined_text(const Summary& summary);
// "4 errors, 2 warnings, 1 note" of the incidents.
std::string incidents_count_text(const Summary& summary);

// "12 connections, 3 of them error" and where to look.
std::string title_of(std::string_view id);
std::string look_at(const FindingGroup& group);
// Services in trouble, worst first.
Table troubled_table(const Summary& summary, std::size_t most);
// "2 errors, 1 warning, 3 notes, 12 info", by severity.
std::string severities_text(const std::array<std::uint64_t, 4>& by_severity);
// "flow 17, 10.0.0.1:50000 > 10.0.0.2:80 (client)"
std::string subject_text(const KeptFinding& kept);

}  // namespace tcpautopsy
