// Histories of ends that looked alike to the passes: worked out once, after that only times are filled in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/observation.h"
#include "analyzer/infer/quiet_middle.h"
#include "analyzer/infer/trellis.h"

namespace tcpautopsy {

// All that the passes go by, in few words: what each segment says, which were there when the end sent its
// own, and what its timers say at the end. Ends of which that is the same have the same history but for times
// and frames. How long its quiet middle is, and how its segments crossed there, makes no difference. Of plain
// connections only: no RST, ICMP error, unseen FIN or other sign of a loss of the capture. Exact: what is
// told is what Trellis and trace_back() told of the first. Bounded.
class KnownCourses {
 public:
  // Reads an end; false where it is not plain. The other calls are about the end read last.
  bool read(const FlowTrace& trace, const Observations& observations, Side side);
  // Tells of it what is known of one like it, as trace_back() does. False: there was none, and nothing was
  // told.
  bool tell(const Observations& observations, TimeNs end_ns, FlowHistory& history);
  // What trace_back() has just told of it: `before_end`, and the transitions from `first` on.
  void keep(const Trellis& trellis, const FlowHistory& history, std::size_t first,
            std::optional<TcpState> before_end);
  std::uint64_t told() const { return told_; }  // how often tell() did

 private:
  using Endings = std::array<Ending, kStateCount>;
  // How what is still to come weighs: of each state at the end, staying and leaving.
  using EndCosts = std::array<std::array<Cost, 2>, kStateCount>;
  // With one set of costs at the end. Its records are numbered as in read_.
  struct Course {
    EndCosts costs;
    std::vector<Transition> transitions;  // without times and frames; a timer's has no record
    std::vector<Belief> beliefs;          // those of this end
    std::vector<Delivery> deliveries;     // of the peer's segments, as elsewhere the default
    EndpointOutcome outcome;              // without `give_up`
    std::optional<TcpState> before_end;   // whose Ending the end of the history is
  };
  struct Known {
    std::vector<std::uint64_t> key;
    StateSet last;  // states left by the last step
    std::vector<Course> courses;
  };
  static constexpr std::size_t kMostRecords = 48, kMostKnown = 2048, kMostCourses = 8, kSeen = 16384;

  // Of each record no more than it says, its costs, what is under way and what came late; and an end of two.
  template <class T, std::size_t kMost>
  struct Few {
    std::array<T, kMost> all;
    std::size_t count = 0;

    void push_back(const T& one) { all[count++] = one; }
    bool empty() const { return count == 0; }
    std::size_t size() const { return count; }
    void clear() { count = 0; }
    const T& operator[](std::size_t i) const { return all[i]; }
    T* begin() { return all.data(); }
    T* end() { return all.data() + count; }
    const T* begin() const { return all.data(); }
    const T* end() const { return all.data() + count; }
  };
  using Key = Few<std::uint64_t, 4 * kMostRecords + 3>;

  void arrive(const Observations& observations, TimeNs now_ns);
  void pending(const FlowTrace& trace, const Observations& observations, std::size_t before, TimeNs now_ns);
  void late(const FlowTrace& trace, const Observations& observations, TimeNs now_ns);
  void tell_record(const FlowTrace& trace, const Observations& observations, std::size_t record);
  void pass_middle(const FlowTrace& trace, const Observations& observations);
  bool tells(const Observations& observations, std::size_t record) const;
  RecordIndex place_of(RecordIndex record) const;
  bool alike_in_middle(const FlowHistory& history) const;
  bool seen_before();
  bool is_key(const Known& known) const;
  static EndCosts costs_at_end(StateSet last, const Endings& endings);
  TimeNs estimate(TimeNs passed_ns, const SegmentRecord& record, std::int64_t half) const;
  void fill_in(const Course& course, const Endings& endings, FlowHistory& history) const;

  Side side_ = Side::A;
  TimeNs rtt_ns_ = 0;
  Key key_;
  std::uint64_t hash_ = 0;
  QuietMiddle middle_;
  bool past_middle_ = false;  // where it is being read
  std::size_t left_out_ = 0;  // the peer's segments that came in the middle
  Few<std::size_t, kMostRecords>
      read_;  // records but those of the middle, except what was under way at its end
  Few<TrellisBuilder::Due, kMostRecords> due_;
  std::size_t next_due_ = 0;
  Few<std::size_t, kMostRecords> late_;
  Endings endings_;  // those of states that are asked for
  std::uint64_t told_ = 0;
  std::unordered_map<std::uint64_t, Known> known_;
  std::array<std::uint32_t, kSeen> seen_{};  // of keys met once
};

}  // namespace tcpautopsy
