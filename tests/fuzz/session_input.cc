#include "session_input.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/capture/capture_source.h"
#include "analyzer/report/ladder/ladder.h"
#include "analyzer/report/summary/summary_report.h"
#include "memory_source.h"
#include "plugin/session.h"

namespace tcpautopsy::fuzz {
namespace {

using plugin::FoundParts;
using plugin::Session;
using plugin::Shown;

// Wireshark and its user: what is asked for, and when, hangs on the capture's octets alone.
class Window {
 public:
  explicit Window(Bytes file)
      : random_(static_cast<std::uint32_t>(file.size())),
        source_(CaptureSource::open("capture", std::make_unique<MemorySource>(file), "")),
        session_(plugin::Preferences(), {.ladders = one_in(2), .summary = one_in(2), .chosen = one_in(2)}) {
    for (const std::uint8_t octet : file.first(std::min<std::size_t>(file.size(), 128)))
      random_.discard(octet);
    if (one_in(4)) session_.measure_nothing();
  }

  std::size_t run() {
    for (Frame frame; source_->next(frame);) read(frame);
    session_.finish();
    session_.finish();
    const std::size_t shown = look_at_all();
    report();
    return shown;
  }

 private:
  struct Read {
    TimeNs time_ns = 0;
    FoundParts parts;
  };

  bool one_in(std::uint32_t many) { return random_() % many == 0; }

  // TCP within TCP is Wireshark's to find: here one frame's headers stand within the next one's.
  FoundParts parts_of(const Frame& frame) {
    FoundParts parts;
    const Decoded decoded = session_.decoder().decode(frame);
    if (const auto* segment = std::get_if<TcpSegment>(&decoded)) parts.segments = {*segment};
    if (const auto* error = std::get_if<IcmpError>(&decoded)) parts.error = *error;
    if (parts.segments.empty() || packets_.empty() || !one_in(32)) return parts;
    const auto& inner = packets_.back().parts.segments;
    parts.segments.insert(parts.segments.end(), inner.begin(), inner.end());
    return parts;
  }

  void read(const Frame& frame) {
    FoundParts parts = parts_of(frame);
    const bool looked_at = one_in(3);
    const auto number = static_cast<std::uint32_t>(frame.number);
    session_.feed(number, frame.time_ns, parts, looked_at);
    if (looked_at) check(session_.look(number, frame.time_ns));
    for (TcpSegment& segment : parts.segments) segment.payload = {};
    packets_.push_back({frame.time_ns, std::move(parts)});
    if (one_in(16)) look_back();
    if (one_in(64)) session_.keep_more({.ladders = one_in(2), .summary = one_in(2), .chosen = one_in(2)});
    if (one_in(64)) session_.flow_of(number);
  }

  void look_back() {
    const std::size_t at = random_() % packets_.size();
    const auto& shown =
        session_.look_back(static_cast<std::uint32_t>(at + 1), packets_[at].time_ns, packets_[at].parts);
    check(shown);
  }

  void check(const std::vector<Shown>& all) const {
    for (const Shown& shown : all) {
      promise(
          shown.provisional ? !session_.finished() : session_.book().flow(shown.view.flow->number) != nullptr,
          "what is shown is provisional until it is concluded");
      promise(!shown.sender || !shown.told, "a segment has a sender, an error somebody whom it tells");
      check(shown.view);
    }
  }

  void check(const PacketView& view) const {
    for (const Side side : {Side::A, Side::B}) {
      if (side == Side::B && view.flow->self_connection) continue;
      const TcpState after = view.after[index(side)];
      promise(after == TcpState::Unknown || view.possible[index(side)].has(after),
              "a state shown is possible");
      const auto last = std::find_if(view.changes.rbegin(), view.changes.rend(),
                                     [side](const PacketChange* change) { return change->side == side; });
      promise(last == view.changes.rend() || (*last)->to == after,
              "a state shown is the one that the packet changed to");
    }
    for (const Finding* finding : view.findings)
      for (const FrameRef& frame : finding->frames)
        promise(frame.number >= 1 && frame.number <= packets_.size() + 1,
                "a finding names packets of the capture");
  }

  std::size_t look_at_all() {
    std::size_t shown = 0;
    for (std::uint32_t number = 1; number <= packets_.size(); ++number) {
      const auto& all = session_.look(number, packets_[number - 1].time_ns);
      check(all);
      shown += !all.empty();
      for (const Shown& one : all) {
        promise(one.view.findings.empty() || session_.may_have_findings(number), "findings are announced");
        for (const Finding* finding : one.view.findings) session_.incident_of(*finding);
      }
    }
    return shown;
  }

  void report() {
    std::unordered_set<std::uint64_t> some;
    std::string told = first_screen(session_.summary(), {});
    for (const FlowCard* card : session_.book().flows()) {
      if (one_in(2)) some.insert(card->number);
      const FlowResult* const whole = session_.whole(card->number);
      if (whole != nullptr)
        told += ladder_text(*whole, session_.origin(card->encapsulation), {}, {.full = true});
    }
    told += summary_text(session_.summary_of(some), {});
    promise(!told.empty(), "a report says something");
  }

  std::minstd_rand random_;
  std::unique_ptr<CaptureSource> source_;
  Session session_;
  std::vector<Read> packets_;
};

}  // namespace

std::size_t session_input(Bytes file) { return Window(file).run(); }

}  // namespace tcpautopsy::fuzz
