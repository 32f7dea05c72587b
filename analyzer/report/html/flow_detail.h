// What a page shows of one connection: its ladder, its findings, where its time went, its series.
#pragma once

#include <cstddef>
#include <string>

#include "analyzer/analysis/analysis.h"
#include "analyzer/report/html/segment_series.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {

// One JSON object (contract.md, "The page"). Of a ladder of more than `most_rows` rows the middle is
// left out, but for rows that change a state or bear a finding. `series` may be null.
std::string flow_detail(const FlowResult& flow, const Origin& origin, const SegmentSeries* series,
                        std::size_t most_rows);

}  // namespace tcpautopsy
