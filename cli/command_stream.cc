#include <fmt/format.h>

#include <optional>

#include "cli/capture_run.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/stream_writer.h"

namespace tcpautopsy::cli {
namespace {

// contract.md's client, as far as the segments so far tell it.
class ClientChoice {
 public:
  void note(const TcpSegment& segment, Side sender) {
    if (!any_) {
      addresses_[index(sender)] = segment.source;
      addresses_[index(other(sender))] = segment.destination;
      any_ = true;
    }
    if (!segment.has(kSyn) || segment.has(kRst)) return;
    std::optional<Side>& first = segment.has(kAck) ? syn_ack_ : syn_;
    if (!first) first = sender;
  }
  Side client() const {
    if (syn_) return *syn_;
    if (syn_ack_) return addresses_[0] == addresses_[1] ? Side::A : other(*syn_ack_);
    return addresses_[0].port >= addresses_[1].port ? Side::A : Side::B;
  }
  const PerSide<EndpointAddress>& addresses() const { return addresses_; }

 private:
  bool any_ = false;
  PerSide<EndpointAddress> addresses_;
  std::optional<Side> syn_, syn_ack_;
};

// The one connection that is told.
class FollowedFlow : public StreamListener {
 public:
  FollowedFlow(const Options& options, StreamWriter& writer)
      : options_(options), writer_(writer), reassembly_(options.reassembly, *this) {}

  void add(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
    if (!found_) {
      names_.flow = flow;
      names_.first = frame;
      names_.files = options_.files;
    }
    found_ = true;
    client_.note(segment, sender);
    reassembly_.add(segment, frame, sender);
  }
  void finish() {
    reassembly_.finish();
    begin();
    for (const Side sender : {names_.client, other(names_.client)}) {
      const bool exists = names_.addresses[0] != names_.addresses[1] || sender == names_.client;
      if (exists && wanted(sender)) writer_.end(names_, sender, reassembly_.summary(sender));
    }
  }
  bool found() const { return found_; }
  // What the whole connection tells may differ where its SYN was captured after data.
  void compare_client(const FlowTrace& trace) const {
    if (begun_ && trace.client != names_.client)
      say("note: client and server are the other way round: what tells them came after the first data");
  }

  void data(const StreamChunk& chunk) override {
    if (wants(chunk.sender)) writer_.data(names_, chunk);
  }
  void gap(const StreamGap& gap) override {
    if (wants(gap.sender)) writer_.gap(names_, gap);
  }
  void conflict(const StreamConflict& conflict) override {
    if (wants(conflict.sender)) writer_.conflict(names_, conflict);
  }

 private:
  void begin() {
    if (begun_) return;
    begun_ = true;
    names_.client = client_.client();
    names_.addresses = client_.addresses();
    writer_.begin(names_);
  }
  bool wants(Side sender) {
    begin();
    return wanted(sender);
  }
  bool wanted(Side sender) const {
    const bool client = sender == names_.client;
    return options_.direction == Direction::Both || client == (options_.direction == Direction::Client);
  }

  const Options& options_;
  StreamWriter& writer_;
  StreamReassembly reassembly_;
  ClientChoice client_;
  StreamNames names_;
  bool found_ = false, begun_ = false;
};

}  // namespace

int run_stream(const Options& options) {
  if (!options.selection.names_flows())
    throw UsageError{"stream needs --flow N; `tcpautopsy flows FILE` lists them"};
  Output out(options.output);
  if (options.format == "raw" && options.output.empty() && out.terminal())
    throw UsageError{"raw bytes can upset a terminal: give -o FILE (-o - for the terminal all the same)"};
  const auto writer = stream_writer(options.format, out, text_style(options, out), options.quiet);
  FollowedFlow followed(options, *writer);
  CaptureRun capture(options);
  Handlers handlers;
  handlers.segment = [&](std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
    if (options.selection.wants_number(flow)) followed.add(flow, sender, segment, frame);
  };
  handlers.flow = [&](const FlowResult& flow, const FlowContext&) {
    followed.compare_client(flow.history.trace);
  };
  capture.run(handlers);
  if (!followed.found()) {
    if (capture.read_something()) say(no_such_flow(capture.flows()));
    return capture.nothing_found();
  }
  followed.finish();
  out.close();
  return capture.exit_status();
}

}  // namespace tcpautopsy::cli
