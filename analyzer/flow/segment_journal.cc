#include "analyzer/flow/segment_journal.h"

#include <array>

namespace tcpautopsy {
namespace {

enum Head : std::uint8_t {  // the second octet, after the TCP flags
  kSideB = 0x01,
  kRoleShift = 1,
  kAeFlag = 0x08,
  kChecksumShift = 4,
  kHasIpId = 0x40,
  kRare = 0x80
};
enum Body : std::uint8_t {  // the third
  kTimestamps = 0x01,
  kSameTtl = 0x02,
  kSameWindow = 0x04,
  kNextSeq = 0x08,
  kNextAck = 0x10,
  kPayload = 0x20,
  kWhole = 0x40,
  kSameOverhead = 0x80
};
enum Rare : std::uint8_t {  // the fourth, if there is anything to say
  kOtherFile = 0x01,
  kSack = 0x02,
  kOtherOptions = 0x04,
  kUrgentPointer = 0x08,
  kEcnShift = 4,
  kHeaderCut = 0x40,
  kBeyondFrame = 0x80
};
enum Option : std::uint8_t {
  kMss = 0x01,
  kScale = 0x02,
  kSackPermitted = 0x04,
  kFastOpen = 0x08,
  kMalformed = 0x10,
  kMultipath = 0x20
};

bool has_other_options(const TcpOptions& o) {
  return o.has_mss || o.has_window_scale || o.sack_permitted || o.fast_open || o.multipath || o.malformed;
}

std::uint8_t rare_of(const TcpSegment& s, bool other_file) {
  return static_cast<std::uint8_t>((other_file ? kOtherFile : 0) | (s.options.sack_count > 0 ? kSack : 0) |
                                   (has_other_options(s.options) ? kOtherOptions : 0) |
                                   (s.urgent != 0 ? kUrgentPointer : 0) | (s.ecn & 3U) << kEcnShift |
                                   (s.options.cut ? kHeaderCut : 0) | (s.beyond_frame ? kBeyondFrame : 0));
}

void put_options(EntryWriter& to, const TcpOptions& o) {
  to.one((o.has_mss ? unsigned{kMss} : 0U) | (o.has_window_scale ? unsigned{kScale} : 0U) |
         (o.sack_permitted ? unsigned{kSackPermitted} : 0U) | (o.fast_open ? unsigned{kFastOpen} : 0U) |
         (o.malformed ? unsigned{kMalformed} : 0U) | (o.multipath ? unsigned{kMultipath} : 0U));
  if (o.has_mss) to.two(o.mss);
  if (o.has_window_scale) to.one(o.window_scale);
  if (o.fast_open) to.one(o.fast_open_cookie_length);
}

void take_options(OctetReader& from, TcpOptions& o) {
  const std::uint8_t which = from.one();
  o.has_mss = (which & kMss) != 0;
  o.has_window_scale = (which & kScale) != 0;
  o.sack_permitted = (which & kSackPermitted) != 0;
  o.fast_open = (which & kFastOpen) != 0;
  o.malformed = (which & kMalformed) != 0;
  o.multipath = (which & kMultipath) != 0;
  if (o.has_mss) o.mss = from.two();
  if (o.has_window_scale) o.window_scale = from.one();
  if (o.fast_open) o.fast_open_cookie_length = from.one();
}

void put_sack(EntryWriter& to, const TcpSegment& s) {
  to.one(s.options.sack_count);
  for (std::size_t i = 0; i < s.options.sack_count && i < s.options.sack.size(); ++i) {
    to.step(s.options.sack[i].left.raw(), s.ack.raw());
    to.step(s.options.sack[i].right.raw(), s.options.sack[i].left.raw());
  }
}

void take_sack(OctetReader& from, TcpSegment& s) {
  s.options.sack_count = from.one();
  for (std::size_t i = 0; i < s.options.sack_count && i < s.options.sack.size(); ++i) {
    s.options.sack[i].left = Seq(from.step(s.ack.raw()));
    s.options.sack[i].right = Seq(from.step(s.options.sack[i].left.raw()));
  }
}

// Afterwards the context is as the reader's will be.
void move_on(JournalContext& context, const TcpSegment& s, const FrameRef& frame, Side side) {
  JournalContext::Direction& own = context.directions[index(side)];
  own.next_seq = s.seq.raw() + s.sequence_length();
  own.overhead = s.wire_length - s.payload_length;
  own.ttl = s.ttl;
  own.window = s.window;
  if (s.has_ip_id) own.ip_id = static_cast<std::uint16_t>(s.ip_id);
  if (s.options.has_timestamps) own.ts_val = s.options.ts_val;
  context.number = frame.number;
  context.time_ns = frame.time_ns;
  context.file = frame.file;
}

}  // namespace

bool write_entry(const TcpSegment& s, const FrameRef& frame, Side side, Role role, JournalContext& context,
                 EntryWriter& to) {
  if (s.payload_length > TcpSegment::kEnough || (s.has_ip_id && s.ip_id > 0xFFFF)) return false;
  const JournalContext::Direction& own = context.directions[index(side)];
  const JournalContext::Direction& peer = context.directions[index(other(side))];
  const std::uint8_t rare = rare_of(s, frame.file != context.file);
  const std::uint32_t overhead = s.wire_length - s.payload_length;
  const auto has = [](bool it, unsigned bit) { return it ? bit : 0U; };
  const unsigned body = has(s.options.has_timestamps, kTimestamps) | has(s.ttl == own.ttl, kSameTtl) |
                        has(s.window == own.window, kSameWindow) |
                        has(s.seq.raw() == own.next_seq, kNextSeq) |
                        has(s.ack.raw() == peer.next_seq, kNextAck) | has(s.payload_length > 0, kPayload) |
                        has(s.payload_whole(), kWhole) | has(overhead == own.overhead, kSameOverhead);
  to.one(s.flags);
  to.one(has(side == Side::B, kSideB) | static_cast<unsigned>(role) << kRoleShift |
         has((s.flags & kAe) != 0, kAeFlag) | static_cast<unsigned>(s.checksum) << kChecksumShift |
         has(s.has_ip_id, kHasIpId) | has(rare != 0, kRare));
  to.one(body);
  if (rare != 0) to.one(rare);
  if ((rare & kOtherFile) != 0) to.many(frame.file);
  to.many(zigzag(static_cast<std::int64_t>(frame.number - context.number)));
  to.many(zigzag(frame.time_ns - context.time_ns));
  if ((body & kNextSeq) == 0) to.step(s.seq.raw(), own.next_seq);
  if ((body & kNextAck) == 0) to.step(s.ack.raw(), peer.next_seq);
  if ((body & kPayload) != 0) {
    to.many(std::uint64_t{s.payload_length} << 1 | (s.change_cipher_spec ? 1U : 0U));
    to.two(s.payload_sum);
  }
  if ((body & kSameOverhead) == 0) to.many(overhead);
  if ((body & kSameTtl) == 0) to.one(s.ttl);
  if ((body & kSameWindow) == 0) to.two(s.window);
  to.two(s.tcp_checksum);
  if (s.has_ip_id) to.many(zigzag(static_cast<std::int16_t>(s.ip_id - own.ip_id)));
  if (s.options.has_timestamps) {
    to.step(s.options.ts_val, own.ts_val);
    to.step(s.options.ts_ecr, peer.ts_val);
  }
  if ((rare & kUrgentPointer) != 0) to.two(s.urgent);
  if ((rare & kOtherOptions) != 0) put_options(to, s.options);
  if ((rare & kSack) != 0) put_sack(to, s);
  move_on(context, s, frame, side);
  return true;
}

bool SegmentJournal::append(const TcpSegment& s, const FrameRef& frame, Side side, Role role) {
  EntryWriter entry;
  if (!write_entry(s, frame, side, role, context_, entry)) return false;
  if (bytes_.empty()) bytes_.reserve(2 * kLongestEntry);
  bytes_.insert(bytes_.end(), entry.bytes().begin(), entry.bytes().end());
  return true;
}

void SegmentJournal::resume(Bytes bytes, const JournalContext& context) {
  bytes_.reserve(bytes.size() + kLongestEntry);
  bytes_.assign(bytes.begin(), bytes.end());
  context_ = context;
}

bool JournalReader::next(JournalEntry& entry) {
  if (bytes_.empty()) return false;
  OctetReader from(bytes_);
  entry = {};
  TcpSegment& s = entry.segment;
  const unsigned flags = from.one(), head = from.one(), body = from.one();
  const unsigned rare = (head & kRare) != 0 ? from.one() : 0;
  entry.side = (head & kSideB) != 0 ? Side::B : Side::A;
  entry.role = static_cast<Role>((head >> kRoleShift) & 3U);
  const JournalContext::Direction& own = context_.directions[index(entry.side)];
  const JournalContext::Direction& peer = context_.directions[index(other(entry.side))];
  s.flags = static_cast<std::uint16_t>(flags | ((head & kAeFlag) != 0 ? unsigned{kAe} : 0U));
  s.checksum = static_cast<Checksum>((head >> kChecksumShift) & 3U);
  s.has_ip_id = (head & kHasIpId) != 0;
  s.options.cut = (rare & kHeaderCut) != 0;
  s.beyond_frame = (rare & kBeyondFrame) != 0;
  s.ecn = static_cast<std::uint8_t>((rare >> kEcnShift) & 3U);
  entry.frame.file = (rare & kOtherFile) != 0 ? static_cast<std::uint32_t>(from.many()) : context_.file;
  entry.frame.number = context_.number + static_cast<std::uint64_t>(unzigzag(from.many()));
  entry.frame.time_ns = context_.time_ns + unzigzag(from.many());
  s.seq = Seq((body & kNextSeq) != 0 ? own.next_seq : from.step(own.next_seq));
  s.ack = Seq((body & kNextAck) != 0 ? peer.next_seq : from.step(peer.next_seq));
  if ((body & kPayload) != 0) {
    const std::uint64_t length = from.many();
    s.payload_length = static_cast<std::uint32_t>(length >> 1);
    s.change_cipher_spec = (length & 1) != 0;
    s.payload_sum = from.two();
  }
  s.wire_length = s.payload_length +
                  ((body & kSameOverhead) != 0 ? own.overhead : static_cast<std::uint32_t>(from.many()));
  s.ttl = (body & kSameTtl) != 0 ? own.ttl : from.one();
  s.window = (body & kSameWindow) != 0 ? own.window : from.two();
  s.tcp_checksum = from.two();
  if (s.has_ip_id) s.ip_id = static_cast<std::uint16_t>(own.ip_id + unzigzag(from.many()));
  s.options.has_timestamps = (body & kTimestamps) != 0;
  if (s.options.has_timestamps) {
    s.options.ts_val = from.step(own.ts_val);
    s.options.ts_ecr = from.step(peer.ts_val);
  }
  if ((rare & kUrgentPointer) != 0) s.urgent = from.two();
  if ((rare & kOtherOptions) != 0) take_options(from, s.options);
  if ((rare & kSack) != 0) take_sack(from, s);
  if ((body & kWhole) != 0) s.payload = stand_in_payload(s.payload_length);
  move_on(context_, s, entry.frame, entry.side);
  bytes_ = from.rest();
  return true;
}

}  // namespace tcpautopsy
