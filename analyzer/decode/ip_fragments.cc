#include "analyzer/decode/ip_fragments.h"

#include <algorithm>

namespace tcpautopsy::decode {
namespace {

constexpr std::size_t kLongestPacket = 65535;
constexpr std::uint8_t kCongestionExperienced = 3;

}  // namespace

std::variant<NotTcp, FragmentTable::Whole> FragmentTable::add(const FragmentKey& key,
                                                              const Dissection& fragment, TimeNs now) {
  const std::size_t begin = fragment.fragment.offset;
  const std::size_t end = begin + fragment.rest.length();
  // Only the last fragment may have a length that is no multiple of eight octets (RFC 791 3.1, RFC 8200 4.5).
  const bool ragged = fragment.fragment.more && fragment.rest.length() % 8 != 0;
  if (fragment.rest.length() == 0 || ragged || end > kLongestPacket) return NotTcp::Malformed;

  const Place packet = packet_of(key, now);
  if (!fits(*packet, fragment)) return NotTcp::Malformed;
  if (!fragment.fragment.more) packet->length = end;
  if (begin == 0 && packet->protocol == 0) packet->protocol = fragment.fragment.protocol;
  packet->congestion |= fragment.ip.ecn == kCongestionExperienced;
  const Bytes bytes = fragment.rest.bytes();
  packet->pieces.push_back({begin, {bytes.begin(), bytes.end()}});
  packet->octets += bytes.size();
  octets_ += bytes.size();
  cover(packet->covered, {begin, end});

  const bool complete = packet->length && packet->covered.size() == 1 && packet->covered[0].begin == 0 &&
                        packet->covered[0].end == *packet->length;
  if (!complete) {
    if (packet->pieces.size() >= kMostPieces) give_up(packet);
    make_room();
    return NotTcp::FragmentHeld;
  }
  assemble(*packet);
  const Whole whole{
      {{assembled_.data(), assembled_captured_}, *packet->length}, packet->protocol, packet->congestion};
  forget(packet);
  return whole;
}

FragmentTable::Place FragmentTable::packet_of(const FragmentKey& key, TimeNs now) {
  while (!waiting_.empty() && now - waiting_.front().since > kPatience) drop(waiting_.begin());
  const auto known = places_.find(key);
  if (known != places_.end()) {
    const Place packet = known->second;
    if (now - packet->since <= kPatience) return packet;
    drop(packet);  // behind one whose time lies ahead: the capture's clock was set back
  }
  waiting_.push_back({.key = key, .since = now, .length = {}, .pieces = {}, .covered = {}});
  const Place packet = std::prev(waiting_.end());
  places_.emplace(key, packet);
  return packet;
}

bool FragmentTable::fits(const Packet& packet, const Dissection& fragment) {
  const std::size_t end = fragment.fragment.offset + fragment.rest.length();
  if (packet.length) return fragment.fragment.more ? end <= *packet.length : end == *packet.length;
  return fragment.fragment.more || packet.covered.empty() || end >= packet.covered.back().end;
}

void FragmentTable::cover(std::vector<Range>& covered, Range range) {
  const auto first = std::partition_point(covered.begin(), covered.end(),
                                          [&](const Range& other) { return other.end < range.begin; });
  const auto last = std::partition_point(first, covered.end(),
                                         [&](const Range& other) { return other.begin <= range.end; });
  if (first != last) {
    range.begin = std::min(range.begin, first->begin);
    range.end = std::max(range.end, std::prev(last)->end);
  }
  covered.insert(covered.erase(first, last), range);
}

// Written last to first, so that what came first stands. What the snap length cut off a fragment leaves a
// hole, and the captured part of the packet ends there.
void FragmentTable::assemble(const Packet& packet) {
  assembled_.assign(*packet.length, 0);
  std::vector<Range> captured;
  for (auto piece = packet.pieces.rbegin(); piece != packet.pieces.rend(); ++piece) {
    if (piece->bytes.empty()) continue;
    std::copy(piece->bytes.begin(), piece->bytes.end(),
              assembled_.begin() + static_cast<std::ptrdiff_t>(piece->offset));
    cover(captured, {piece->offset, piece->offset + piece->bytes.size()});
  }
  assembled_captured_ = captured.empty() || captured[0].begin != 0 ? 0 : captured[0].end;
}

void FragmentTable::drop(Place packet) {
  dropped_ += packet->pieces.size();
  forget(packet);
}

void FragmentTable::give_up(Place packet) {
  given_up_ += packet->pieces.size();
  drop(packet);
}

void FragmentTable::forget(Place packet) {
  octets_ -= packet->octets;
  places_.erase(packet->key);
  waiting_.erase(packet);
}

void FragmentTable::make_room() {
  while (waiting_.size() > most_packets_ || octets_ > most_packets_ * kOctetsEach) give_up(waiting_.begin());
}

}  // namespace tcpautopsy::decode
