#include "analyzer/report/socket_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "analyzer/report/csv_writer.h"
#include "analyzer/report/json_writer.h"
#include "analyzer/report/names.h"
#include "analyzer/report/time_text.h"

namespace tcpautopsy {
namespace {

struct Word {
  std::string_view word;
  StateSet states;
};

constexpr StateSet kAll{TcpState::Closed,      TcpState::Listen,   TcpState::SynSent,  TcpState::SynReceived,
                        TcpState::Established, TcpState::FinWait1, TcpState::FinWait2, TcpState::CloseWait,
                        TcpState::Closing,     TcpState::LastAck,  TcpState::TimeWait};
constexpr StateSet kBucket{TcpState::SynReceived, TcpState::TimeWait};
constexpr StateSet kConnected = kSynchronized | StateSet{TcpState::SynSent, TcpState::SynReceived};
// ss(8): big is what bucket is not; synchronized is connected without syn-sent.
constexpr StateSet kBig{TcpState::Listen,   TcpState::SynSent,  TcpState::Established,
                        TcpState::FinWait1, TcpState::FinWait2, TcpState::CloseWait,
                        TcpState::Closing,  TcpState::LastAck,  TcpState::Closed};

constexpr std::array kWords{
    Word{"all", kAll},
    Word{"connected", kConnected},
    Word{"synchronized", kSynchronized | StateSet{TcpState::SynReceived}},
    Word{"bucket", kBucket},
    Word{"big", kBig},
    Word{"established", {TcpState::Established}},
    Word{"syn-sent", {TcpState::SynSent}},
    Word{"syn-recv", {TcpState::SynReceived}},
    Word{"syn-received", {TcpState::SynReceived}},
    Word{"fin-wait-1", {TcpState::FinWait1}},
    Word{"fin-wait-2", {TcpState::FinWait2}},
    Word{"time-wait", {TcpState::TimeWait}},
    Word{"close-wait", {TcpState::CloseWait}},
    Word{"last-ack", {TcpState::LastAck}},
    Word{"closing", {TcpState::Closing}},
    Word{"listen", {TcpState::Listen}},
    Word{"listening", {TcpState::Listen}},
    Word{"closed", {TcpState::Closed}},
    Word{"unknown", {}},
};

SocketRow row_at(const FlowHistory& history, Side side, TimeNs at) {
  const FlowTrace& trace = history.trace;
  SocketRow row;
  row.flow = trace.number;
  row.endpoint = endpoint_name(trace, side);
  row.local = trace.facts(side).address;
  row.peer = trace.self_connection ? row.local : trace.facts(other(side)).address;
  bool settled = false;
  for (const Transition& change : history.transitions) {
    if (change.side != side) continue;
    if (change.at_ns > at) {
      if (!settled) row.state = change.from;
      return row;
    }
    settled = true;
    row.state = change.to;
    row.since = change.at_ns;
    row.basis = change.basis;
    row.frame = change.frame;
    row.possible.clear();
    if (!change.possible.single()) change.possible.each([&](TcpState s) { row.possible.push_back(s); });
  }
  // After the last change the outcome speaks: it also knows what later silence leaves open.
  if (!settled) row.state = history.outcome(side).final;
  if (at >= history.capture_end_ns) row.possible = history.outcome(side).final_possible;
  return row;
}

template <class W>
void write_end(W& w, std::string_view key, const EndpointAddress& end) {
  w.key(key);
  w.begin_object();
  w.word_field("ip", to_string(end.ip));
  w.field("port", end.port);
  w.end_object();
}

template <class W>
void write_row(W& w, const SocketRow& row, TimeNs at) {
  w.begin_object();
  w.field("schema", 1);
  w.field("at_ns", at);
  w.word_field("state", name(row.state));
  w.key("possible");
  w.begin_array();
  for (const TcpState state : row.possible) w.word(name(state));
  w.end_array();
  write_end(w, "local", row.local);
  write_end(w, "peer", row.peer);
  w.key("since");
  if (row.since)
    w.word(rfc3339(*row.since));
  else
    w.null();
  w.field("since_ns", row.since);
  w.key("basis");
  if (row.basis)
    w.word(name(*row.basis));
  else
    w.null();
  w.field("flow", row.flow);
  w.word_field("endpoint", row.endpoint);
  w.field("frame", row.frame ? std::optional(row.frame->number) : std::nullopt);
  w.end_object();
}

}  // namespace

const std::vector<std::string_view>& StateFilter::words() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> words;
    words.reserve(std::size(kWords));
    for (const Word& word : kWords) words.push_back(word.word);
    return words;
  }();
  return all;
}

bool StateFilter::add(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.word == lower; });
  if (found == kWords.end()) return false;
  if (!given_) {
    states_ = {};
    unknown_ = false;
    given_ = true;
  }
  states_ = states_ | found->states;
  if (lower == "unknown" || lower == "all") unknown_ = true;
  return true;
}

std::vector<SocketRow> sockets_at(const FlowHistory& history, TimeNs at) {
  if (at < history.trace.first.time_ns) return {};
  std::vector<SocketRow> rows{row_at(history, history.client(), at)};
  if (!history.trace.self_connection) rows.push_back(row_at(history, history.server(), at));
  return rows;
}

void append_socket_json(std::string& out, const SocketRow& row, TimeNs at) {
  JsonWriter writer(out);
  write_row(writer, row, at);
}

void append_socket_csv(std::string& out, const SocketRow& row, TimeNs at) {
  CsvWriter writer(out, CsvWriter::Line::Values);
  write_row(writer, row, at);
}

std::string socket_csv_header() {
  std::string out;
  CsvWriter writer(out, CsvWriter::Line::Header);
  write_row(writer, SocketRow{}, 0);
  return out;
}

std::vector<std::string> socket_table_header() {
  return {"STATE", "LOCAL ADDRESS:PORT", "PEER ADDRESS:PORT", "FOR", "BASIS", "FLOW"};
}

std::vector<std::string> socket_table_row(const SocketRow& row, TimeNs at) {
  std::string state(name(row.state));
  for (const TcpState s : row.possible)
    if (s != row.state) state.append("|").append(name(s));
  return {std::move(state),
          to_string(row.local),
          to_string(row.peer),
          row.since ? readable_span(at - *row.since) : "-",
          row.basis ? std::string(name(*row.basis)) : "-",
          std::to_string(row.flow)};
}

void SocketCounts::add(const SocketRow& row) { ++hosts_[row.local.ip][row.state]; }

std::string SocketCounts::text(const TextStyle& style) const {
  std::set<TcpState> met;
  for (const auto& [host, states] : hosts_)
    for (const auto& [state, count] : states) met.insert(state);
  std::vector<std::string> header{"HOST", "TOTAL"};
  std::vector<std::size_t> right{1};
  for (const TcpState state : met) {
    right.push_back(header.size());
    header.emplace_back(name(state));
  }
  Table table(std::move(header), std::move(right));
  for (const auto& [host, states] : hosts_) {
    std::uint64_t total = 0;
    for (const auto& [state, count] : states) total += count;
    std::vector<std::string> row{to_string(host), grouped(total)};
    for (const TcpState state : met) row.push_back(states.count(state) ? grouped(states.at(state)) : "-");
    table.add(std::move(row));
  }
  return table.text(style);
}

std::string SocketCounts::ndjson(TimeNs at) const {
  std::string out;
  for (const auto& [host, states] : hosts_) {
    JsonWriter w(out);
    w.begin_object();
    w.field("schema", 1);
    w.field("at_ns", at);
    w.field("host", to_string(host));
    w.key("count");
    w.begin_object();
    for (const auto& [state, count] : states) w.field(name(state), count);
    w.end_object();
    w.end_object();
    out += '\n';
  }
  return out;
}

std::string SocketCounts::csv() const {
  std::string out = "host,state,count\n";
  for (const auto& [host, states] : hosts_)
    for (const auto& [state, count] : states)
      out += fmt::format("{},{},{}\n", to_string(host), name(state), count);
  return out;
}

}  // namespace tcpautopsy
