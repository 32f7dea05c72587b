// pcapng, read by our own hand: libpcap refuses a file whose interfaces differ in link type.
#include <limits>
#include <string_view>

#include "analyzer/capture/link_type.h"
#include "analyzer/capture/pcapng_format.h"
#include "analyzer/capture/source_base.h"

namespace tcpautopsy {
namespace {

using namespace pcapng;

constexpr std::uint32_t kMaxBlock =
    256U << 20;  // of a kind that we look into; others are passed over at any length
constexpr std::size_t kMaxInterfaces = 65536;  // in a section
constexpr std::size_t kMaxLinkTypes = 256;     // in a file; they are searched one by one

struct Interface {
  int link_type = 0;
  std::uint32_t snaplen = 0;
  TimeScale scale;
  std::uint64_t dropped = 0;
};

struct Block {
  std::uint32_t type = 0;
  Bytes body;  // without type and lengths
};

bool is_read(std::uint32_t type) {
  return is_packet(type) || type == kInterfaceDescription || type == kInterfaceStatistics ||
         type == kSectionHeader;
}

class PcapngSource final : public SourceBase {
 public:
  PcapngSource(const std::string& file, const std::string& format, std::unique_ptr<ByteWindow> stream,
               const std::string& filter);
  bool next(Frame& frame) override;

 private:
  bool next_block(Block& block);
  bool take_block(std::uint32_t length, Block& block);
  bool pass_block(std::uint32_t length);
  bool ends_inside(std::uint32_t length);
  bool closes(const std::uint8_t* tail, std::uint32_t length);
  bool tells_byte_order();
  bool stop(std::string reason);

  bool use(const Block& block);  // of any kind but packets
  bool begin_section(const Block& block);
  bool add_interface(const Block& block);
  bool add_statistics(const Block& block);

  bool packet(const Block& block, Frame& frame);
  bool timed_packet(const Block& block, std::uint32_t interface, Frame& frame);
  bool simple_packet(const Block& block, Frame& frame);
  void read_comments(Bytes options, Frame& frame) const;

  ByteOrder order_;
  std::uint64_t block_at_ = 0;  // offset of the block in hand
  std::vector<Interface> interfaces_;
  std::uint32_t earlier_interfaces_ = 0;  // of sections before this one
  std::int64_t last_time_ns_ = 0;
};

PcapngSource::PcapngSource(const std::string& file, const std::string& format,
                           std::unique_ptr<ByteWindow> stream, const std::string& filter)
    : SourceBase(file, format, std::move(stream)) {
  Block block;
  if (!next_block(block) || !use(block)) throw CaptureError(file + ": bad file header: " + damage_->reason);
  // Up to the first packet, so that the link types are known and the filter is tried on them.
  while (!over_) {
    const std::uint8_t* head = stream_->ahead(kBlockHead);
    if (head != nullptr && is_packet(order_.u32(head))) break;
    if (next_block(block)) use(block);
  }
  set_filter(filter);
}

bool PcapngSource::next(Frame& frame) {
  Block block;
  while (!over_ && next_block(block)) {
    if (!is_packet(block.type)) {
      use(block);
    } else if (packet(block, frame) && admit(frame)) {
      return true;
    }
  }
  return false;
}

bool PcapngSource::stop(std::string reason) { return SourceBase::stop(block_at_, std::move(reason)); }

// The next block, without its body if it is of a kind passed over; false at the end or at damage.
bool PcapngSource::next_block(Block& block) {
  block_at_ = stream_->offset();
  const std::uint8_t* head = stream_->ahead(kBlockHead);
  if (head == nullptr) return end_of_stream(kBlockHead, "block header");
  block.type = order_.u32(head);
  // A section header's type reads the same in both byte orders, its length does not.
  if (block.type == kSectionHeader) {
    if (!tells_byte_order()) return false;
    head = stream_->ahead(kBlockHead);
  }
  const std::uint32_t length = order_.u32(head + 4);
  if (length < kMinBlock || length % 4 != 0)
    return stop("a block claims an impossible length of " + std::to_string(length) + " bytes");
  return is_read(block.type) ? take_block(length, block) : pass_block(length);
}

bool PcapngSource::tells_byte_order() {
  const std::uint8_t* head = stream_->ahead(kBlockHead + 4);
  if (head == nullptr) return cut_short(block_at_, "the file ends inside a section header");
  const std::uint32_t magic = ByteOrder().u32(head + kBlockHead);
  if (magic != kByteOrderMagic && magic != __builtin_bswap32(kByteOrderMagic))
    return stop("a section header does not tell its byte order");
  order_ = ByteOrder(magic != kByteOrderMagic);
  return true;
}

bool PcapngSource::take_block(std::uint32_t length, Block& block) {
  if (length > kMaxBlock) return stop("a block claims " + std::to_string(length) + " bytes");
  const std::uint8_t* all = stream_->ahead(length);
  if (all == nullptr) return ends_inside(length);
  if (!closes(all + length - kBlockTail, length)) return false;
  block.body = {all + kBlockHead, length - kBlockHead - kBlockTail};
  stream_->consume(length);
  return true;
}

bool PcapngSource::pass_block(std::uint32_t length) {
  const std::uint8_t* tail = stream_->skip(length - kBlockTail) ? stream_->ahead(kBlockTail) : nullptr;
  if (tail == nullptr) return ends_inside(length);
  if (!closes(tail, length)) return false;
  stream_->consume(kBlockTail);
  return true;
}

bool PcapngSource::ends_inside(std::uint32_t length) {
  return stop(stream_->error().empty()
                  ? "the file ends inside a block of " + std::to_string(length) + " bytes"
                  : stream_->error());
}

bool PcapngSource::closes(const std::uint8_t* tail, std::uint32_t length) {
  const std::uint32_t again = order_.u32(tail);
  if (again == length) return true;
  return stop("a block says " + std::to_string(length) + " bytes at its head and " + std::to_string(again) +
              " at its tail");
}

bool PcapngSource::use(const Block& block) {
  switch (block.type) {
    case kSectionHeader: return begin_section(block);
    case kInterfaceDescription: return add_interface(block);
    case kInterfaceStatistics: return add_statistics(block);
    default: return true;
  }
}

bool PcapngSource::begin_section(const Block& block) {
  constexpr std::size_t kFixed = 16;
  if (block.body.size() < kFixed) return stop("a section header is too short");
  if (const std::uint16_t major = order_.u16(block.body.data() + 4); major != 1)
    return stop("pcapng version " + std::to_string(major) + " is not known");
  earlier_interfaces_ += static_cast<std::uint32_t>(interfaces_.size());
  interfaces_.clear();
  return true;
}

bool PcapngSource::add_interface(const Block& block) {
  constexpr std::size_t kFixed = 8;
  if (block.body.size() < kFixed) return stop("an interface description is too short");
  if (interfaces_.size() == kMaxInterfaces) return stop("more than 65536 interfaces");
  Interface& made = interfaces_.emplace_back();
  made.link_type = dlt_of_linktype(order_.u16(block.body.data()));
  made.snaplen = order_.u32(block.body.data() + 4);
  for_each_option(block.body.subspan(kFixed), order_, [&](std::uint16_t code, Bytes value) {
    if (code == kIfTsresol && value.size() == 1) made.scale.set_resolution(value[0]);
    if (code == kIfTsoffset && value.size() == 8)
      made.scale.set_offset(static_cast<std::int64_t>(order_.u64(value.data())));
  });
  note_link_type(made.link_type);
  if (info_.link_types.size() > kMaxLinkTypes) return stop("more than 256 link types");
  return true;
}

bool PcapngSource::add_statistics(const Block& block) {
  constexpr std::size_t kFixed = 12;
  if (block.body.size() < kFixed) return stop("interface statistics are too short");
  const std::uint32_t id = order_.u32(block.body.data());
  if (id >= interfaces_.size())
    return stop("statistics of interface " + std::to_string(id) + ", which is not described");
  Interface& interface = interfaces_[id];
  std::optional<std::uint64_t> dropped;
  for_each_option(block.body.subspan(kFixed), order_, [&](std::uint16_t code, Bytes value) {
    if (value.size() != 8) return;
    if (code == kIsbIfdrop || code == kIsbOsdrop) dropped = dropped.value_or(0) + order_.u64(value.data());
    if (code == kIsbEndtime) {
      const std::int64_t end = possible_time(interface.scale.ns(time_at(value.data(), order_)));
      info_.end_ns = std::max(info_.end_ns.value_or(end), end);
    }
  });
  // The counters run from the start of the capture: a later block replaces an earlier one of its interface.
  if (dropped) {
    info_.dropped = info_.dropped.value_or(0) - interface.dropped + *dropped;
    interface.dropped = *dropped;
  }
  return true;
}

bool PcapngSource::packet(const Block& block, Frame& frame) {
  frame.comments.clear();
  if (block.type == kSimplePacket) return simple_packet(block, frame);
  if (block.body.size() < kPacketFixed) return stop("a packet block is too short");
  // The obsolete block has 16 bits of interface and 16 of drops where the enhanced one has 32 of interface.
  const std::uint8_t* body = block.body.data();
  return timed_packet(block, block.type == kPacket ? order_.u16(body) : order_.u32(body), frame);
}

bool PcapngSource::timed_packet(const Block& block, std::uint32_t interface, Frame& frame) {
  if (interface >= interfaces_.size())
    return stop("a packet of interface " + std::to_string(interface) + ", which is not described");
  const std::uint8_t* body = block.body.data();
  const std::uint32_t captured = order_.u32(body + 12);
  const std::size_t room = block.body.size() - kPacketFixed;
  if (captured > room)
    return stop("a packet claims " + std::to_string(captured) +
                " captured bytes in a block that has room for " + std::to_string(room));
  const Interface& from = interfaces_[interface];
  frame.time_ns = from.scale.ns(time_at(body + 4, order_));
  last_time_ns_ = possible_time(frame.time_ns);
  frame.has_time = true;
  frame.wire_length = order_.u32(body + 16);
  frame.link_type = from.link_type;
  frame.interface = earlier_interfaces_ + interface;
  frame.bytes = block.body.subspan(kPacketFixed, captured);
  if (const std::size_t end = padded(captured); end < room)
    read_comments(block.body.subspan(kPacketFixed + end), frame);
  return true;
}

bool PcapngSource::simple_packet(const Block& block, Frame& frame) {
  constexpr std::size_t kFixed = 4;
  if (block.body.size() < kFixed) return stop("a simple packet block is too short");
  if (interfaces_.empty()) return stop("a packet before any interface is described");
  const Interface& from = interfaces_.front();
  const std::uint32_t limit = from.snaplen == 0 ? std::numeric_limits<std::uint32_t>::max() : from.snaplen;
  frame.wire_length = order_.u32(block.body.data());
  const std::uint32_t captured = std::min(frame.wire_length, limit);
  const std::size_t room = block.body.size() - kFixed;
  if (captured > room)
    return stop("a packet of " + std::to_string(captured) + " bytes in a block that has room for " +
                std::to_string(room));
  frame.time_ns = last_time_ns_;
  frame.has_time = false;
  frame.link_type = from.link_type;
  frame.interface = earlier_interfaces_;
  frame.bytes = block.body.subspan(kFixed, captured);
  return true;
}

void PcapngSource::read_comments(Bytes options, Frame& frame) const {
  for_each_option(options, order_, [&](std::uint16_t code, Bytes value) {
    if (code == kComment)
      frame.comments.emplace_back(reinterpret_cast<const char*>(value.data()), value.size());
  });
}

}  // namespace

std::unique_ptr<CaptureSource> open_pcapng(const std::string& file, const std::string& format,
                                           std::unique_ptr<ByteWindow> stream, const std::string& filter) {
  return std::make_unique<PcapngSource>(file, format, std::move(stream), filter);
}

}  // namespace tcpautopsy
