// Host findings do not depend on how a capture's flows were shared out and put together again.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/detector.h"
#include "analyzer/hosts/host_book.h"
#include "tests/support/conclude.h"
#include "tests/support/format.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

// More sources, steps and moments than are kept one by one, and a scanner, clients and weak numbers among
// them.
constexpr std::string_view kBusy = R"(
times 3000 every .003 from 10.64.0.0/10 {
+0    A > B  S   0:0(0)        <mss 1460,sackOK,wscale 7>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
}
meanwhile
times 1200 every .02 from 11.0.0.0/8 {
+0    A > B  S   0:0(0)        <mss 1460>
+.01  A < B  S.  0:0(0) ack 1  <mss 1460>
+1    A < B  S.  0:0(0) ack 1  <mss 1460>
}
meanwhile
times 300 every .1 isn A 64000 {
handshake <mss 1460,sackOK,TS,wscale 7>
+.1   A > B  F.  1:1(0) ack 1
+.01  A < B  F.  1:1(0) ack 2
+.01  A > B  .   2:2(0) ack 2
}
meanwhile
times 100 every .2 to ports {
+0    A > B  S   0:0(0)
+.01  A < B  R.  0:0(0) ack 1
}
meanwhile
times 100 every .2 isn A 0 to hosts {
+0    A > B  S   0:0(0)
}
end +70
)";

std::string text_of(const EvidenceValue& value) {
  return std::visit(
      [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::vector<std::int64_t>>)
          return fmt::format("[{}]", fmt::join(v, ","));
        else
          return fmt::format("{}", v);
      },
      value);
}

std::string text_of(const Finding& f) {
  std::string text = fmt::format("{} {} {} {} {} {} {} {}\n{}\n", f.id, name(f.severity), name(f.certainty),
                                 f.host ? to_string(*f.host) : "-", f.port ? *f.port : 0, f.time_ns, f.end_ns,
                                 f.count, f.summary);
  for (const FrameRef& frame : f.frames) text += fmt::format("{}@{} ", frame.number, frame.time_ns);
  text += fmt::format("{}\n{} flows {}\n", f.frames_left_out, f.flows, fmt::join(f.sample_flows, ","));
  for (const auto& [key, value] : f.evidence) text += fmt::format("{}={} ", key, text_of(value));
  return text + "\n";
}

struct Capture {
  ConcludeSettings settings;
  Conclusions conclusions;
};

Capture capture_of(const tap::Script& script) {
  const tap::Playback playback = tap::play(script, 0xfffffffe, 9293);
  Capture capture;
  capture.settings.profile = Profile::named(script.profile).value_or(Profile{});
  capture.settings.capture_end_ns = playback.capture_end_ns;
  capture.settings.services = script.services;
  capture.conclusions = conclude(playback.captured, capture.settings);
  return capture;
}

std::string findings_of(const HostBook& book, const ConcludeSettings& settings) {
  std::string text;
  for (const Finding& finding :
       examine_hosts({book, settings.thresholds, settings.profile, settings.capture_end_ns}))
    text += text_of(finding);
  return text;
}

void note(HostBook& book, const Concluded& flow) {
  book.note({flow.history.trace, flow.history, flow.history.transfer.get()});
}

// Shared out at random, each part in an order of its own, then any two put together until one is left.
HostBook shared_out(const std::vector<Concluded>& flows, std::mt19937& random) {
  std::vector<const Concluded*> order;
  for (const Concluded& flow : flows) order.push_back(&flow);
  std::shuffle(order.begin(), order.end(), random);
  const std::size_t parts = 1 + random() % 6;
  std::vector<std::unique_ptr<HostBook>> books;
  for (std::size_t i = 0; i < parts; ++i) books.push_back(std::make_unique<HostBook>());
  // Parts of very different size, some perhaps empty.
  for (const Concluded* flow : order) note(*books[std::min(random() % parts, random() % parts)], *flow);
  while (books.size() > 1) {
    std::swap(books[random() % books.size()], books.back());
    const auto last = std::move(books.back());
    books.pop_back();
    books[random() % books.size()]->merge(*last);
  }
  return std::move(*books.front());
}

void check_law(const Capture& capture, int rounds) {
  HostBook whole;
  for (const Concluded& flow : capture.conclusions.flows) note(whole, flow);
  const std::string expected = findings_of(whole, capture.settings);
  for (int round = 0; round < rounds; ++round) {
    std::mt19937 random(static_cast<std::mt19937::result_type>(round));
    INFO("round " << round);
    CHECK(findings_of(shared_out(capture.conclusions.flows, random), capture.settings) == expected);
  }
}

}  // namespace

TEST_CASE("every example of a host finding gives the same however its flows are shared out") {
  for (const Detector* detector : detectors()) {
    if (detector->examine_hosts == nullptr) continue;
    for (const Example& example : detector->examples) {
      INFO(detector->doc.id << ": " << example.title);
      check_law(capture_of(tap::parse_script(example.script)), 12);
    }
  }
}

// What is said of a host goes by what its book holds: not by which connections happened to be over when a
// flow was judged, which ServiceView depends on.
TEST_CASE("host findings do not depend on what single flows know of others") {
  for (const Detector* detector : detectors()) {
    if (detector->examine_hosts == nullptr) continue;
    for (const Example& example : detector->examples) {
      INFO(detector->doc.id << ": " << example.title);
      tap::Script script = tap::parse_script(example.script);
      std::string told[2];
      for (const std::uint64_t services : {0U, 1U}) {
        script.services = services;
        const Capture capture = capture_of(script);
        HostBook book;
        for (const Concluded& flow : capture.conclusions.flows) note(book, flow);
        told[services] = findings_of(book, capture.settings);
      }
      CHECK(told[0] == told[1]);
    }
  }
}

TEST_CASE("so does a capture with more of everything than is kept one by one") {
  const Capture capture = capture_of(tap::parse_script(kBusy));
  HostBook whole;
  for (const Concluded& flow : capture.conclusions.flows) note(whole, flow);
  const std::string all = findings_of(whole, capture.settings);
  for (const std::string_view id : {"syn_flood", "port_scan", "weak_isn"}) {
    INFO(all);
    CHECK(all.find(id) != std::string::npos);
  }
  check_law(capture, 12);
}

}  // namespace tcpautopsy
