#include <fmt/format.h>

#include "analyzer/report/json/finding_lines.h"
#include "analyzer/report/text/explain.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace tcpautopsy::cli {
namespace {

std::vector<const Detector*> wanted(const std::vector<std::string>& ids) {
  std::vector<const Detector*> out;
  for (const std::string& id : ids) {
    out.push_back(find_detector(id));
    if (out.back() != nullptr) continue;
    const auto near = near_matches(id, detectors());
    throw UsageError{fmt::format("there is no finding '{}'", id) +
                     (near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", ")))};
  }
  return out;
}

}  // namespace

int run_explain(const Options& options) {
  const auto chosen = wanted(options.files);
  Output out(options);
  const TextStyle style = text_style(options, out);
  if (chosen.empty() && options.format == "text") out.write(explain_list(detectors(), style));
  bool first = true;
  for (const Detector* detector : chosen.empty() && options.format != "text" ? detectors() : chosen) {
    if (!first && options.format != "ndjson") out.write("\n");
    first = false;
    if (options.format == "markdown")
      out.write(explain_markdown(*detector, options.thresholds, options.examples));
    else if (options.format == "ndjson")
      out.line(explain_json(*detector, options.thresholds));
    else
      out.write(explain_text(*detector, options.thresholds, style, options.examples));
  }
  out.close();
  return 0;
}

}  // namespace tcpautopsy::cli
