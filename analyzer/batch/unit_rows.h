// Rows of connections and findings, made while a unit is read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/batch/row_spool.h"
#include "analyzer/decode/encapsulation.h"
#include "analyzer/report/json/finding_lines.h"

namespace tcpautopsy::batch {

class UnitRows {
 public:
  // `files` may still be empty now.
  explicit UnitRows(const std::vector<std::string>& files) : files_(files) {}

  void add(const FlowResult& flow, const Encapsulation& encapsulation);
  // What is found of hosts and of the capture, and which findings of flows that explains.
  // Findings of hosts and of the capture become rows themselves only if `store_them`.
  void finish(const Findings& of_capture, bool store_them, RowSpool& flows, RowSpool& findings);

 private:
  void add_finding(const FindingView& view, const Origin& origin, std::size_t nth, RowSpool& to);

  const std::vector<std::string>& files_;
  RowSpool flows_, closed_, open_;  // findings of `open_` may prove part of another
  std::string scratch_;
};

}  // namespace tcpautopsy::batch
