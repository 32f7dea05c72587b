#include "analyzer/report/ladder/picture.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/text/outcome_text.h"
#include "analyzer/report/text/time_text.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kLongest = 72;  // columns of a label

class Rows {
 public:
  explicit Rows(const FlowResult& flow) : flow_(flow), history_(flow.history) {}

  std::vector<PictureRow> all() {
    const Ladder ladder = make_ladder(flow_, false);
    for (const Rung& rung : ladder.rungs) add(rung);
    return std::move(rows_);
  }

 private:
  void add(const Rung& rung) {
    PictureRow row;
    row.since_ns = rung.time_ns - history_.trace.first.time_ns;
    switch (rung.kind) {
      case Rung::Kind::Segment: segment(rung, row); break;
      case Rung::Kind::Run: row.label = run_text(history_, rung); break;
      case Rung::Kind::Timer: row.label = timer_text(rung); break;
      case Rung::Kind::Icmp:
        row.frame = history_.trace.icmp[rung.icmp].frame.number;
        row.label = icmp_text(history_.trace.icmp[rung.icmp]);
        break;
    }
    for (const std::size_t side : {0U, 1U})
      if (!rung.moves[side].empty()) row.entered[side] = rung.moves[side].back();
    for (const Finding* finding : rung.findings) {
      if (std::find(introduced_.begin(), introduced_.end(), finding) != introduced_.end()) continue;
      introduced_.push_back(finding);
      row.findings.push_back(finding);
    }
    rows_.push_back(std::move(row));
  }

  void segment(const Rung& rung, PictureRow& row) {
    const SegmentRecord& r = history_.records()[rung.record];
    if (r.folded_packets > 0) {
      PictureRow before;
      before.since_ns = row.since_ns;
      before.label = left_out_text(history_, r);
      rows_.push_back(std::move(before));
    }
    row.frame = r.frame.number;
    row.label = segment_label(history_, rung.record, kLongest);
    row.from = r.side;
    if (rung.record >= history_.deliveries.size()) return;
    const Delivery& delivery = history_.deliveries[rung.record];
    row.fate = delivery.fate;
    if (delivery.proof < history_.records().size())
      row.proof = history_.records()[delivery.proof].frame.number;
  }

  const FlowResult& flow_;
  const FlowHistory& history_;
  std::vector<PictureRow> rows_;
  std::vector<const Finding*> introduced_;
};

}  // namespace

std::vector<PictureRow> picture_rows(const FlowResult& flow) { return Rows(flow).all(); }

std::string picture_title(const FlowResult& flow) {
  const FlowTrace& trace = flow.history.trace;
  const std::string client = to_string(trace.facts(flow.history.client()).address);
  if (trace.self_connection) return fmt::format("Flow {}: {} with itself", trace.number, client);
  return fmt::format("Flow {}: {} to {}", trace.number, client,
                     to_string(trace.facts(flow.history.server()).address));
}

std::string picture_subtitle(const FlowResult& flow, const Origin& origin) {
  const FlowHistory& h = flow.history;
  return fmt::format("{}, frames {} to {}, {}; {}", printable(origin.file(h.trace.first)),
                     h.trace.first.number, h.trace.last.number, readable_time(h.trace.first.time_ns),
                     outcome_text(h));
}

}  // namespace tcpautopsy
