#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tcpautopsy/tcpautopsy.h"

using namespace tcpautopsy;

namespace {

std::string sample(const std::string& name) {
  return TCPAUTOPSY_SOURCE_DIR "/samples/" + name + "/case.pcap";
}

Options of(const std::string& name) {
  Options options;
  options.captures = {sample(name)};
  return options;
}

Error::Kind kind_of(const Options& options) {
  try {
    Analysis(options).run();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("nothing was thrown");
  return {};
}

bool has(const Flow& flow, const std::string& id) {
  return std::any_of(flow.findings.begin(), flow.findings.end(),
                     [&](const Finding& f) { return f.id == id; });
}

class Lengths : public StreamReader {
 public:
  void data(const StreamFlow& flow, const StreamData& data) override {
    REQUIRE(data.offset == bytes[data.sender]);
    bytes[data.sender] += static_cast<std::int64_t>(data.bytes.size());
    number = flow.number;
  }
  void end(const StreamFlow&) override { ++ended; }

  std::array<std::int64_t, 2> bytes{};
  std::uint64_t number = 99;
  int ended = 0;
};

}  // namespace

TEST_CASE("a flow tells who, how much, and the history of both ends") {
  std::vector<Flow> flows;
  Analysis analysis(of("close_wait_stuck"));
  analysis.on_flow([&](const Flow& flow) { flows.push_back(flow); });
  const Result result = analysis.run();
  REQUIRE(flows.size() == 1);
  CHECK(result.flows == 1);
  CHECK(result.packets == 9);
  CHECK(result.problems.empty());
  const Flow& flow = flows[0];
  CHECK(flow.server.address == Address{"10.0.0.2", 80});
  CHECK(flow.end(Endpoint::Server).final == State::CloseWait);
  CHECK(flow.handshake == "complete");
  CHECK(has(flow, "close_wait_stuck"));
  REQUIRE(flow.history.size() == 7);
  const Transition& last_of_server = flow.history[5];
  CHECK(last_of_server.endpoint == Endpoint::Server);
  CHECK(last_of_server.to == State::CloseWait);
  CHECK(last_of_server.basis == Basis::Confirmed);
  CHECK(last_of_server.frame->number == 7);
  CHECK(last_of_server.proved_by->number == 8);
  CHECK(name(last_of_server.to) == "CLOSE-WAIT");
  REQUIRE(result.incidents.size() == 1);
  CHECK(result.incidents[0].cause == "close_wait_stuck");
  CHECK(result.incidents[0].where == "server_application");
}

TEST_CASE("options that cannot be are refused before anything is read") {
  Options options = of("refused");
  SECTION("no capture") { options.captures.clear(); }
  SECTION("a profile") { options.profile = "plan9"; }
  SECTION("a number of the profile") { options.profile_numbers["half_life"] = 1; }
  SECTION("one out of range") { options.profile_numbers["time_wait"] = -1; }
  SECTION("a threshold") { options.thresholds["close_wait_stuck.no_such"] = 1; }
  SECTION("one without a name") { options.thresholds["close_wait_stuck"] = 1; }
  SECTION("a limit") { options.limits["patience"] = 100; }
  SECTION("a limit out of range") { options.limits["records"] = 63; }
  SECTION("one that is no number") { options.thresholds["syn_flood.min_half_open"] = -1; }
  CHECK(kind_of(options) == Error::Kind::Option);
}

TEST_CASE("captures that cannot be read are told") {
  Options options;
  options.captures = {"/nowhere.pcap"};
  SECTION("none can") { CHECK(kind_of(options) == Error::Kind::Input); }
  SECTION("one of two") {
    options.captures.push_back(sample("refused"));
    const Result result = Analysis(options).run();
    CHECK(result.flows == 1);
    REQUIRE(result.problems.size() == 1);
    CHECK(result.problems[0].find("/nowhere.pcap") == 0);
  }
  SECTION("a filter that is none") {
    options = of("refused");
    options.filter = "no filter";
    CHECK(kind_of(options) == Error::Kind::Input);
  }
}

TEST_CASE("the profile's numbers count") {
  const auto final_of_client = [](std::int64_t time_wait_ns) {
    Options options = of("lost_final_ack");
    options.profile_numbers["time_wait"] = time_wait_ns;
    State final = State::Unknown;
    Analysis analysis(options);
    analysis.on_flow([&](const Flow& flow) { final = flow.client.final; });
    analysis.run();
    return final;
  };
  CHECK(final_of_client(60'000'000'000) == State::TimeWait);
  CHECK(final_of_client(1'000'000'000) == State::Closed);
}

// A pcap of raw IPv4: SYN, SYN-ACK and ACK of one address and port pair, again and again, each left open.
class Incarnations {
 public:
  explicit Incarnations(std::uint32_t count) {
    put32({0xa1b2c3d4, 0x00040002, 0, 0, 65535, 101});
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t client = 1000 + i * 0x1000000, server = 5000 + i * 0x1000000;
      segment(2 * i, true, client, 0, 0x02);
      segment(2 * i, false, server, client + 1, 0x12);
      segment(2 * i, true, client + 1, server + 1, 0x10);
    }
    std::ofstream(path_, std::ios::binary) << octets_;
  }
  ~Incarnations() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  void put32(std::initializer_list<std::uint32_t> words) {
    for (const std::uint32_t word : words) octets_.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  // In the network's order, by words of 16 bits.
  void segment(std::uint32_t second, bool of_client, std::uint32_t seq, std::uint32_t ack,
               std::uint16_t flags) {
    put32({second, ++packets_, 40, 40});
    const std::array<std::uint16_t, 4> ends = of_client ? std::array<std::uint16_t, 4>{0x0a00, 1, 0x0a00, 2}
                                                        : std::array<std::uint16_t, 4>{0x0a00, 2, 0x0a00, 1};
    const std::array<std::uint16_t, 2> ports =
        of_client ? std::array<std::uint16_t, 2>{40000, 80} : std::array<std::uint16_t, 2>{80, 40000};
    const auto high = [](std::uint32_t word) { return static_cast<std::uint16_t>(word >> 16); };
    const auto low = [](std::uint32_t word) { return static_cast<std::uint16_t>(word); };
    std::vector<std::uint16_t> words{0x4500, 40, 0, 0x4000, 0x4006, 0};
    words.insert(words.end(), ends.begin(), ends.end());
    const std::vector<std::uint16_t> tcp{ports[0],
                                         ports[1],
                                         high(seq),
                                         low(seq),
                                         high(ack),
                                         low(ack),
                                         static_cast<std::uint16_t>(0x5000 | flags),
                                         8192,
                                         0,
                                         0};
    std::uint32_t sum = 6 + 20;
    for (const std::uint16_t word : ends) sum += word;
    for (const std::uint16_t word : tcp) sum += word;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    words.insert(words.end(), tcp.begin(), tcp.end());
    words[18] = static_cast<std::uint16_t>(~sum);
    for (const std::uint16_t word : words) {
      octets_ += static_cast<char>(word >> 8);
      octets_ += static_cast<char>(word & 0xff);
    }
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() / "tcpautopsy_api_incarnations.pcap";
  std::string octets_;
  std::uint32_t packets_ = 0;
};

TEST_CASE("limits are kept to, and those that were met are told") {
  const Incarnations capture(10);
  Options options;
  options.captures = {capture.path()};
  CHECK(Analysis(options).run().limits_met.empty());
  options.limits = {{"incarnations", 2}, {"records", 64}, {"memory", std::uint64_t{1} << 40}};
  Analysis analysis(options);
  std::size_t early = 0;
  analysis.on_flow([&](const Flow& flow) { early += flow.ended_early; });
  const Result result = analysis.run();
  for (const LimitMet& limit : result.limits_met) {
    CHECK(options.limits.count(limit.name) == 1);
    CHECK(limit.text.find(std::to_string(limit.count) + " connections ") == 0);
    if (limit.name == "incarnations") CHECK(limit.count == early);
  }
  CHECK_FALSE(result.limits_met.empty());
}

TEST_CASE("detectors of one's own add to a flow's findings") {
  Analysis analysis(of("kernel_opening"));
  analysis.add_detector({"any_flow", [](const Flow&, std::vector<Finding>& findings) {
                           Finding finding;
                           finding.id = "another";
                           finding.flow = 4711;
                           findings.push_back(finding);
                         }});
  std::size_t found = 0;
  analysis.on_flow([&](const Flow& flow) {
    REQUIRE(has(flow, "any_flow"));
    CHECK(flow.findings.back().flow == flow.number);
    ++found;
  });
  CHECK(analysis.run().flows == found);
  CHECK(found == 11);
}

TEST_CASE("a detector's name is its own") {
  Analysis analysis(of("refused"));
  const auto examine = [](const Flow&, std::vector<Finding>&) {};
  analysis.add_detector({"mine", examine});
  CHECK_THROWS_AS(analysis.add_detector({"mine", examine}), Error);
  CHECK_THROWS_AS(analysis.add_detector({"zero_window", examine}), Error);
  CHECK_THROWS_AS(analysis.add_detector({"Not a word", examine}), Error);
  CHECK_THROWS_AS(analysis.add_detector({"", examine}), Error);
  CHECK_THROWS_AS(analysis.add_detector({"nothing", nullptr}), Error);
}

TEST_CASE("the bytes of a stream come in order, and end before the flow is told") {
  Lengths lengths;
  Analysis analysis(of("half_close"));
  analysis.set_stream_reader(&lengths);
  analysis.on_flow([&](const Flow&) { CHECK(lengths.ended == 1); });
  analysis.run();
  CHECK(lengths.bytes == std::array<std::int64_t, 2>{200, 3000});
  CHECK(lengths.number == 0);
}

TEST_CASE("what a callback throws ends the run") {
  Analysis analysis(of("refused"));
  analysis.on_flow([](const Flow&) { throw std::domain_error("enough"); });
  CHECK_THROWS_AS(analysis.run(), std::domain_error);
  CHECK_THROWS_AS(analysis.run(), std::logic_error);
}

TEST_CASE("captures of one run number their flows on") {
  Options options = of("refused");
  options.captures.push_back(sample("rst_abort"));
  std::vector<std::uint64_t> numbers;
  Analysis analysis(options);
  analysis.on_flow([&](const Flow& flow) { numbers.push_back(flow.number); });
  CHECK(analysis.run().flows == 2);
  CHECK(numbers == std::vector<std::uint64_t>{0, 1});
}
