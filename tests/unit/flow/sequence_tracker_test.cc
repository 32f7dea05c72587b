// The tracker of holes against one that remembers each octet.
#include "analyzer/flow/sequence_tracker.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "analyzer/flow/flow_index.h"

using namespace tcpautopsy;

namespace {

// Obviously right, and slow.
class EachOctet {
 public:
  explicit EachOctet(StreamOffset first) : low_(first), sent_max_(first) {}

  SequenceTracker::Added add(const SequenceSpan& span) {
    SequenceTracker::Added added;
    Standing& s = added.standing;
    s.after_gap = span.begin > sent_max_;
    s.keepalive = !span.fin && span.payload <= 1 && span.begin == sent_max_ - 1;
    bool old = false, fresh_below = false;
    for (StreamOffset n = span.begin; n < span.end(); ++n) {
      const bool fresh = seen_.insert(n).second;
      old = old || !fresh;
      fresh_below = fresh_below || (fresh && n < sent_max_);
      if (fresh && n < span.data_end()) ++added.new_bytes;
    }
    const bool occupies = span.end() > span.begin;
    s.fills_gap = fresh_below;
    s.retransmission = occupies && !fresh_below && span.end() <= sent_max_;
    if (occupies) sent_max_ = std::max(sent_max_, span.end());
    if (occupies) low_ = std::min(low_, span.begin);
    return added;
  }
  StreamOffset contiguous() const {
    StreamOffset n = low_;
    while (seen_.count(n) != 0) ++n;
    return n;
  }

 private:
  std::set<StreamOffset> seen_;
  StreamOffset low_, sent_max_;
};

}  // namespace

TEST_CASE("the tracker of holes tells what remembering each octet tells") {
  const auto seed = GENERATE(range(1U, 60U));
  std::mt19937 random(seed);
  const auto pick = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  SequenceTracker tracker;
  EachOctet reference(100);
  tracker.start(100);
  for (int i = 0; i < 60; ++i) {
    // All of it at or above the start, few enough that no hole is given up.
    SequenceSpan span{100 + static_cast<StreamOffset>(pick(300)), pick(5) == 0 ? 0 : 2 + pick(40), false,
                      pick(20) == 0};
    const auto told = tracker.add(span);
    const auto right = reference.add(span);
    CHECK(told.standing == right.standing);
    CHECK(told.new_bytes == right.new_bytes);
    CHECK(tracker.contiguous() == reference.contiguous());
  }
}

TEST_CASE("gaps beyond the bound are forgotten, which is counted unless they were acknowledged") {
  SequenceTracker tracker;
  tracker.start(0);
  const auto every_other = [&tracker](StreamOffset from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      tracker.add({from + 1 + 2 * static_cast<StreamOffset>(i), 1, false, false});
  };
  every_other(0, SequenceTracker::kMostHoles);
  CHECK(tracker.holes_given_up() == 0);
  every_other(2 * static_cast<StreamOffset>(SequenceTracker::kMostHoles), 3);
  CHECK(tracker.holes_given_up() == 3);
  CHECK(tracker.add({0, 1, false, false}).standing.retransmission);  // it fills the first, which is forgotten
  tracker.acknowledged(tracker.sent_max());
  every_other(tracker.sent_max(), 5);
  CHECK(tracker.holes_given_up() == 3);
}

TEST_CASE("the index finds what was put in and not taken out, as a list would") {
  std::mt19937 random(3);
  FlowIndex index;
  std::set<std::pair<std::uint64_t, std::uint32_t>> list;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const std::uint64_t hash = std::uint64_t{random() % 500} << 32;  // many alike
    if (random() % 3 != 0 || list.empty()) {
      index.insert(hash, i);
      list.insert({hash, i});
    } else {
      auto it = list.lower_bound({hash, 0});
      if (it == list.end()) it = list.begin();
      index.erase(it->first, it->second);
      list.erase(it);
    }
    if (list.size() > 400) {
      index.erase(list.begin()->first, list.begin()->second);
      list.erase(list.begin());
    }
  }
  for (const auto& [hash, flow] : list) {
    const auto wanted = flow;
    CHECK(index.find(hash, [wanted](std::uint32_t f) { return f == wanted; }) == wanted);
    CHECK(index.find(hash, [](std::uint32_t f) { return f == 1'000'000; }) == FlowIndex::kNone);
  }
}
