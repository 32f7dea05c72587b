#include "analyzer/flow/flow_slot.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "analyzer/flow/octets.h"

namespace tcpautopsy {
namespace {

enum Mark : std::uint8_t { kV4 = 1, kALow = 2, kQueued = 4, kJoined = 8, kPaired = 16 };

void put_end(std::vector<std::uint8_t>& to, const EndpointAddress& end, bool v4) {
  to.insert(to.end(), end.ip.octets.begin() + (v4 ? 12 : 0), end.ip.octets.end());
  put_octets16(to, end.port);
}

EndpointAddress take_end(OctetReader& from, bool v4) {
  std::uint8_t octets[16];
  const std::size_t length = v4 ? 4 : 16;
  for (std::size_t i = 0; i < length; ++i) octets[i] = from.one();
  const IpAddress ip = v4 ? IpAddress::v4(octets) : IpAddress::v6(octets);
  return {ip, from.two()};
}

}  // namespace

SleepingFlow SleepingFlow::of(const LiveFlow& flow) {
  return {flow.key,  flow.number,   flow.incarnation, flow.joined_encapsulation,
          flow.pair, flow.a_is_low, flow.queued,      Bytes(flow.journal())};
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
  at_ = reinterpret_cast<std::uintptr_t>(flow.release());
}

void FlowSlot::hold(const SleepingFlow& f) {
  const bool v4 = f.key.low.ip.is_v4() && f.key.high.ip.is_v4();
  const bool joined = f.joined_encapsulation != f.key.encapsulation;
  const bool paired = f.pair != DoubledPairs::kNone;
  std::vector<std::uint8_t> octets{0, 0};
  octets.reserve(64 + f.journal.size());
  octets.push_back(static_cast<std::uint8_t>((v4 ? kV4 : 0) | (f.a_is_low ? kALow : 0) |
                                             (f.queued ? kQueued : 0) | (joined ? kJoined : 0) |
                                             (paired ? kPaired : 0)));
  put_end(octets, f.key.low, v4);
  put_end(octets, f.key.high, v4);
  put_octets(octets, f.key.encapsulation);
  put_octets(octets, f.number);
  put_octets(octets, f.incarnation);
  if (joined) put_octets(octets, f.joined_encapsulation);
  if (paired) put_octets(octets, f.pair);
  octets.insert(octets.end(), f.journal.begin(), f.journal.end());
  octets[0] = static_cast<std::uint8_t>(octets.size() >> 8);
  octets[1] = static_cast<std::uint8_t>(octets.size());
  auto packed = std::make_unique<std::uint8_t[]>(octets.size());
  std::memcpy(packed.get(), octets.data(), octets.size());
  clear();
  at_ = reinterpret_cast<std::uintptr_t>(packed.release()) + 1;
}

SleepingFlow FlowSlot::sleeping() const {
  const std::uint8_t* at = packed();
  OctetReader from(Bytes(at, static_cast<std::size_t>(at[0]) << 8 | at[1]));
  from.two();
  SleepingFlow f;
  const std::uint8_t marks = from.one();
  const bool v4 = (marks & kV4) != 0;
  f.a_is_low = (marks & kALow) != 0;
  f.queued = (marks & kQueued) != 0;
  f.key.low = take_end(from, v4);
  f.key.high = take_end(from, v4);
  f.key.encapsulation = static_cast<std::uint32_t>(from.many());
  f.number = from.many();
  f.incarnation = static_cast<std::uint32_t>(from.many());
  f.joined_encapsulation =
      (marks & kJoined) != 0 ? static_cast<std::uint32_t>(from.many()) : f.key.encapsulation;
  if ((marks & kPaired) != 0) f.pair = static_cast<DoubledPairs::Pair>(from.many());
  f.journal = from.rest();
  return f;
}

}  // namespace tcpautopsy
