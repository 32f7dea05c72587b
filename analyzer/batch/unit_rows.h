// Rows of connections, findings and incidents, made while a unit is read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/analysis/part_of.h"
#include "analyzer/batch/row_spool.h"
#include "analyzer/batch/unit.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/decode/encapsulation.h"
#include "analyzer/report/json/finding_lines.h"

namespace tcpautopsy::batch {

class UnitRows {
 public:
  // `files` may still be empty now.
  explicit UnitRows(const std::vector<std::string>& files) : files_(files) {}

  // Each flow of the capture, whoever makes its rows: incidents are of all of them.
  void note(const FlowResult& flow);
  // Makes the rows of the flow that was noted last.
  void add(const FlowResult& flow, const Encapsulation& encapsulation);
  // What is found of hosts and of the capture, and which findings of flows that explains. That, and the
  // incidents, become rows themselves only if `store_them`. Once; puts all rows into the result.
  void finish(const Findings& of_capture, bool store_them, UnitResult& result);

 private:
  void add_finding(const FindingView& view, const Origin& origin, std::size_t nth, const CauseTicket& ticket,
                   RowSpool& to);
  void settle_parts(const PartOf& parts);
  void put_finding(std::vector<Cell>& row, std::string_view part_of, RowSpool& to) const;
  void put_incidents(RowSpool& to) const;

  const std::vector<std::string>& files_;
  CauseBook causes_;
  std::span<const CauseTicket> tickets_;  // of the flow noted last
  RowSpool flows_, closed_, open_;        // findings of `open_` may prove part of another
  RowSpool candidates_;                   // what incidents need of all that may
  std::string scratch_;
};

}  // namespace tcpautopsy::batch
