#include "analyzer/flow/flow_slot.h"

#include <algorithm>
#include <array>

#include "analyzer/flow/octets.h"

namespace tcpautopsy {
namespace {

enum Mark : std::uint8_t {
  kV4 = 1,
  kALow = 2,
  kQueued = 4,
  kJoined = 8,
  kPaired = 16,
  kNested = 32,
  kLater = 64,
  kMarked = 128
};

// Marks, two ends, seven numbers, and where the journal ends.
using HeadWriter = OctetWriter<112 + sizeof(SleepingFlow::Mark)>;
// A journal of fewer segments is read as soon as what was noted of them, and one that ended is seldom read
// but to be concluded.
constexpr std::uint8_t kSoonRead = 3;
static_assert(std::is_trivially_copyable_v<SleepingFlow::Mark>);

// Octets that an end takes.
constexpr std::ptrdiff_t kEndV4 = 6, kEndV6 = 18;
using Four = std::array<std::uint8_t, 4>;

void put_end(HeadWriter& to, const EndpointAddress& end, bool v4) {
  if (v4) {
    Four four;
    std::copy_n(end.ip.octets.end() - four.size(), four.size(), four.begin());
    to.raw(four);
  } else {
    to.raw(end.ip.octets);
  }
  to.two(end.port);
}

EndpointAddress take_end(OctetReader& from, bool v4) {
  EndpointAddress end;
  if (v4) {
    Four four{};
    from.raw(four);
    end.ip = IpAddress::v4(four.data());
  } else {
    from.raw(end.ip.octets);
  }
  end.port = from.two();
  return end;
}

}  // namespace

SleepingFlow SleepingFlow::of(const LiveFlow& flow) {
  std::optional<Mark> mark;
  if (flow.notes().in_journal >= kSoonRead && !flow.ending())
    mark = Mark{flow.journal().context(), flow.notes()};
  return {flow.key,
          flow.number,
          flow.incarnation,
          flow.joined_encapsulation,
          flow.pair,
          flow.a_is_low,
          flow.queued,
          mark,
          flow.plainly_over() ? std::optional(flow.last_ns()) : std::nullopt,
          Bytes(flow.journal().bytes())};
}

FinishedFlow SleepingFlow::finish() const {
  FinishedFlow finished;
  finished.key = key;
  finished.number = number;
  finished.incarnation = incarnation;
  finished.a_is_low = a_is_low;
  finished.journal = journal;
  return finished;
}

FlowSlot& FlowSlot::operator=(FlowSlot&& o) noexcept {
  if (this != &o) {
    clear();
    at_ = o.at_;
    o.at_ = 0;
  }
  return *this;
}

void FlowSlot::clear() {
  if (awake()) {
    delete reinterpret_cast<LiveFlow*>(at_);
  } else if (!empty()) {
    delete[] packed();
  }
  at_ = 0;
}

void FlowSlot::hold(std::unique_ptr<LiveFlow> flow) {
  clear();
  flow->weighed = flow->octets();
  at_ = reinterpret_cast<std::uintptr_t>(flow.release());
}

void FlowSlot::hold(const SleepingFlow& f) {
  const bool v4 = f.key.low.ip.is_v4() && f.key.high.ip.is_v4();
  const bool joined = f.joined_encapsulation != f.key.encapsulation;
  const bool paired = f.pair != CopiedPairs::kNone;
  const bool nested = f.key.encapsulation != 0, later = f.incarnation != 0;
  HeadWriter head;
  head.one((v4 ? unsigned{kV4} : 0U) | (f.a_is_low ? unsigned{kALow} : 0U) |
           (f.queued ? unsigned{kQueued} : 0U) | (joined ? unsigned{kJoined} : 0U) |
           (paired ? unsigned{kPaired} : 0U) | (nested ? unsigned{kNested} : 0U) |
           (later ? unsigned{kLater} : 0U) | (f.mark ? unsigned{kMarked} : 0U));
  put_end(head, f.key.low, v4);
  put_end(head, f.key.high, v4);
  if (nested) head.many(f.key.encapsulation);
  head.many(f.number);
  if (later) head.many(f.incarnation);
  if (joined) head.many(f.joined_encapsulation);
  if (paired) head.many(f.pair);
  if (f.mark) head.raw(*f.mark);
  if (f.over_since) head.many(zigzag(*f.over_since));

  const Bytes start = head.bytes();
  const std::size_t length = 2 + start.size() + f.journal.size();
  auto packed = std::unique_ptr<std::uint8_t[]>(new std::uint8_t[length]);
  packed[0] = static_cast<std::uint8_t>(length >> 8 | (f.over_since ? kOver : 0U));
  packed[1] = static_cast<std::uint8_t>(length);
  std::copy(start.begin(), start.end(), packed.get() + 2);
  std::copy(f.journal.begin(), f.journal.end(), packed.get() + 2 + start.size());
  clear();
  at_ = reinterpret_cast<std::uintptr_t>(packed.release()) + 1;
}

std::uint64_t FlowSlot::number() const {
  OctetReader from(Bytes(packed(), packed_length()));
  from.two();
  const std::uint8_t marks = from.one();
  from.skip((marks & kV4) != 0 ? 2 * kEndV4 : 2 * kEndV6);
  if ((marks & kNested) != 0) from.many();
  return from.many();
}

std::optional<TimeNs> FlowSlot::over_since() const {
  if ((packed()[0] & kOver) == 0) return std::nullopt;
  return sleeping().over_since;
}

SleepingFlow FlowSlot::sleeping() const {
  OctetReader from(Bytes(packed(), packed_length()));
  const bool over = (from.one() & kOver) != 0;
  from.one();
  SleepingFlow f;
  const std::uint8_t marks = from.one();
  const bool v4 = (marks & kV4) != 0;
  f.a_is_low = (marks & kALow) != 0;
  f.queued = (marks & kQueued) != 0;
  f.key.low = take_end(from, v4);
  f.key.high = take_end(from, v4);
  if ((marks & kNested) != 0) f.key.encapsulation = static_cast<std::uint32_t>(from.many());
  f.number = from.many();
  if ((marks & kLater) != 0) f.incarnation = static_cast<std::uint32_t>(from.many());
  f.joined_encapsulation =
      (marks & kJoined) != 0 ? static_cast<std::uint32_t>(from.many()) : f.key.encapsulation;
  if ((marks & kPaired) != 0) f.pair = static_cast<CopiedPairs::Pair>(from.many());
  if ((marks & kMarked) != 0) from.raw(f.mark.emplace());
  if (over) f.over_since = unzigzag(from.many());
  f.journal = from.rest();
  return f;
}

}  // namespace tcpautopsy
