#include "analyzer/infer/answers.h"

#include <algorithm>

#include "analyzer/infer/flow_history.h"
#include "analyzer/infer/record_search.h"
#include "analyzer/infer/silence.h"
#include "analyzer/seq/saturating.h"
#include "analyzer/transfer/transfer_results.h"

namespace tcpautopsy {
namespace {

// findings.md's threshold.
constexpr TimeNs kLate = 3 * kSecond;
// Longer, two captures were joined, or nobody waits any more.
constexpr TimeNs kLongest = 24 * 3600 * kSecond;
// Who pauses so long within a turn sends what comes up and waits for no answer: a log, a feed.
constexpr TimeNs kFeed = kSecond;
// Turns this much smaller than the first of their end are seldom requests: window updates and
// acknowledgments of protocols above TCP. The nearer bound is for what only silence tells.
// ChangeCipherSpec, 6 octets, and an encrypted Finished of TLS 1.2 or 1.3, with the longest usual hash and
// IV.
constexpr std::uint64_t kChangeAndFinished = 128;
constexpr std::uint64_t kSmallBeforeAnswer = 8, kSmallBeforeSilence = 6;
constexpr std::uint16_t kFirstClientPort = 32768;

bool is_small(const TurnResults& turns, const Turn& turn, std::uint64_t share) {
  for (const Turn& earlier : turns.first)
    if (earlier.side == turn.side)
      return earlier.first.time_ns != turn.first.time_ns && turn.bytes * share < earlier.bytes;
  return false;
}

// Which end asks: the client, but in the middle of a connection the ports must tell.
bool surely_client(const FlowHistory& h, Side side) {
  if (side != h.client()) return false;
  if (h.trace.facts(Side::A).syn_seen || h.trace.facts(Side::B).syn_seen) return true;
  return h.trace.facts(side).address.port >= kFirstClientPort &&
         h.trace.facts(other(side)).address.port < kFirstClientPort;
}

// The server spoke first and has never heard of the client.
bool greets(const FlowHistory& h, const TurnResults& turns, Side side) {
  return side == h.server() && h.trace.facts(side).syn_seen && turns.turns[index(side)] == 1 &&
         turns.turns[index(other(side))] == 0;
}

// It had asked alike, and been answered each time soon and before it asked again, until these: polls, and no
// feed.
bool polls_in_vain(const TurnResults& turns, const Turn& request) {
  constexpr std::uint64_t kAnsweredBefore = 4;
  constexpr TimeNs kSoon = 4;
  const std::size_t asker = index(request.side), peer = index(other(request.side));
  const LogSketch &sizes = turns.write_sizes[asker], &waits = turns.waits[peer];
  return request.writes > 1 && turns.several_writes[asker] == 1 && sizes.least() == sizes.greatest() &&
         waits.count() >= kAnsweredBefore && mul_sat(waits.greatest(), kSoon) < request.pause_ns &&
         !turns.own_pace[asker] && !turns.own_pace[peer];
}

struct End {
  WaitedUntil until = WaitedUntil::CaptureEnd;
  SegmentRef segment;
  TimeNs time_ns = 0;
};

// What ended the waiting of `side`; none where its peer did, or nobody can tell.
std::optional<End> end_of_waiting(const FlowHistory& h, Side side, TimeNs since_ns) {
  const auto& peers = h.closing.of(other(side));
  std::optional<End> end;
  const auto offer = [&](WaitedUntil until, const SegmentRef& segment) {
    if (segment.time_ns() < since_ns || (end && end->segment.record < segment.record)) return;
    end = End{until, segment, segment.time_ns()};
  };
  if (const FinVerdict* const fin = h.closing.fin(side)) {
    if (fin->first.time_ns() < since_ns) return std::nullopt;
    offer(WaitedUntil::Close, fin->first);
  }
  for (const ResetVerdict& reset : h.closing.resets(side))
    if (reset.aborts()) offer(WaitedUntil::Reset, reset.segment);
  if (!end) {
    if (h.closing.any_reset || peers.said_close || h.trace.successor) return std::nullopt;
    return End{WaitedUntil::CaptureEnd, {}, h.watched_until_ns};
  }
  if (peers.fin && peers.fin->first.record < end->segment.record) return std::nullopt;
  for (const ResetVerdict& reset : peers.resets)
    if (reset.segment.record < end->segment.record) return std::nullopt;
  return end;
}

bool missed_data(const FlowTrace& trace, Side reader) {
  return trace.facts(reader).acked_max > trace.facts(other(reader)).sent_max;
}

std::optional<UnansweredRequest> unanswered(const FlowHistory& h, const TurnResults& turns, Side side) {
  if (!turns.last || turns.last->side != side || turns.last->acked_ns < 0) return std::nullopt;
  const Turn& request = *turns.last;
  // In the middle of a connection one octet may be a keep-alive's.
  if (request.bytes == 1 && !h.trace.facts(side).syn_seen) return std::nullopt;
  // The client has set up a TLS session, and asked nothing in it.
  if (request.change_cipher_spec && request.bytes <= kChangeAndFinished) return std::nullopt;
  // Perhaps the answer.
  if (missed_data(h.trace, side)) return std::nullopt;
  // A closed window holds back the rest of the request, or the answer: zero_window_stuck tells that.
  const auto& windows = h.transfer->windows;
  for (const WindowResults& window : windows)
    if (window.closed_at_end || (window.given_up_by && was_reset(h))) return std::nullopt;
  const bool greeting = greets(h, turns, side);
  const bool polls = polls_in_vain(turns, request);
  if ((!greeting && side != h.client()) || (request.pause_ns >= kFeed && !polls)) return std::nullopt;
  const auto end = end_of_waiting(h, side, request.acked_ns);
  if (!end) return std::nullopt;
  const TimeNs since = polls ? request.first.time_ns + h.rtt(other(side)).value_or(0) : request.acked_ns;
  const TimeNs waited =
      end->time_ns - since - (end->until == WaitedUntil::CaptureEnd ? 0 : h.rtt(side).value_or(0));
  if (waited < kLate || waited > kLongest) return std::nullopt;
  if (greeting && end->until == WaitedUntil::CaptureEnd) return std::nullopt;
  // A RST speaks for itself; who closes or falls silent may have had nothing to ask.
  if (!greeting && end->until != WaitedUntil::Reset &&
      (!surely_client(h, side) || is_small(turns, request, kSmallBeforeSilence)))
    return std::nullopt;
  UnansweredRequest found;
  found.first = request.first;
  found.ended_by = end->segment;
  found.until = end->until;
  found.waited_ns = waited;
  found.octets = request.bytes;
  if (polls) found.polls = request.writes;
  found.answered_before = turns.turns[index(other(side))];
  found.greeting = greeting;
  return found;
}

std::optional<Greeting> greeting_of(const FlowHistory& h, const TurnResults& turns) {
  const Side server = h.server();
  if (turns.first.empty() || turns.first.front().side != server || !h.trace.facts(server).syn_seen)
    return std::nullopt;
  const auto is_handshake = [](const SegmentRecord& r) {
    return r.has(kAck) && !r.has(kSyn) && !r.has(kRst);
  };
  const auto is_data = [](const SegmentRecord& r) { return r.payload > 0 && !r.has(kRst); };
  for (RecordIndex i = 0; i < h.records().size(); ++i) {
    const SegmentRecord& r = h.records()[i];
    if (r.copy || r.side != server || !is_data(r)) continue;
    // It acknowledges data that the capture did not see: an answer.
    if (r.ack > 1) return std::nullopt;
    RecordIndex syn_ack = last_before(h.trace, i, server, [](const auto& s) { return s.has(kSyn | kAck); });
    if (syn_ack == kNoRecord) return std::nullopt;
    const RecordIndex ack = first_after(h.trace, syn_ack, h.client(), is_handshake);
    if (ack == kNoRecord || ack > i) return std::nullopt;
    return Greeting{h.records()[ack].frame, r.frame, r.frame.time_ns - h.records()[ack].frame.time_ns};
  }
  return std::nullopt;
}

// Segments that the sender of record `i` sent just before it and the capture missed, by IP IDs that else
// count up by one (Linux counts them for each connection). 0 where they do not tell.
std::uint32_t missed_before(const FlowTrace& trace, RecordIndex i) {
  constexpr std::size_t kStepsNeeded = 2;
  constexpr std::uint32_t kMostMissed = 16;
  const SegmentRecord* after = &trace.records[i];
  std::uint32_t missed = 0;
  std::size_t steps = 0;
  for (RecordIndex k = i; k-- > 0;) {
    const SegmentRecord& r = trace.records[k];
    if (r.side != after->side || r.copy) continue;
    // A SYN-ACK is numbered apart.
    if (r.has(kSyn)) break;
    const std::optional<std::uint32_t> gap = missed_between(r, *after);
    if (!gap) return 0;
    if (after == &trace.records[i])
      missed = *gap;
    else if (*gap != 0)
      return 0;
    after = &r;
    ++steps;
  }
  return steps >= kStepsNeeded && missed <= kMostMissed ? missed : 0;
}

// An answer begun sooner, of which the first that passed was sent again: two or more missed before it, for a
// lone one may have been an acknowledgment.
bool begun_unseen(const FlowTrace& trace, const FrameRef& answer) {
  constexpr std::uint32_t kNoAck = 2;
  for (RecordIndex i = 0; i < trace.records.size(); ++i) {
    const FrameRef& frame = trace.records[i].frame;
    if (frame.number == answer.number && frame.file == answer.file) return missed_before(trace, i) >= kNoAck;
  }
  return false;
}

class LateOnes {
 public:
  explicit LateOnes(const FlowHistory& h) : trace_(h.trace), network_(h.rtt(h.server())) {}

  void note(const std::optional<FrameRef>& asked, const FrameRef& answer, TimeNs wait_ns, bool greeting) {
    const TimeNs late = wait_ns - network_.value_or(0);
    if (late < kLate || late > kLongest || begun_unseen(trace_, answer)) return;
    ++found_.count;
    if (late <= found_.longest_ns) return;
    found_.asked = asked;
    found_.answer = answer;
    found_.longest_ns = late;
    found_.greeting = greeting;
  }

  std::optional<LateAnswers> found() {
    if (found_.count == 0) return std::nullopt;
    found_.network_ns = network_.value_or(-1);
    return found_;
  }

 private:
  const FlowTrace& trace_;
  std::optional<std::int64_t> network_;
  LateAnswers found_;
};

std::optional<LateAnswers> late_answers(const FlowHistory& h, const TurnResults& turns) {
  LateOnes late(h);
  if (const auto& greeting = h.answers.greeting)
    late.note(greeting->handshake, greeting->data, greeting->wait_ns, true);
  if (!surely_client(h, h.client()) || turns.own_pace[index(h.server())]) return late.found();
  const Turn* asked = nullptr;
  for (const Turn& turn : turns.first) {
    if (asked != nullptr && turn.side == h.server() && asked->side == h.client() && !turn.overlaps &&
        !is_small(turns, *asked, kSmallBeforeAnswer))
      late.note(asked->first, turn.first, turn.wait_ns, false);
    asked = &turn;
  }
  return late.found();
}

}  // namespace

void conclude_answers(FlowHistory& history) {
  if (!history.transfer || history.trace.one_sided()) return;
  const TurnResults& turns = history.transfer->turns;
  for (const Side side : {Side::A, Side::B})
    history.answers.unanswered[index(side)] = unanswered(history, turns, side);
  history.answers.greeting = greeting_of(history, turns);
  history.answers.late = late_answers(history, turns);
}

}  // namespace tcpautopsy
