#include "analyzer/report/html/flow_detail.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analyzer/report/html/series_json.h"
#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/json/flow_lines.h"
#include "analyzer/report/ladder/picture.h"
#include "analyzer/report/summary/summary_words.h"
#include "analyzer/report/summary/where_time_went.h"
#include "analyzer/report/text/display_filter.h"

namespace tcpautopsy {
namespace {

class DetailWriter {
 public:
  DetailWriter(std::string& out, const FlowResult& flow, const Origin& origin)
      : w_(out), flow_(flow), history_(flow.history), origin_(origin) {}

  void write(const SegmentSeries* series, std::size_t most_rows) {
    w_.begin_object();
    heading();
    times();
    w_.objects("findings", flow_.findings, [&](const Finding& finding) { write(finding); });
    ladder(most_rows);
    w_.key("series");
    if (series == nullptr || history_.trace.self_connection)
      w_.null();
    else
      write_series(w_, history_, *series);
    w_.end_object();
  }

 private:
  template <class F>
  void each_end(std::string_view key, F value) {
    w_.key(key);
    w_.begin_array();
    w_.value(value(history_.client()));
    if (!history_.trace.self_connection) w_.value(value(history_.server()));
    w_.end_array();
  }

  void heading() {
    w_.field("number", history_.trace.number);
    w_.field("title", picture_title(flow_));
    w_.field("subtitle", picture_subtitle(flow_, origin_));
    w_.field("filter", flow_filter(history_.trace));
    w_.field("begun_us", history_.trace.first.time_ns / 1000);
    each_end("ends", [&](Side side) { return to_string(history_.trace.facts(side).address); });
    each_end("states", [&](Side side) { return name(history_.before(0, side)); });
    each_end("final", [&](Side side) { return final_text(history_, side); });
  }

  void times() {
    const auto shares = where_time_went(history_);
    w_.key("time");
    w_.begin_array();
    for (std::size_t i = 0; shares && i < kTimeCauses; ++i) {
      const auto cause = static_cast<TimeCause>(i);
      if (shares->of(cause) <= 0) continue;
      w_.begin_array();
      w_.value(words(cause));
      w_.value(shares->of(cause));
      w_.end_array();
    }
    w_.end_array();
  }

  void write(const Finding& finding) {
    w_.field("id", finding.id);
    w_.field("title", title_of(finding.id));
    w_.word_field("severity", name(finding.severity));
    w_.word_field("certainty", name(finding.certainty));
    w_.field("endpoint", finding_endpoint({finding, &history_.trace}));
    w_.field("summary", finding.summary);
    w_.field("filter", finding_filter(finding, &history_.trace));
    w_.key("frames");
    w_.begin_array();
    for (const FrameRef& frame : shown_frames(finding.frames)) w_.value(frame.number);
    w_.end_array();
  }

  void ladder(std::size_t most_rows) {
    const std::vector<PictureRow> rows = picture_rows(flow_);
    const std::size_t head = most_rows * 2 / 3, tail = most_rows - head;
    std::size_t left_out = 0;
    const auto gap = [&] {
      if (left_out == 0) return;
      w_.begin_array();
      w_.value(0);
      w_.null();
      w_.value(fmt::format("{} left out", plural(left_out, "row", "rows")));
      w_.end_array();
      left_out = 0;
    };
    w_.key("rows");
    w_.begin_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const PictureRow& row = rows[i];
      const bool matters = row.entered[0] != nullptr || row.entered[1] != nullptr || !row.findings.empty();
      if (i >= head && i + tail < rows.size() && !matters) {
        ++left_out;
        continue;
      }
      gap();
      write(row);
    }
    w_.end_array();
  }

  // Frame, ns since the start, label; by whom (0 client, 1 server, null for none), fate (0 not known, 1
  // received, 2 lost), the frame that proves it; what client and server entered; findings by their places.
  void write(const PictureRow& row) {
    w_.begin_array();
    w_.value(row.frame);
    w_.value(row.since_ns);
    w_.value(row.label);
    w_.value(row.from ? std::optional(*row.from == history_.client() ? 0 : 1) : std::nullopt);
    w_.value(static_cast<unsigned>(row.fate));
    w_.value(row.proof);
    entered(row.entered[index(history_.client())]);
    entered(history_.trace.self_connection ? nullptr : row.entered[index(history_.server())]);
    w_.begin_array();
    for (const Finding* finding : row.findings) w_.value(finding - flow_.findings.data());
    w_.end_array();
    w_.end_array();
  }

  // The state with its marks, how it is known, what it rests on.
  void entered(const Transition* change) {
    if (change == nullptr) return w_.null();
    w_.begin_array();
    w_.value(entered_text(*change));
    w_.word(name(change->basis));
    w_.value(fmt::format("{} (RFC {}){}", change->cause, change->rfc,
                         change->proof ? fmt::format(", proved by frame {}", change->proof->number) : ""));
    w_.end_array();
  }

  JsonWriter w_;
  const FlowResult& flow_;
  const FlowHistory& history_;
  const Origin& origin_;
};

}  // namespace

std::string flow_detail(const FlowResult& flow, const Origin& origin, const SegmentSeries* series,
                        std::size_t most_rows) {
  std::string out;
  DetailWriter(out, flow, origin).write(series, most_rows);
  return out;
}

}  // namespace tcpautopsy
