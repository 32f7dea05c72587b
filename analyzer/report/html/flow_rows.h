// The rows of a page's table of connections, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/analysis/part_of.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/summary/where_time_went.h"

namespace tcpautopsy {

class FlowRows {
 public:
  // Of more than `most` connections those with the gravest findings are kept, then the largest.
  explicit FlowRows(std::size_t most) : most_(most) {}

  void add(const FlowResult& flow);
  // Of the connection, as long as its row is kept; null if it is not.
  const FlowPlace* place(std::uint64_t flow);
  // One object: "left_out", "base_us", the dictionaries "hosts", "handshakes", "closes", "states", "causes",
  // and a column each (contract.md, "The page").
  void write(JsonWriter& out);

 private:
  struct Row {
    std::uint64_t number = 0;
    FlowPlace place;
    TimeNs last_ns = 0;
    std::array<std::uint64_t, 2> packets{}, octets{};  // client, server
    std::uint64_t resent = 0;
    std::string_view close;
    std::array<TcpState, 2> final{TcpState::Unknown, TcpState::Unknown};
    Handshake handshake = Handshake::None;
    std::optional<TimeCause> cause;  // of most of its time
    Severity worst = Severity::Info;

    bool before(const Row& other) const;
  };

  void shrink();
  void sort();

  std::size_t most_;
  std::uint64_t left_out_ = 0;
  std::vector<Row> rows_;
  bool sorted_ = false;
};

}  // namespace tcpautopsy
