// One connection as a ladder: what each end sent between the states both were in. `tcpautopsy history`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/report/text/names.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {

// One rung. States are shown where they change; a rung without segment is a timer's or an ICMP error's.
struct Rung {
  enum class Kind : std::uint8_t { Segment, Run, Timer, Icmp };
  Kind kind = Kind::Segment;
  TimeNs time_ns = 0;
  RecordIndex record = kNoRecord;                 // Segment: it; Run: its first
  RecordIndex last = kNoRecord;                   // Run: its last
  std::size_t icmp = 0;                           // Icmp: into FlowTrace::icmp
  PerSide<std::vector<const Transition*>> moves;  // changes of state that belong here, in order
  std::vector<const Finding*> findings;           // those that name this frame (for a run: any of its frames)
};

// What a run of plain data and acknowledgments carried, by sender.
struct RunTotals {
  PerSide<std::uint64_t> segments{}, octets{};
};

struct Ladder {
  std::vector<Rung> rungs;
};

// `flow` must outlive the ladder. With `full` no run is folded.
Ladder make_ladder(const FlowResult& flow, bool full);
RunTotals totals(const FlowHistory& history, const Rung& run);

// What is told beside the heading, where the time went, transitions, findings and the legend.
struct LadderChoice {
  bool full = false;   // every segment, no run folded
  bool turns = false;  // all turns that are held, not only the first few
};
std::string ladder_text(const FlowResult& flow, const Origin& origin, const TextStyle& style,
                        const LadderChoice& choice);

// The ladder as a drawing that stands alone, and as a sequence diagram of Mermaid, for documents and tickets.
std::string ladder_svg(const FlowResult& flow, const Origin& origin);
std::string ladder_mermaid(const FlowResult& flow, const Origin& origin);

// One object: the flow's line of contract.md under "flow", its "segments", findings in full.
std::string ladder_json(const FlowResult& flow, const Origin& origin);

// "SYN+ACK 0:0(0) ack 1 win 65160 mss 1460": seq and ack relative, the window in octets, "win 502?" where its
// scale is not known.
enum class Detail : std::uint8_t { Whole, NoWindow, NoNumbers };
std::string segment_text(const FlowHistory& history, RecordIndex record, Detail detail = Detail::Whole);
// The same with what stands out about it ("[resent]"), which stays where there is little room.
std::string segment_label(const FlowHistory& history, RecordIndex record, std::size_t room);
// "STATE+", "(STATE)?": the state entered, marked by how it is known; the ladder's legend explains the marks.
std::string entered_text(const Transition& change);
// "... 3 segments ->; 3, 3.4 kB <- ...": a run; the same of segments that the record stands for beside
// itself.
std::string run_text(const FlowHistory& history, const Rung& run);
std::string left_out_text(const FlowHistory& history, const SegmentRecord& record);
std::string timer_text(const Rung& timer);  // why it changed a state
std::string elapsed_text(TimeNs since_ns);  // "0.035119": seconds
// "resent", "fills a gap", ...: what stands out about it.
std::string remarks_text(const FlowHistory& history, RecordIndex record);
// Octets the segment advertises; none while the scale is not known (RFC 7323 2.2).
std::optional<std::uint64_t> advertised_window(const FlowHistory& history, const SegmentRecord& record);
// "destination unreachable: port (type 3 code 3)" and so on.
std::string icmp_text(const IcmpRecord& icmp);

}  // namespace tcpautopsy
