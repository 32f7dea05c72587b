#include <algorithm>
#include <optional>

#include "analyzer/report/sockets/socket_counts.h"
#include "analyzer/report/sockets/socket_table.h"
#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/line_sink.h"

namespace tcpautopsy::cli {
namespace {

// More moments than this nobody reads: a step that is too short, or a capture with times years apart.
constexpr TimeNs kMostMoments = 1'000'000;

std::vector<std::string> columns(const Options& options) {
  std::vector<std::string> header = socket_table_header();
  if (options.watch) header.insert(header.begin(), "TIME");
  return header;
}

std::vector<std::size_t> flush_right(const Options& options) {
  return options.watch ? std::vector<std::size_t>{4, 6} : std::vector<std::size_t>{3, 5};
}

// How known, since when, the moment, the peer.
std::vector<std::size_t> spare(const Options& options) {
  return options.watch ? std::vector<std::size_t>{5, 4, 0, 3} : std::vector<std::size_t>{4, 3, 2};
}

class SocketListing {
 public:
  explicit SocketListing(const Options& options) : options_(options) {
    if (options.count) return;
    sink_.emplace(options, columns(options), flush_right(options), spare(options));
    if (options.format == "csv") sink_->header(socket_csv_header());
  }

  void add(const FlowHistory& history, const FlowContext& context);
  void end_capture(TimeNs start, TimeNs end);
  void finish();
  std::uint64_t unknown_left_out() const { return unknown_left_out_; }
  bool moments_left_out() const { return moments_left_out_; }

 private:
  // An endpoint of a flow that was over before the capture was, in its last state.
  struct Lasting {
    SocketRow row;
    TimeNs next_ns = 0;  // first moment not yet told
  };

  bool at_end() const { return options_.at && options_.at->kind == TimeSpec::Kind::End; }
  TimeNs first_moment(TimeNs capture_start) const;
  TimeNs last_moment(TimeNs first, TimeNs end) const;
  void add_through(const FlowHistory& history, const FlowContext& context);
  void keep_lasting(const FlowHistory& history, TimeNs next_ns);
  bool ran_out(const SocketRow& row, const FlowHistory& history, TimeNs at) const;
  void put_rows(const FlowHistory& history, TimeNs at);
  void put_row(const SocketRow& row, TimeNs at);

  const Options& options_;
  std::optional<LineSink> sink_;
  SocketCounts counts_;
  std::vector<Lasting> lasting_;
  std::string scratch_;
  std::uint64_t unknown_left_out_ = 0;
  bool moments_left_out_ = false;
};

TimeNs SocketListing::first_moment(TimeNs capture_start) const {
  return options_.at ? options_.at->resolve(capture_start, 0) : capture_start;
}

TimeNs SocketListing::last_moment(TimeNs first, TimeNs end) const {
  const TimeNs step = *options_.watch;
  return (end - first) / step < kMostMoments ? end : first + (kMostMoments - 1) * step;
}

void SocketListing::add(const FlowHistory& history, const FlowContext& context) {
  if (options_.watch) return add_through(history, context);
  if (!at_end()) {
    const TimeNs at = first_moment(context.capture_start);
    if (at >= context.capture_start) put_rows(history, at);
    return;
  }
  if (context.capture_end) return put_rows(history, *context.capture_end);
  keep_lasting(history, history.capture_end_ns);
}

void SocketListing::add_through(const FlowHistory& history, const FlowContext& context) {
  const TimeNs step = *options_.watch, from = first_moment(context.capture_start);
  const TimeNs last = last_moment(from, history.capture_end_ns);
  // Endpoints of one that began outside the capture are there from its start.
  const TimeNs begin =
      history.handshake == Handshake::None ? context.capture_start : history.trace.first.time_ns;
  TimeNs at = from;
  if (begin > at) at += (begin - at + step - 1) / step * step;
  const TimeNs changed = history.transitions.empty() ? last : history.transitions.back().at_ns;
  bool over = false;
  for (; at <= last && !over; at += step) {
    put_rows(history, at);
    over = at >= changed && history.outcome(Side::A).final == TcpState::Closed &&
           history.outcome(Side::B).final == TcpState::Closed && !options_.states.wants(TcpState::Closed);
  }
  if (!over && !context.capture_end) keep_lasting(history, at);
}

void SocketListing::keep_lasting(const FlowHistory& history, TimeNs next_ns) {
  for (SocketRow& row : sockets_at(history, history.capture_end_ns))
    if (options_.states.wants(row.state) || row.state == TcpState::Unknown)
      lasting_.push_back({std::move(row), next_ns});
}

void SocketListing::end_capture(TimeNs start, TimeNs end) {
  const TimeNs first = at_end() ? end : first_moment(start);
  if (!options_.watch) {
    if (options_.count) counts_.add(first);
    for (const Lasting& one : lasting_) put_row(one.row, end);
  } else {
    const TimeNs last = last_moment(first, end);
    moments_left_out_ = moments_left_out_ || last < end;
    for (const Lasting& one : lasting_)
      for (TimeNs at = one.next_ns; at <= last; at += *options_.watch) put_row(one.row, at);
  }
  lasting_.clear();
}

// States are known to the capture's end; what is over by the profile some time after it is not told then.
bool SocketListing::ran_out(const SocketRow& row, const FlowHistory& history, TimeNs at) const {
  return at > history.capture_end_ns && row.state == TcpState::TimeWait &&
         at - history.trace.last.time_ns >= options_.profile.time_wait;
}

void SocketListing::put_rows(const FlowHistory& history, TimeNs at) {
  for (const SocketRow& row : sockets_at(history, at))
    if (!ran_out(row, history, at)) put_row(row, at);
}

void SocketListing::put_row(const SocketRow& row, TimeNs at) {
  if (!options_.states.wants(row.state)) {
    unknown_left_out_ += row.state == TcpState::Unknown;
    return;
  }
  if (options_.count) return counts_.add(at, row);
  std::string key;
  // Times before 1970 too.
  if (options_.watch)
    key = SortedSpool::number_key(static_cast<std::uint64_t>(at) ^ (std::uint64_t{1} << 63));
  key += SortedSpool::number_key(row.flow);
  put(
      *sink_, options_.format, key, scratch_, [&](std::string& out) { append_socket_json(out, row, at); },
      [&](std::string& out) { append_socket_csv(out, row, at); },
      [&] {
        auto cells = socket_table_row(row, at);
        if (options_.watch) cells.insert(cells.begin(), readable_time(at));
        return cells;
      });
}

void SocketListing::finish() {
  if (sink_) return sink_->finish();
  Output out(options_);
  if (options_.format == "ndjson")
    out.write(counts_.ndjson());
  else if (options_.format == "csv")
    out.write(counts_.csv());
  else
    out.write(counts_.text(in_full(text_style(options_, out))));
  out.close();
}

void note_limits(const Options& options, const CaptureRun& capture, const SocketListing& listing,
                 std::optional<TimeNs> first, std::optional<TimeNs> start) {
  if (options.quiet || capture.flows() == 0) return;
  if (first && start && *first < *start) say("note: the capture begins after that time");
  if (first && *first > capture.capture_end_ns() && !options.watch)
    say("note: the capture ends before that time; states are as at its end (--capture-end moves it)");
  if (first && *first > capture.capture_end_ns() && options.watch)
    say("note: the capture ends before that time (--capture-end moves it)");
  if (listing.unknown_left_out() > 0)
    say("note: endpoints whose state is UNKNOWN were left out: they may be in the states asked for (--state "
        "unknown)");
  if (listing.moments_left_out()) say("note: only the first million of moments is told");
}

}  // namespace

int run_ss(const Options& options) {
  if (!options.at && !options.watch)
    throw UsageError{
        "ss needs --at TIME (2024-05-01T10:00:00Z, epoch seconds, +SECONDS, -10m before the end, or end) or "
        "--watch "
        "SECONDS"};
  if (options.watch && options.at && options.at->kind == TimeSpec::Kind::End)
    throw UsageError{"--watch needs a time to begin at, and nothing follows the end"};
  CaptureRun capture(options);
  SocketListing listing(options);
  std::optional<TimeNs> first, earliest;
  Handlers handlers;
  handlers.flow = [&](const FlowResult& flow, const FlowContext& context) {
    listing.add(flow.history, context);
  };
  handlers.capture = [&](const CaptureOverview& overview, TimeNs start) {
    if (options.at && options.at->kind != TimeSpec::Kind::End) first = options.at->resolve(start, 0);
    earliest = std::min(earliest.value_or(start), start);
    listing.end_capture(start, overview.end_ns);
  };
  capture.run(handlers);
  if (capture.read_something()) listing.finish();
  note_limits(options, capture, listing, first, earliest);
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli
