#include "tests/support/tap_repeat.h"

#include <algorithm>
#include <limits>

namespace tcpautopsy::tap {

namespace {

constexpr std::size_t kMostEvents = 100'000;
constexpr TimeNs kLongest = 1'000'000'000 * kSecond;

// How far each stream goes on between the first of the events and the end.
PerSide<StreamOffset> strides(const std::vector<Event>& events, std::size_t first) {
  PerSide<StreamOffset> strides{};
  for (const Side side : {Side::A, Side::B}) {
    StreamOffset begin = std::numeric_limits<StreamOffset>::max(), end = 0;
    for (std::size_t i = first; i < events.size(); ++i) {
      const auto* packet = std::get_if<Packet>(&events[i]);
      if (packet == nullptr || packet->from != side || packet->payload == 0) continue;
      begin = std::min(begin, packet->seq);
      end = std::max(end, packet->seq + packet->payload);
    }
    if (end > begin) strides[index(side)] = end - begin;
  }
  return strides;
}

void go_on(Packet& packet, const PerSide<StreamOffset>& by) {
  const StreamOffset peer = by[index(other(packet.from))];
  packet.seq += by[index(packet.from)];
  packet.ack += peer;
  for (SackRange& range : packet.options.sack) {
    range.left += peer;
    range.right += peer;
  }
}

void go_on(Icmp& icmp, const PerSide<StreamOffset>& by) { icmp.seq += by[index(icmp.to)]; }

}  // namespace

TimeNs play_again(const Repeat& repeat, TimeNs now_ns, std::vector<Event>& events) {
  const std::size_t lines = events.size() - repeat.first;
  const TimeNs lasts = now_ns - repeat.start_ns;
  if (lines == 0) throw ScriptError(repeat.line, "nothing between { and }");
  if (lines * repeat.count > kMostEvents || lasts > kLongest / repeat.count)
    throw ScriptError(repeat.line, "too much is repeated");
  const PerSide<StreamOffset> by = strides(events, repeat.first);
  events.reserve(repeat.first + lines * repeat.count);
  for (std::size_t left = lines * (repeat.count - 1); left > 0; --left) {
    Event event = events[events.size() - lines];
    std::visit(
        [&](auto& e) {
          e.time_ns += lasts;
          go_on(e, by);
        },
        event);
    events.push_back(std::move(event));
  }
  return repeat.start_ns + repeat.count * lasts;
}

}  // namespace tcpautopsy::tap
