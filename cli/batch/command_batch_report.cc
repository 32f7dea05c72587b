#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/batch/ndjson_export.h"
#include "analyzer/batch/report.h"
#include "cli/batch/batch_work.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

constexpr std::size_t kFileWidth = 100;

bool severe(const std::array<std::uint64_t, 4>& by_level, const Options& options) {
  if (!options.fail_on) return false;
  return by_level[3] + (*options.fail_on == Severity::Warning ? by_level[2] : 0) > 0;
}

bool alarming(std::string_view id, std::uint64_t count, const Options& options) {
  const auto& alerts = options.batch.alerts;
  return std::any_of(alerts.begin(), alerts.end(),
                     [&](const Alert& alert) { return alert.id == id && count > alert.most; });
}

// By the trend of the whole store; by what of it a run is judged by, if one is.
bool passes(const batch::Report& report, const Options& options, const batch::RunFaults* run) {
  const BatchOptions& b = options.batch;
  if (severe(run == nullptr ? report.by_level : run->by_level, options)) return true;
  if (run == nullptr) {
    for (const batch::FindingLine& line : report.findings)
      if (alarming(line.id, static_cast<std::uint64_t>(line.findings), options)) return true;
  } else {
    for (const auto& [of, count] : run->findings)
      if (alarming(of.first, count, options)) return true;
  }
  const bool fresh = report.changed.count(batch::Trend::Kind::New) != 0;
  const bool worse = report.changed.count(batch::Trend::Kind::Worse) != 0;
  return (fresh && (b.fail_on_new || b.fail_on_worse)) || (worse && b.fail_on_worse);
}

std::string in_words(batch::Database& store, const batch::Report& report, std::string_view format,
                     const TextStyle& style) {
  if (format == "html") return batch::report_html(store, report);
  if (format == "json") return batch::report_json(report);
  if (format == "markdown") return batch::report_markdown(report);
  return batch::report_text(report, style);
}

}  // namespace

void check_baseline(const Options& options) {
  const BatchOptions& b = options.batch;
  if (b.baseline.empty()) {
    if (b.fail_on_new || b.fail_on_worse)
      throw UsageError{"--fail-on-new and --fail-on-worse need a --baseline"};
    return;
  }
  batch::Database baseline(b.baseline, batch::Database::Access::Read);
  batch::check_version(baseline);
}

bool finish_batch(batch::Database& database, const Options& options, const batch::RunFaults* run) {
  const BatchOptions& b = options.batch;
  if (!b.ndjson.empty()) batch::export_ndjson(database, b.ndjson);
  const bool alerting = options.fail_on || !b.alerts.empty() || b.fail_on_new || b.fail_on_worse;
  if (b.report.empty() && !alerting) return false;
  const batch::Report report = batch::make_report(database, b.baseline, options.limit);
  if (!b.report.empty()) {
    Output out(b.report);
    const std::string_view name = b.report;
    const std::string_view format = name.ends_with(".json")   ? "json"
                                    : name.ends_with(".md")   ? "markdown"
                                    : name.ends_with(".html") ? "html"
                                                              : "text";
    const TextStyle style = b.report == "-" ? text_style(options, out) : TextStyle{kFileWidth, false};
    out.write(in_words(database, report, format, style));
    out.close();
  }
  return passes(report, options, run);
}

int run_batch_report(const Options& options) {
  if (options.files.size() != 1) throw UsageError{"one store is to be named"};
  check_baseline(options);
  batch::Database database(options.files.front(), batch::Database::Access::Read);
  batch::check_version(database);
  const batch::Report report = batch::make_report(database, options.batch.baseline, options.limit);
  Output out(options);
  out.write(in_words(database, report, options.format, text_style(options, out)));
  out.close();
  if (passes(report, options, nullptr)) return 3;
  return report.broken_files > 0 ? 1 : 0;
}

}  // namespace tcpautopsy::cli
