// A connection's series as columns of short numbers: what the page's graphs are drawn from.
#pragma once

#include "analyzer/infer/flow_history.h"
#include "analyzer/report/html/segment_series.h"
#include "analyzer/report/json/json_writer.h"

namespace tcpautopsy {

// One object. "segments": how many there were. "iss": by end, client first, the number on the wire of offset
// 0. The columns hold a number a point:
//   t  ns since the point before (the first: since the connection's first packet)
//   n  frame number, less that of the point before; f the same of the file, where there are several
//   k  bits: 1 the server sent it, 2 resent, 4 a probe, 8 late, 16 the window is in octets, 32 resent in
//      vain; from 64 on why it was resent: 1 timeout, 2 fast, 3 loss probe, 4 prompt, 0 not known
//   g  TCP flags
//   s  sequence number, less the end of the sender's point before
//   l  octets of payload
//   a  acknowledgment, less the sender's before; w window, less the sender's before
//   p  octets in flight, c congestion window estimated, at least (0: unknown), r round trip in ns (0: none)
// "sack": arrays of a point's number and its blocks' edges, less its acknowledgment.
void write_series(JsonWriter& out, const FlowHistory& history, const SegmentSeries& series);

}  // namespace tcpautopsy
