// A summary in words, without layout: what the text and the Markdown report both say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analyzer/report/summary/summary.h"

namespace tcpautopsy {

using Labelled = std::pair<std::string, std::string>;  // "Packets", "12,345: ..."

// Files, span, packets, what could not be read, drops, duplicates, where the capture point is.
std::vector<Labelled> capture_words(const Summary& summary);
// How many connections, how they opened, how they ended.
std::vector<Labelled> outcome_words(const Summary& summary);

// "12 connections, 3 of them error" and where to look.
std::string title_of(std::string_view id);
std::string look_at(const FindingGroup& group);
// "connect_timeout 3, lost_final_ack 1", most frequent first.
std::string ids_text(const Service& service);
// "flow 17, 10.0.0.1:50000 > 10.0.0.2:80 (client)"
std::string subject_text(const KeptFinding& kept);

}  // namespace tcpautopsy
