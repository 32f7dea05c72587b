// What is shown beside a packet does not contradict itself.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "analyzer/analysis/analysis.h"
#include "analyzer/capture/capture_source.h"
#include "analyzer/report/ladder/packet_book.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

const std::filesystem::path kRoot(TCPAUTOPSY_SOURCE_DIR);
constexpr std::uint32_t kSeed = 9293;

// The state after the packet is possible, and the one that the packet changed to.
void check_packet(const PacketView& view) {
  for (const Side side : {Side::A, Side::B}) {
    if (side == Side::B && view.flow->self_connection) continue;
    const TcpState after = view.after[index(side)];
    INFO(name(after) << " of " << to_string(view.possible[index(side)]));
    CHECK((after == TcpState::Unknown || view.possible[index(side)].has(after)));
    const auto last = std::find_if(view.changes.rbegin(), view.changes.rend(),
                                   [side](const PacketChange* change) { return change->side == side; });
    if (last == view.changes.rend()) continue;
    CHECK((*last)->to == after);
    CHECK(view.known_by[index(side)] == *last);
  }
}

// analyzer/docs/contract.md: frames of an endpoint's transitions do not go backwards.
void check_order(const FlowHistory& history) {
  PerSide<std::uint64_t> latest{};
  for (const Transition& t : history.transitions) {
    if (!t.frame) continue;
    INFO(name(t.from) << " > " << name(t.to));
    CHECK(t.frame->number >= latest[index(t.side)]);
    latest[index(t.side)] = t.frame->number;
  }
}

void check_flow(const FlowResult& flow) {
  check_order(flow.history);
  PacketBook book;
  book.add(flow);
  const FlowCard& card = *book.flow(flow.history.trace.number);
  for (const SegmentRecord& record : flow.history.records()) {
    INFO("flow " << card.number << " frame " << record.frame.number);
    check_packet(book.look(card, static_cast<std::uint32_t>(record.frame.number), record.frame.time_ns));
  }
  for (const IcmpRecord& error : flow.history.trace.icmp) {
    INFO("flow " << card.number << " frame " << error.frame.number << ", an ICMP error");
    const PacketView view =
        book.look(card, static_cast<std::uint32_t>(error.frame.number), error.frame.time_ns);
    check_packet(view);
    REQUIRE(view.error != nullptr);
    CHECK(view.error->quoted == error.quoted);
  }
}

AnalysisOptions all_packets(const Profile& profile) {
  AnalysisOptions options;
  options.profile = profile;
  options.keep_all = [](std::uint64_t) { return true; };
  return options;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("no packet of a script contradicts itself") {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / "tests" / "scripts")) {
    if (entry.path().extension() != ".tap") continue;
    DYNAMIC_SECTION(std::filesystem::relative(entry.path(), kRoot).string()) {
      const tap::Script script = tap::parse_script(read(entry.path()));
      Analysis analysis(all_packets(Profile::named(script.profile).value()), check_flow);
      for (const Captured& captured : tap::play(script, 0xfffffffe, kSeed).captured) {
        if (const auto* segment = std::get_if<TcpSegment>(&captured.what))
          analysis.add(*segment, captured.frame);
        else
          analysis.add(std::get<IcmpError>(captured.what), captured.frame);
      }
      analysis.finish();
    }
  }
}

TEST_CASE("no packet of a sample contradicts itself") {
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "samples")) {
    const std::filesystem::path capture = entry.path() / "case.pcap";
    if (!std::filesystem::exists(capture)) continue;
    DYNAMIC_SECTION(entry.path().filename().string()) {
      Analysis analysis(all_packets(Profile()), check_flow);
      const auto source = CaptureSource::open(capture);
      for (Frame frame; source->next(frame);) analysis.add(frame, 0);
      analysis.finish();
    }
  }
}

}  // namespace tcpautopsy
