// The rows of a page's list of findings, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/analysis/part_of.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/html/flow_rows.h"
#include "analyzer/report/json/json_writer.h"

namespace tcpautopsy {

class FindingRows {
 public:
  // Of more than `most` findings the gravest are kept, then the earliest; of each kind `sentences` are told
  // in their own words.
  FindingRows(std::size_t most, std::size_t sentences) : most_(most), sentences_(sentences) {}

  // `endpoint`: "client", "server", or empty.
  void add(const Finding& finding, std::string_view endpoint, const CauseTicket& ticket);
  // What of those added since the last call is part of what was found of hosts counts as info.
  void settle(const PartOf& parts, FlowRows& flows);
  // One object: "left_out", "base_us", "kinds" (id and title), and a column each (contract.md).
  void write(JsonWriter& out, const CauseBook& causes);

 private:
  struct Row {
    std::size_t kind = 0;  // into kinds_
    Severity severity = Severity::Info;
    Certainty certainty = Certainty::Certain;
    std::optional<std::uint64_t> flow;
    TimeNs time_ns = 0;
    std::string_view endpoint;
    CauseTicket ticket;
    std::string summary;
    bool settled = false;
  };
  struct Kind {
    std::string_view id;
    std::size_t told = 0;
    bool may_be_part = false;
  };

  std::size_t kind_of(std::string_view id);
  void shrink();

  std::size_t most_, sentences_;
  std::uint64_t left_out_ = 0;
  std::vector<Row> rows_;
  std::vector<Kind> kinds_;
  std::map<std::string_view, std::size_t> numbers_;
};

}  // namespace tcpautopsy
