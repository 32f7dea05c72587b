#include "analyzer/report/sockets/socket_table.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "analyzer/report/json/csv_writer.h"
#include "analyzer/report/json/json_writer.h"
#include "analyzer/report/text/names.h"
#include "analyzer/report/text/text.h"
#include "analyzer/report/text/time_text.h"

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
    Word{"estab", {TcpState::Established}},
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
    Word{"close", {TcpState::Closed}},
    Word{"unconnected", {TcpState::Closed}},
    Word{"unconn", {TcpState::Closed}},
    Word{"unknown", {}},
};

const Word* find_word(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.word == lower; });
  return found == kWords.end() ? nullptr : &*found;
}

bool holds_unknown(const Word& word) { return word.states.empty() || word.states == kAll; }

// No SYN was captured, and what came first left the state open.
bool began_outside(const FlowHistory& history, Side side) {
  if (history.handshake != Handshake::None) return false;
  for (const Transition& change : history.transitions)
    if (change.side == side) return change.from == TcpState::Unknown;
  return history.outcome(side).final == TcpState::Unknown;
}

// Of an endpoint whose state is UNKNOWN: what it may be, by the segments so far.
std::vector<TcpState> possible_then(const FlowHistory& history, Side side, TimeNs at) {
  StateSet possible;
  const auto& records = history.trace.records;
  for (std::size_t i = 0; i < records.size() && records[i].frame.time_ns <= at; ++i)
    possible = history.beliefs[i].live[index(side)];
  std::vector<TcpState> states;
  if (!possible.single()) possible.each([&](TcpState s) { states.push_back(s); });
  return states;
}

SocketRow row_at(const FlowHistory& history, Side side, TimeNs at) {
  const FlowTrace& trace = history.trace;
  SocketRow row;
  row.flow = trace.number;
  row.endpoint = endpoint_name(trace, side);
  row.local = trace.facts(side).address;
  row.peer = trace.self_connection ? row.local : trace.facts(other(side)).address;
  bool changed = false;
  for (const Transition& change : history.transitions) {
    if (change.side != side) continue;
    if (change.at_ns > at) {
      if (!changed) row.state = change.from;
      if (row.state == TcpState::Unknown) row.possible = possible_then(history, side, at);
      return row;
    }
    changed = true;
    row.state = change.to;
    row.since = change.at_ns;
    row.basis = change.basis;
    row.frame = change.frame;
    row.possible.clear();
    if (!change.possible.single()) change.possible.each([&](TcpState s) { row.possible.push_back(s); });
  }
  // After the last change the outcome speaks: it also knows what later silence leaves open.
  if (!changed) row.state = history.outcome(side).final;
  if (at >= history.capture_end_ns)
    row.possible = history.outcome(side).final_possible;
  else if (row.state == TcpState::Unknown)
    row.possible = possible_then(history, side, at);
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
  w.word_field("at", rfc3339(at));
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

bool StateFilter::add(std::string_view text) {
  const Word* word = find_word(text);
  if (word == nullptr) return false;
  if (!given_) {
    states_ = {};
    unknown_ = false;
    given_ = true;
  }
  states_ = states_ | word->states;
  unknown_ = unknown_ || holds_unknown(*word);
  return true;
}

bool StateFilter::remove(std::string_view text) {
  const Word* word = find_word(text);
  if (word == nullptr) return false;
  given_ = true;
  word->states.each([this](TcpState s) { states_.remove(s); });
  unknown_ = unknown_ && !holds_unknown(*word);
  return true;
}

std::vector<SocketRow> sockets_at(const FlowHistory& history, TimeNs at) {
  const FlowTrace& trace = history.trace;
  std::vector<SocketRow> rows;
  for (const Side side : {history.client(), history.server()}) {
    const bool second = side != history.client();
    if (second && trace.self_connection) break;
    if (at >= trace.first.time_ns || began_outside(history, side)) rows.push_back(row_at(history, side, at));
  }
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
  std::string state(name(row.state)), others;
  for (const TcpState s : row.possible)
    if (s != row.state) others.append(others.empty() ? "" : "|").append(name(s));
  if (!others.empty()) state += row.state == TcpState::Unknown ? " (" + others + ')' : '|' + others;
  return {std::move(state),
          to_string(row.local),
          to_string(row.peer),
          row.since ? readable_span(at - *row.since) : "-",
          row.basis ? std::string(name(*row.basis)) : "-",
          std::to_string(row.flow)};
}

}  // namespace tcpautopsy
