// Classic pcap. libpcap judges the file header; the records are walked here, because libpcap's way to them
// (two stdio reads a record, more through a stream that is not a file) costs several times what all the rest
// of reading does, and hides where in the file it stands.
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "analyzer/capture/byte_order.h"
#include "analyzer/capture/source_base.h"

namespace tcpautopsy {
namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kZeros = 4096;  // so many, or to the end, are no records
constexpr std::uint32_t kNanoMagic = 0xa1b23c4d, kModifiedMagic = 0xa1b2cd34;
// libpcap's largest snap length; a header may allow more, but no packet is a quarter of a gigabyte.
constexpr std::uint32_t kUsualMaximum = 256 * 1024, kAbsurd = 256U << 20;

// How the lengths of a record stand: captured, then original; the other way round before 2.3; either in 2.3.
enum class Lengths { kInOrder, kSwapped, kMaybeSwapped };

struct PcapFormat {
  ByteOrder order;
  int link_type = 0;
  std::uint32_t fraction_ns = 1000;
  std::size_t record_header = 16;
  std::uint32_t max_captured = kUsualMaximum;
  Lengths lengths = Lengths::kInOrder;
};

Lengths lengths_of(int major, int minor) {
  constexpr int kDgUx = 543;  // its tcpdump wrote the version wrong, and the lengths in the old order
  if (major == kDgUx || minor < 3) return Lengths::kSwapped;
  return minor == 3 ? Lengths::kMaybeSwapped : Lengths::kInOrder;
}

PcapFormat format_of(const std::uint8_t* header, const std::string& file) {
  std::array<std::uint8_t, kFileHeader> copy;
  std::copy_n(header, kFileHeader, copy.begin());
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  std::FILE* stdio = ::fmemopen(copy.data(), copy.size(), "rb");
  pcap_t* pcap = stdio ? pcap_fopen_offline(stdio, error.data()) : nullptr;
  if (pcap == nullptr) {
    if (stdio != nullptr) std::fclose(stdio);
    throw CaptureError(file + ": " + error.data());
  }
  PcapFormat format;
  format.order = ByteOrder(pcap_is_swapped(pcap) == 1);
  format.link_type = pcap_datalink(pcap);
  format.lengths = lengths_of(pcap_major_version(pcap), pcap_minor_version(pcap));
  pcap_close(pcap);
  const std::uint32_t magic = format.order.u32(header);
  if (magic == kNanoMagic) format.fraction_ns = 1;
  if (magic == kModifiedMagic) format.record_header = 24;
  format.max_captured = std::clamp(format.order.u32(header + 16), kUsualMaximum, kAbsurd);
  return format;
}

class PcapSource final : public SourceBase {
 public:
  PcapSource(const std::string& file, const std::string& format, std::unique_ptr<ByteWindow> stream,
             const std::string& filter)
      : SourceBase(file, format, std::move(stream)), format_(format_of(stream_->ahead(kFileHeader), file)) {
    stream_->consume(kFileHeader);
    note_link_type(format_.link_type);
    set_filter(filter);
  }

  bool next(Frame& frame) override {
    frame.comments.clear();
    frame.link_type = format_.link_type;
    frame.interface = 0;
    frame.has_time = true;
    while (!over_ && record(frame))
      if (admit(frame)) return true;
    return false;
  }

 private:
  bool record(Frame& frame) {
    const std::uint8_t* head = stream_->ahead(format_.record_header);
    if (head == nullptr) return stop_between();
    frame.time_ns = std::int64_t{format_.order.u32(head)} * 1'000'000'000 +
                    std::int64_t{format_.order.u32(head + 4)} * format_.fraction_ns;
    std::uint32_t captured = format_.order.u32(head + 8);
    frame.wire_length = format_.order.u32(head + 12);
    if (format_.lengths == Lengths::kSwapped ||
        (format_.lengths == Lengths::kMaybeSwapped && captured > frame.wire_length))
      std::swap(captured, frame.wire_length);
    if (captured > format_.max_captured) return stop_at_claim(captured);
    if (captured == 0 && frame.wire_length == 0 && frame.time_ns == 0 && zeros_ahead())
      return stop_at_zeros();
    const std::size_t size = format_.record_header + captured;
    head = stream_->ahead(size);
    if (head == nullptr) return stop_inside(captured);
    frame.bytes = {head + format_.record_header, captured};
    stream_->consume(size);
    return true;
  }

  // Apart, so that the way of every record needs none of what makes their words.
  [[gnu::noinline]] bool stop_at_claim(std::uint32_t captured) {
    return stop(stream_->offset(), "a record claims " + std::to_string(captured) + " captured bytes");
  }
  [[gnu::noinline]] bool stop_inside(std::uint32_t captured) {
    return cut_short(stream_->offset(),
                     "the file ends inside a packet of " + std::to_string(captured) + " bytes");
  }
  // No packet is empty, and none was sent when the epoch began; one such record alone does no harm.
  [[gnu::noinline]] bool zeros_ahead() {
    stream_->ahead(kZeros);
    const Bytes next = stream_->rest(kZeros);
    return std::all_of(next.begin(), next.end(), [](std::uint8_t octet) { return octet == 0; });
  }
  [[gnu::noinline]] bool stop_at_zeros() {
    return stop(stream_->offset(), "zeros stand where records should");
  }
  [[gnu::noinline]] bool stop_between() { return end_of_stream(format_.record_header, "record header"); }

  PcapFormat format_;
};

}  // namespace

std::unique_ptr<CaptureSource> open_pcap(const std::string& file, const std::string& format,
                                         std::unique_ptr<ByteWindow> stream, const std::string& filter) {
  return std::make_unique<PcapSource>(file, format, std::move(stream), filter);
}

}  // namespace tcpautopsy
