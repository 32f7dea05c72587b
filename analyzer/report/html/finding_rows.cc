#include "analyzer/report/html/finding_rows.h"

#include <algorithm>
#include <tuple>

#include "analyzer/report/summary/summary_words.h"

namespace tcpautopsy {

std::size_t FindingRows::kind_of(std::string_view id) {
  const auto [found, fresh] = numbers_.try_emplace(id, kinds_.size());
  if (fresh) kinds_.push_back({id, 0, PartOf::possible(id)});
  return found->second;
}

void FindingRows::add(const Finding& finding, std::string_view endpoint, const CauseTicket& ticket) {
  Row row;
  row.kind = kind_of(finding.id);
  row.severity = finding.severity;
  row.certainty = finding.certainty;
  row.flow = finding.flow;
  row.time_ns = finding.time_ns;
  row.endpoint = endpoint;
  row.ticket = ticket;
  Kind& kind = kinds_[row.kind];
  if (kind.told < sentences_ || !finding.flow) {
    ++kind.told;
    row.summary = finding.summary;
  }
  row.settled = !kind.may_be_part || !finding.flow;
  rows_.push_back(std::move(row));
  if (rows_.size() >= 2 * most_) shrink();
}

void FindingRows::shrink() {
  if (rows_.size() <= most_) return;
  const auto rank = [](const Row& row) {
    return std::tuple(-static_cast<int>(row.severity), row.summary.empty(), row.time_ns);
  };
  std::nth_element(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(most_), rows_.end(),
                   [&](const Row& a, const Row& b) { return rank(a) < rank(b); });
  left_out_ += rows_.size() - most_;
  rows_.resize(most_);
}

void FindingRows::settle(const PartOf& parts, FlowRows& flows) {
  for (Row& row : rows_) {
    if (row.settled) continue;
    row.settled = true;
    const FlowPlace* place = parts.empty() ? nullptr : flows.place(*row.flow);
    if (place != nullptr && !parts.of(kinds_[row.kind].id, *place).empty()) row.severity = Severity::Info;
  }
}

void FindingRows::write(JsonWriter& w, const CauseBook& causes) {
  shrink();
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tuple(-static_cast<int>(a.severity), a.time_ns, a.flow, a.kind) <
           std::tuple(-static_cast<int>(b.severity), b.time_ns, b.flow, b.kind);
  });
  TimeNs base_us = 0;
  if (!rows_.empty())
    base_us = std::min_element(rows_.begin(), rows_.end(),
                               [](const Row& a, const Row& b) { return a.time_ns < b.time_ns; })
                  ->time_ns /
              1000;
  const auto column = [&](std::string_view name, auto value) { w.column(name, rows_, value); };
  w.begin_object();
  w.field("left_out", left_out_);
  w.field("base_us", base_us);
  w.objects("kinds", kinds_, [&w](const Kind& kind) {
    w.field("id", kind.id);
    w.field("title", title_of(kind.id));
  });
  column("kind", [](const Row& row) { return row.kind; });
  column("severity", [](const Row& row) { return static_cast<unsigned>(row.severity); });
  column("certainty", [](const Row& row) { return static_cast<unsigned>(row.certainty); });
  column("flow", [](const Row& row) { return row.flow ? static_cast<std::int64_t>(*row.flow) : -1; });
  column("time_us", [&](const Row& row) { return row.time_ns / 1000 - base_us; });
  column("endpoint", [](const Row& row) {
    return row.endpoint.empty() ? 0 : row.endpoint == "client" ? 1 : 2;
  });
  column("incident", [&](const Row& row) {
    const auto number = causes.number_of(row.ticket);
    return number ? static_cast<std::int64_t>(*number) : -1;
  });
  column("summary", [](const Row& row) -> std::string_view { return row.summary; });
  w.end_object();
}

}  // namespace tcpautopsy
