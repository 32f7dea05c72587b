// Solaris snoop (RFC 1761), which libpcap does not read.
#include <pcap/dlt.h>

#include <bit>

#include "analyzer/capture/byte_order.h"
#include "analyzer/capture/source_base.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kFileHeader = 16, kRecordHeader = 24;
constexpr std::uint32_t kVersion = 2;
// The header tells no snap length; this is libpcap's largest. It bounds the padding too: nothing else does.
constexpr std::uint32_t kLargestPacket = 256 * 1024;

constexpr struct {
  std::uint32_t snoop;
  int dlt;
} kDatalinks[] = {
    // RFC 1761 and IANA's registry of snoop datalink types
    {0, DLT_EN10MB},       // IEEE 802.3
    {2, DLT_IEEE802},      // IEEE 802.5
    {4, DLT_EN10MB},       // Ethernet
    {8, DLT_FDDI},         // FDDI
    {14, DLT_NULL},        // software loopback
    {16, DLT_IP_OVER_FC},  // Fibre Channel
    {18, DLT_SUNATM},      // classical IP over ATM
    {24, DLT_EN10MB},      // ISO 8802-3 and Ethernet
    {25, DLT_EN10MB},      // 100BaseT
    // Solaris's own
    {0x80000001, DLT_IPV4},   // IPv4 tunnel
    {0x80000002, DLT_IPV6},   // IPv6 tunnel
    {0x80000005, DLT_IPNET},  // ipnet
};

// RFC 1761: every number is big-endian.
const ByteOrder kOrder(std::endian::native == std::endian::little);

int link_type_of(const std::uint8_t* header, const std::string& file) {
  const std::uint32_t version = kOrder.u32(header + 8), datalink = kOrder.u32(header + 12);
  if (version != kVersion)
    throw CaptureError(file + ": snoop version " + std::to_string(version) + " is not known, only " +
                       std::to_string(kVersion));
  for (const auto& known : kDatalinks)
    if (known.snoop == datalink) return known.dlt;
  throw CaptureError(file + ": snoop datalink type " + std::to_string(datalink) + " is not known");
}

class SnoopSource final : public SourceBase {
 public:
  SnoopSource(const std::string& file, const std::string& format, std::unique_ptr<ByteWindow> stream,
              const std::string& filter)
      : SourceBase(file, format, std::move(stream)),
        link_type_(link_type_of(stream_->ahead(kFileHeader), file)) {
    stream_->consume(kFileHeader);
    note_link_type(link_type_);
    set_filter(filter);
  }

  bool next(Frame& frame) override {
    frame.comments.clear();
    frame.link_type = link_type_;
    frame.interface = 0;
    frame.has_time = true;
    while (!over_ && record(frame))
      if (admit(frame)) return true;
    return false;
  }

 private:
  bool record(Frame& frame) {
    const std::uint8_t* head = stream_->ahead(kRecordHeader);
    if (head == nullptr) return end_of_stream(kRecordHeader, "record header");
    frame.wire_length = kOrder.u32(head);
    const std::uint32_t captured = kOrder.u32(head + 4), size = kOrder.u32(head + 8);
    if (captured > kLargestPacket)
      return stop(stream_->offset(), "a record claims " + std::to_string(captured) + " captured bytes");
    if (size < kRecordHeader + captured || size > kRecordHeader + kLargestPacket)
      return stop(stream_->offset(), "a record of " + std::to_string(captured) +
                                         " captured bytes claims a length of " + std::to_string(size));
    head = stream_->ahead(size);
    if (head == nullptr)
      return cut_short(stream_->offset(),
                       "the file ends inside a packet of " + std::to_string(captured) + " bytes");
    info_.dropped = kOrder.u32(head + 12);
    frame.time_ns =
        std::int64_t{kOrder.u32(head + 16)} * 1'000'000'000 + std::int64_t{kOrder.u32(head + 20)} * 1000;
    frame.bytes = {head + kRecordHeader, captured};
    stream_->consume(size);
    return true;
  }

  int link_type_;
};

}  // namespace

std::unique_ptr<CaptureSource> open_snoop(const std::string& file, const std::string& format,
                                          std::unique_ptr<ByteWindow> stream, const std::string& filter) {
  return std::make_unique<SnoopSource>(file, format, std::move(stream), filter);
}

}  // namespace tcpautopsy
