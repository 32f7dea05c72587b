// Reassembly against a slow and obvious reference, and against what was sent, for transfers that suffer loss,
// reordering, duplication and overlap on the way and in the capture.
#include "analyzer/reassembly/reassembly.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tcpautopsy {
namespace {

constexpr int kGap = -1;

// One segment on its way from A to B, or an acknowledgment from B to A.
struct Event {
  bool ack_only = false;
  StreamOffset at = 0;               // data: its offset; ack: the next octet expected
  std::vector<std::uint8_t> octets;  // data
};

struct Scenario {
  std::uint32_t iss = 0;
  std::vector<std::uint8_t> stream;
  std::vector<Event> captured;
  bool syn = true;
};

struct Wildness {
  bool capture_loss = false, conflicts = false, mid_stream = false;
};

class Generator {
 public:
  Generator(unsigned seed, Wildness wild) : random_(seed), wild_(wild) {}

  Scenario make() {
    Scenario s;
    s.iss = chance(50) ? 0U - number(1, 4000) : static_cast<std::uint32_t>(random_());
    s.syn = !wild_.mid_stream;
    s.stream.resize(number(0, 5000));
    for (auto& octet : s.stream) octet = static_cast<std::uint8_t>(random_());
    send_all(s);
    receive(s);
    std::stable_sort(timed_.begin(), timed_.end(),
                     [](const Timed& a, const Timed& b) { return a.captured_at < b.captured_at; });
    for (Timed& t : timed_)
      if (t.captured) s.captured.push_back(std::move(t.event));
    return s;
  }

 private:
  struct Timed {
    double captured_at = 0, arrives_at = 0;
    bool captured = true, arrives = true;
    Event event;
  };

  unsigned number(unsigned from, unsigned to) {
    return std::uniform_int_distribution<unsigned>(from, to)(random_);
  }
  bool chance(unsigned percent) { return number(1, 100) <= percent; }

  void send(const Scenario& s, std::size_t from, std::size_t to, double when, bool sure) {
    Timed t;
    t.captured_at = when + (chance(20) ? number(0, 80) / 10.0 : 0);
    t.arrives_at = t.captured_at + 0.5 + (chance(20) ? number(0, 80) / 10.0 : 0);
    t.captured = !(wild_.capture_loss && chance(15));
    t.arrives = sure || !chance(15);
    t.event.at = static_cast<StreamOffset>(from);
    t.event.octets.assign(s.stream.begin() + static_cast<std::ptrdiff_t>(from),
                          s.stream.begin() + static_cast<std::ptrdiff_t>(to));
    if (wild_.conflicts && chance(20))
      t.event.octets[number(0, static_cast<unsigned>(to - from) - 1)] ^= 0x55;
    timed_.push_back(std::move(t));
  }
  void send_piece(const Scenario& s, std::size_t from, double when, bool sure) {
    send(s, from, std::min(s.stream.size(), from + number(1, 400)), when, sure);
  }
  void send_all(const Scenario& s) {
    double when = 1;
    for (std::size_t from = 0; from < s.stream.size(); ++when) {
      send_piece(s, from, when, false);
      from += timed_.back().event.octets.size();
      if (chance(25)) send_piece(s, number(0, static_cast<unsigned>(from) - 1), when + number(0, 20), false);
    }
    when += 30;
    for (std::size_t from = 0; from < s.stream.size(); ++when) {
      if (chance(10)) break;  // it may end unfinished
      send_piece(s, from, when, true);
      from += timed_.back().event.octets.size();
    }
  }
  // What B acknowledges of what reaches it.
  void receive(const Scenario& s) {
    std::vector<Timed*> arriving;
    for (Timed& t : timed_)
      if (t.arrives) arriving.push_back(&t);
    std::stable_sort(arriving.begin(), arriving.end(),
                     [](const Timed* a, const Timed* b) { return a->arrives_at < b->arrives_at; });
    std::vector<bool> has(s.stream.size());
    std::size_t next = 0;
    std::vector<Timed> acks;
    for (const Timed* t : arriving) {
      std::fill_n(has.begin() + t->event.at, t->event.octets.size(), true);
      while (next < has.size() && has[next]) ++next;
      if (chance(40)) continue;
      Timed ack;
      ack.captured_at = t->arrives_at + 0.1 + number(0, 10) / 10.0;
      ack.event.ack_only = true;
      ack.event.at = static_cast<StreamOffset>(next);
      acks.push_back(ack);
    }
    timed_.insert(timed_.end(), acks.begin(), acks.end());
  }

  std::mt19937 random_;
  Wildness wild_;
  std::vector<Timed> timed_;
};

// What was told, octet by octet, and whether it was told in order and without holes.
class Told : public StreamListener {
 public:
  void data(const StreamChunk& chunk) override {
    in_order = in_order && chunk.sender == Side::A && chunk.offset == next();
    octets.insert(octets.end(), chunk.octets.begin(), chunk.octets.end());
  }
  void gap(const StreamGap& gap) override {
    in_order = in_order && gap.offset == next();
    octets.insert(octets.end(), gap.length, kGap);
  }
  void conflict(const StreamConflict&) override { ++conflicts; }
  StreamOffset next() const { return static_cast<StreamOffset>(octets.size()); }

  std::vector<int> octets;
  bool in_order = true;
  std::size_t conflicts = 0;
};

// The same by the octet.
class Reference {
 public:
  Reference(Overlap overlap, StreamOffset start) : overlap_(overlap), next_(start) {}

  void take(const Event& event) {
    if (event.ack_only) {
      heard_ = true;
      acked_ = std::max(acked_, event.at);
    } else {
      for (std::size_t i = 0; i < event.octets.size(); ++i) {
        const StreamOffset at = event.at + static_cast<StreamOffset>(i);
        if (at < next_) continue;
        if (overlap_ == Overlap::Last || held_.count(at) == 0) held_[at] = event.octets[i];
      }
    }
    drain(false);
  }
  void finish() {
    if (!heard_) acked_ = held_.empty() ? 0 : held_.rbegin()->first + 1;
    drain(overlap_ == Overlap::Last);
    if (!heard_) return;
    if (acked_ > next_ + 1)
      while (next_ < acked_) tell(kGap);
  }
  std::vector<int> told;

 private:
  void tell(int octet) {
    told.push_back(octet);
    held_.erase(next_++);
  }
  void drain(bool all) {
    while (!held_.empty()) {
      const StreamOffset first = held_.begin()->first;
      if (first == next_ && (all || overlap_ == Overlap::First || acked_ > next_)) {
        tell(held_.begin()->second);
      } else if (first > next_ && acked_ >= first) {
        tell(kGap);
      } else {
        return;
      }
    }
  }

  Overlap overlap_;
  StreamOffset next_, acked_ = 0;
  bool heard_ = false;
  std::map<StreamOffset, std::uint8_t> held_;
};

const EndpointAddress kA{{}, 40000}, kB{{}, 80};

TcpSegment from_a(const Scenario& s, StreamOffset at, Bytes payload) {
  TcpSegment segment;
  segment.source = kA;
  segment.destination = kB;
  segment.seq = Seq(s.iss + 1) + static_cast<std::uint32_t>(at);
  segment.ack = Seq(500);
  segment.flags = kAck | kPsh;
  segment.payload = payload;
  segment.payload_length = static_cast<std::uint32_t>(payload.size());
  return segment;
}

TcpSegment from_b(const Scenario& s, StreamOffset ack) {
  TcpSegment segment;
  segment.source = kB;
  segment.destination = kA;
  segment.seq = Seq(500);
  segment.ack = Seq(s.iss + 1) + static_cast<std::uint32_t>(ack);
  segment.flags = kAck;
  return segment;
}

struct Player {
  Player(const Scenario& s, const ReassemblyOptions& options) : scenario(s), reassembly(options, told) {
    if (!s.syn) return;
    TcpSegment syn = from_a(s, -1, {});
    syn.flags = kSyn;
    reassembly.add(syn, frame(), Side::A);
  }
  void play(const Event& event) {
    if (event.ack_only) {
      reassembly.add(from_b(scenario, event.at), frame(), Side::B);
    } else {
      reassembly.add(from_a(scenario, event.at, event.octets), frame(), Side::A);
    }
  }
  FrameRef frame() { return {0, ++frames, 0}; }

  const Scenario& scenario;
  std::uint64_t frames = 0;
  Told told;
  StreamReassembly reassembly;
};

void check_against_reference(unsigned seed, Wildness wild, Overlap overlap) {
  INFO("seed " << seed);
  Scenario s = Generator(seed, wild).make();
  StreamOffset start = 0;
  if (wild.mid_stream) {
    const auto first =
        std::find_if(s.captured.begin(), s.captured.end(), [](const Event& e) { return !e.ack_only; });
    if (first == s.captured.end()) return;
    std::rotate(s.captured.begin(), first, first + 1);
    start = s.captured.front().at;
  }
  ReassemblyOptions options;
  options.overlap = overlap;
  Player player(s, options);
  Reference reference(overlap, start);
  for (const Event& event : s.captured) {
    player.play(event);
    reference.take(event);
    REQUIRE(player.told.octets.size() == reference.told.size());
  }
  player.reassembly.finish();
  reference.finish();
  REQUIRE(player.told.in_order);
  REQUIRE(player.told.octets == reference.told);
  REQUIRE(player.reassembly.held() == 0);
  if (wild.conflicts) return;
  REQUIRE(player.told.conflicts == 0);
  for (std::size_t i = 0; i < reference.told.size(); ++i)
    if (reference.told[i] != kGap)
      REQUIRE(reference.told[i] == s.stream[static_cast<std::size_t>(start) + i]);
}

constexpr unsigned kRuns = 1500;

}  // namespace

TEST_CASE("what is reassembled is what was sent") {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    check_against_reference(seed, {}, Overlap::First);
    check_against_reference(seed, {}, Overlap::Last);
  }
}

TEST_CASE("what the capture missed is a gap and nothing else is") {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    check_against_reference(seed, {.capture_loss = true}, Overlap::First);
    check_against_reference(seed, {.capture_loss = true}, Overlap::Last);
  }
}

TEST_CASE("a stream that begins in the middle") {
  for (unsigned seed = 0; seed < kRuns; ++seed)
    check_against_reference(seed, {.capture_loss = true, .mid_stream = true}, Overlap::First);
}

TEST_CASE("contradicting segments are decided octet by octet") {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    check_against_reference(seed, {.capture_loss = true, .conflicts = true}, Overlap::First);
    check_against_reference(seed, {.capture_loss = true, .conflicts = true}, Overlap::Last);
  }
}

TEST_CASE("what is held is bounded, and what is given up is told") {
  for (unsigned seed = 0; seed < kRuns; ++seed) {
    INFO("seed " << seed);
    const Scenario s = Generator(seed, {.capture_loss = true}).make();
    ReassemblyOptions options;
    options.most_held = 1000;
    Player player(s, options);
    for (const Event& event : s.captured) {
      player.play(event);
      REQUIRE(player.reassembly.held() <= options.most_held);
    }
    player.reassembly.finish();
    REQUIRE(player.told.in_order);
    REQUIRE(player.told.octets.size() <= s.stream.size());
    for (std::size_t i = 0; i < player.told.octets.size(); ++i)
      if (player.told.octets[i] != kGap) REQUIRE(player.told.octets[i] == s.stream[i]);
  }
}

}  // namespace tcpautopsy
